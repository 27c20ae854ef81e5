#include "exporters/notify/receivers/pagerduty.h"

#include <nlohmann/json.hpp>

#include "exporters/notify/message.h"
#include "exporters/notify/receivers/http_receiver.h"

namespace highwater::notify {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kEvents = "https://events.pagerduty.com/v2/enqueue";
constexpr size_t kKeyLength = 32;
constexpr Limit kSummary{1024};
// Of an event 512 KB are taken; ours stays far below.
constexpr Limit kDetails{size_t{64} * 1024, Unit::bytes};
// "A few minutes", where the answer does not say how long.
constexpr Duration kThrottled = std::chrono::minutes(2);

struct SeveritySetting {
  Severity severity;
  const char* key;
  const char* fallback;
};
constexpr SeveritySetting kSeverities[] = {{Severity::page, "page_severity", "critical"},
                                           {Severity::ticket, "ticket_severity", "warning"},
                                           {Severity::info, "info_severity", "info"}};

class PagerDuty : public HttpReceiver {
 public:
  using HttpReceiver::HttpReceiver;

  Answer deliver(const Delivery& delivery, const Attempt& attempt) override {
    const Result<std::string> key = settings().secret("routing_key").value();
    if (!key) return not_sent(key.error());
    Result<http::Request> request = post(settings().secret("url", kEvents), delivery, attempt);
    if (!request) return not_sent(request.error());
    request->body = event(delivery, *key).dump(-1, ' ', false, Json::error_handler_t::replace);
    Answer answer = judge(*request, send(*request), attempt.now, {*key});
    if (answer.status == 429 && !answer.retry_after) answer.retry_after = kThrottled;
    return answer;
  }

 private:
  [[nodiscard]] Json event(const Delivery& delivery, const std::string& key) const {
    const Message message = message_of(delivery, sender().external_url, sender().form);
    Json event{{"routing_key", key},
               {"event_action", message.resolved ? "resolve" : "trigger"},
               {"dedup_key", message.correlation}};
    if (!message.resolved) event["payload"] = payload(delivery, message);
    event["links"] = {{{"href", message.runbook}, {"text", "Runbook"}},
                      {{"href", message.page}, {"text", "Incident"}}};
    if (!message.acknowledge.empty())
      event["links"].push_back(
          {{"href", message.acknowledge}, {"text", "Acknowledge at Highwater"}});
    event["client"] = "Highwater";
    event["client_url"] = message.page;
    return event;
  }

  [[nodiscard]] Json payload(const Delivery& delivery, const Message& message) const {
    const Incident& incident = delivery.incident();
    Json details = Json::object();
    for (const Fact& fact : message.facts) details[fact.name] = fact.text;
    if (!message.evidence.empty()) details["Evidence"] = message.evidence;
    details["Description"] = cut(message.text, kDetails);
    details["Correlation id"] = message.correlation;
    details["Runbook"] = message.runbook;
    std::string source = sender().cluster;
    for (const auto& [name, value] : incident.cause.entity.labels) {
      if (name.text() == "cluster") source = value.text();
    }
    return {{"summary", cut(delivery.notice->test ? message.headline() : message.title, kSummary)},
            {"source", source.empty() ? "highwater" : source},
            {"severity", severity_of(message.severity)},
            {"timestamp", format_time(incident.opened)},
            {"component", incident.cause.entity.text()},
            {"class", incident.cause.rule},
            {"custom_details", std::move(details)}};
  }

  [[nodiscard]] std::string severity_of(Severity severity) const {
    for (const SeveritySetting& one : kSeverities) {
      if (one.severity == severity) return settings().text(one.key, one.fallback);
    }
    return "error";
  }
};

std::optional<SettingMistake> check_pagerduty(const Settings& settings) {
  const Secret key = settings.secret("routing_key");
  if (key.is_elsewhere() || key.written().size() == kKeyLength) return std::nullopt;
  return SettingMistake{
      "routing_key", "'routing_key' must be 32 characters long",
      "take the integration key of an 'Events API V2' integration of the service"};
}

std::vector<Setting> pagerduty_settings() {
  std::vector<Setting> settings{{.key = "routing_key",
                                 .type = SettingType::secret,
                                 .required = true,
                                 .help = "The integration key of the service, 32 characters."},
                                {.key = "url",
                                 .type = SettingType::address,
                                 .fallback = kEvents,
                                 .help = "Where events go."}};
  for (const SeveritySetting& one : kSeverities)
    settings.push_back({.key = one.key,
                        .type = SettingType::choice,
                        .fallback = one.fallback,
                        .help = "What an incident of this severity is there.",
                        .choices = {"critical", "error", "warning", "info"}});
  return settings;
}

}  // namespace

const ReceiverKind& pagerduty_kind() {
  static const ReceiverKind kKind{.name = "pagerduty",
                                  .help = "Events for PagerDuty's Events API v2.",
                                  .to_people = true,
                                  .settings = pagerduty_settings(),
                                  .check = check_pagerduty,
                                  .make = make_receiver<PagerDuty>};
  return kKind;
}

}  // namespace highwater::notify
