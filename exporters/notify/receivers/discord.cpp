#include "exporters/notify/receivers/discord.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "exporters/notify/message.h"
#include "exporters/notify/receivers/http_receiver.h"

namespace highwater::notify {
namespace {

using Json = nlohmann::ordered_json;

// An embed takes a title of 256, a text of 4,096 and 25 fields of 1,024 characters, and 6,000 in
// all. These together stay below that.
constexpr Limit kTitle{256};
constexpr Limit kText{1600};
constexpr size_t kMaxFacts = 8;
constexpr Limit kFact{180};
constexpr Limit kEvidence{1000};

std::string escaped(std::string_view text) {
  constexpr std::string_view kMarkup = "\\*_~`|<>[]()#@:";
  std::string out;
  for (const char c : text) {
    if (kMarkup.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

int color_of(const Message& message) {
  if (message.resolved) return 0x2e7d32;
  switch (message.severity) {
    case Severity::page:
      return 0xc62828;
    case Severity::ticket:
      return 0xef6c00;
    case Severity::info:
      return 0x1565c0;
  }
  return 0x1565c0;
}

Json field(const std::string& name, std::string value) {
  return {{"name", name}, {"value", std::move(value)}};
}

// An address is a link only when nothing of it is escaped: those of a group's incidents stand at
// the end of their lines.
std::string escaped_line(const std::string& item, const Message& message) {
  const size_t address = item.rfind(message.page);
  if (address == std::string::npos) return escaped(item);
  return escaped(std::string_view(item).substr(0, address)) + item.substr(address);
}

// As many whole lines as fit, and of one that is too long as much as does.
std::string evidence_text(const Message& message) {
  std::string lines;
  for (const std::string& item : message.evidence) {
    const std::string line = (lines.empty() ? "" : "\n") + escaped_line(item, message);
    if (length(lines, kEvidence.unit) + length(line, kEvidence.unit) > kEvidence.most) break;
    lines += line;
  }
  return lines.empty() ? cut_escaped(message.evidence.front(), kEvidence, escaped) : lines;
}

Json embed_of(const Message& message) {
  Json fields = Json::array();
  for (const Fact& fact : message.facts) {
    if (fields.size() == kMaxFacts) break;
    fields.push_back(field(fact.name, cut_escaped(fact.text, kFact, escaped)));
  }
  if (!message.evidence.empty())
    fields.push_back(field(message.evidence_title, evidence_text(message)));
  fields.push_back(field("Runbook", message.runbook));
  if (!message.acknowledge.empty()) fields.push_back(field("Acknowledge", message.acknowledge));
  Json embed{{"title", cut_escaped(message.headline(), kTitle, escaped)},
             {"url", message.page},
             {"color", color_of(message)},
             {"fields", std::move(fields)},
             {"footer", {{"text", "Correlation id: " + message.correlation}}}};
  // An empty text is refused.
  if (!message.text.empty()) embed["description"] = cut_escaped(message.text, kText, escaped);
  return embed;
}

class Discord : public HttpReceiver {
 public:
  using HttpReceiver::HttpReceiver;

  Answer deliver(const Delivery& delivery, const Attempt& attempt) override {
    Result<http::Request> request = post(settings().secret("url"), delivery, attempt);
    if (!request) return not_sent(request.error());
    // A group that is called @everyone calls nobody.
    const Json body{
        {"allowed_mentions", {{"parse", Json::array()}}},
        {"embeds", {embed_of(message_of(delivery, sender().external_url, sender().form))}}};
    request->body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    const auto response = send(*request);
    Answer answer = judge(*request, response, attempt.now);
    if (response && answer.status == 429) read_wait(response->body, answer);
    return answer;
  }

 private:
  // More exact than the header: {"retry_after": 0.65}.
  static void read_wait(const std::string& text, Answer& answer) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object() || !json.contains("retry_after") || !json["retry_after"].is_number())
      return;
    const double seconds = json["retry_after"].get<double>();
    if (seconds > 0 && seconds < 86'400)
      answer.retry_after =
          std::chrono::milliseconds(static_cast<int64_t>(std::ceil(seconds * 1000)));
  }
};

}  // namespace

const ReceiverKind& discord_kind() {
  static const ReceiverKind kKind{.name = "discord",
                                  .help = "Messages in a channel of Discord.",
                                  .to_people = true,
                                  .settings = {{.key = "url",
                                                .type = SettingType::address,
                                                .required = true,
                                                .help = "Of the channel's webhook."}},
                                  .make = make_receiver<Discord>};
  return kKind;
}

}  // namespace highwater::notify
