#include "exporters/notify/receivers/ntfy.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "exporters/http/address.h"
#include "exporters/notify/message.h"
#include "exporters/notify/receivers/http_receiver.h"

namespace highwater::notify {
namespace {

using Json = nlohmann::ordered_json;

// A longer message becomes an attachment.
constexpr Limit kText{4096, Unit::bytes};
constexpr Limit kTitle{250};

int priority_of(const Message& message) {
  if (message.resolved) return 3;
  switch (message.severity) {
    case Severity::page:
      return 5;
    case Severity::ticket:
      return 3;
    case Severity::info:
      return 2;
  }
  return 3;
}

// Known by name to every client: ntfy shows them as emoji.
const char* tag_of(const Message& message) {
  if (message.resolved) return "white_check_mark";
  return message.severity == Severity::page ? "rotating_light" : "warning";
}

class Ntfy : public HttpReceiver {
 public:
  using HttpReceiver::HttpReceiver;

  Answer deliver(const Delivery& delivery, const Attempt& attempt) override {
    Result<http::Request> request = post(settings().secret("url"), delivery, attempt);
    if (!request) return not_sent(request.error());
    // JSON goes to the server's root, with the topic in it. Who knows the topic can read it.
    const size_t slash = request->url.rfind('/');
    const std::string topic = request->url.substr(slash + 1);
    request->url.resize(slash + 1);
    const Message message = message_of(delivery, sender().external_url, sender().form);
    Json body{{"topic", topic},
              {"title", cut(message.headline(), kTitle)},
              {"message", plain_text(message, kText)},
              {"priority", priority_of(message)},
              {"tags", {tag_of(message)}},
              {"click", message.page},
              {"actions",
               {{{"action", "view"}, {"label", "Runbook"}, {"url", message.runbook}},
                {{"action", "view"}, {"label", "Incident"}, {"url", message.page}}}}};
    if (!message.acknowledge.empty())
      body["actions"].push_back(
          {{"action", "view"}, {"label", "Acknowledge"}, {"url", message.acknowledge}});
    request->body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    return judge(*request, send(*request), attempt.now, {topic});
  }
};

std::optional<SettingMistake> check_ntfy(const Settings& settings) {
  const Secret url = settings.secret("url");
  if (url.is_elsewhere()) return std::nullopt;
  const auto parsed = http::parse_url(url.written());
  if (!parsed) return std::nullopt;
  const bool topic =
      !parsed->target.ends_with('/') && parsed->target.find('?') == std::string::npos;
  if (topic) return std::nullopt;
  return SettingMistake{"url", "'url' does not end with a topic",
                        "write it like https://ntfy.sh/my-topic"};
}

}  // namespace

const ReceiverKind& ntfy_kind() {
  static const ReceiverKind kKind{
      .name = "ntfy",
      .help = "Messages to the phones that follow a topic of ntfy.",
      .to_people = true,
      .settings = {{.key = "url",
                    .type = SettingType::address,
                    .required = true,
                    .help = "The server with the topic, like https://ntfy.sh/my-topic."},
                   header_setting(),
                   bearer_setting()},
      .check = check_ntfy,
      .make = make_receiver<Ntfy>};
  return kKind;
}

}  // namespace highwater::notify
