#include "exporters/notify/receivers/teams.h"

#include <nlohmann/json.hpp>

#include "exporters/notify/message.h"
#include "exporters/notify/receivers/http_receiver.h"

namespace highwater::notify {
namespace {

using Json = nlohmann::ordered_json;

// A message of about 28 KB is refused; this much has been taken with whatever Teams adds.
constexpr size_t kMaxBytes = 20'000;
constexpr Limit kTitle{300};

const char* color_of(const Message& message) {
  if (message.resolved) return "Good";
  switch (message.severity) {
    case Severity::page:
      return "Attention";
    case Severity::ticket:
      return "Warning";
    case Severity::info:
      return "Accent";
  }
  return "Default";
}

// Runs of text know no markup, so that names are shown as they are.
Json paragraph(Json run) {
  run["type"] = "TextRun";
  return {{"type", "RichTextBlock"}, {"inlines", {std::move(run)}}};
}

Json card_of(const Message& message, size_t text_bytes) {
  Json body = Json::array();
  body.push_back(paragraph({{"text", cut(message.headline(), kTitle)},
                            {"weight", "Bolder"},
                            {"size", "Medium"},
                            {"color", color_of(message)}}));
  body.push_back(paragraph({{"text", cut(body_text(message), {text_bytes, Unit::bytes})}}));
  body.push_back(
      paragraph({{"text", "Correlation id: " + message.correlation}, {"isSubtle", true}}));
  const auto open = [](const char* title, const std::string& url) {
    return Json{{"type", "Action.OpenUrl"}, {"title", title}, {"url", url}};
  };
  Json actions = {open("Runbook", message.runbook), open("Incident", message.page)};
  if (!message.acknowledge.empty()) actions.push_back(open("Acknowledge", message.acknowledge));
  const Json card{
      {"type", "AdaptiveCard"},  {"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
      {"version", "1.4"},        {"msteams", {{"width", "Full"}}},
      {"body", std::move(body)}, {"actions", actions}};
  return {{"type", "message"},
          {"attachments",
           {{{"contentType", "application/vnd.microsoft.card.adaptive"}, {"content", card}}}}};
}

std::string body_of(const Message& message) {
  std::string body;
  for (size_t text_bytes = kMaxBytes; text_bytes > 1000; text_bytes = text_bytes * 3 / 4) {
    body = card_of(message, text_bytes).dump(-1, ' ', false, Json::error_handler_t::replace);
    if (body.size() <= kMaxBytes) break;
  }
  return body;
}

class Teams : public HttpReceiver {
 public:
  using HttpReceiver::HttpReceiver;

  Answer deliver(const Delivery& delivery, const Attempt& attempt) override {
    Result<http::Request> request = post(settings().secret("url"), delivery, attempt);
    if (!request) return not_sent(request.error());
    request->body = body_of(message_of(delivery, sender().external_url, sender().form));
    return send_and_judge(*request, attempt);
  }
};

}  // namespace

const ReceiverKind& teams_kind() {
  static const ReceiverKind kKind{.name = "teams",
                                  .help = "Adaptive Cards in a channel of Microsoft Teams.",
                                  .to_people = true,
                                  .settings = {{.key = "url",
                                                .type = SettingType::address,
                                                .required = true,
                                                .help = "Of the workflow that posts them."}},
                                  .make = make_receiver<Teams>};
  return kKind;
}

}  // namespace highwater::notify
