#include "exporters/notify/receivers/alertmanager.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "exporters/http/address.h"
#include "exporters/notify/receivers/alertmanager_json.h"
#include "exporters/notify/receivers/http_receiver.h"

namespace highwater::notify {
namespace {

// As Prometheus does it: what is sent each minute ends by itself when four of them were missed.
constexpr Duration kResend = std::chrono::minutes(1);
constexpr Duration kFiringLasts = 4 * kResend;
constexpr Duration kResolvedResent = std::chrono::minutes(15);
constexpr std::string_view kPath = "/api/v2/alerts";

class Alertmanager : public HttpReceiver {
 public:
  using HttpReceiver::HttpReceiver;

  Answer deliver(const Delivery& delivery, const Attempt& attempt) override {
    const std::string severity(severity_name(delivery.incident().severity));
    const std::string body = posted_alerts_json(*delivery.notice, sender(), attempt.now + kFiringLasts,
                                                delivery.handle);
    const std::vector<Secret> addresses = settings().secrets("urls");
    std::vector<Answer> answers(addresses.size());
    {
      // One that hangs must not cost the others their time.
      std::vector<std::jthread> threads;
      for (size_t i = 1; i < addresses.size(); ++i)
        threads.emplace_back(
            [&, i] { answers[i] = post_to(addresses[i], body, delivery, attempt); });
      answers[0] = post_to(addresses[0], body, delivery, attempt);
    }
    Answer answer = together(answers);
    answer.handle = severity;
    return answer;
  }

 private:
  Answer post_to(const Secret& address, const std::string& body, const Delivery& delivery,
                 const Attempt& attempt) const {
    Result<http::Request> request = post(address, delivery, attempt);
    if (!request) return not_sent(request.error());
    const auto url = http::parse_url(request->url);
    while (request->url.ends_with('/')) request->url.pop_back();
    if (!request->url.ends_with(kPath)) request->url += kPath;
    request->body = body;
    Answer answer = send_and_judge(*request, attempt);
    if (answer.status != 0 && !answer.text.empty() && url)
      answer.text = url->origin() + ": " + answer.text;
    return answer;
  }

  // The members of a cluster do not pass alerts on to each other. Still it is delivered when one of
  // them has it: the others get it within a minute, with whatever else they missed.
  static Answer together(const std::vector<Answer>& answers) {
    Answer best = *std::ranges::min_element(answers, {}, &Answer::outcome);
    best.text.clear();
    for (const Answer& answer : answers) {
      if (answer.text.empty()) continue;
      best.text += (best.text.empty() ? "" : "; ") + answer.text;
    }
    return best;
  }
};

}  // namespace

const ReceiverKind& alertmanager_kind() {
  static const ReceiverKind kKind{
      .name = "alertmanager",
      .help = "Alerts for Prometheus' Alertmanager, by its API v2.",
      .settings = {{.key = "urls",
                    .type = SettingType::addresses,
                    .required = true,
                    .help = "Its addresses: every member of a cluster."},
                   header_setting(), bearer_setting()},
      .rhythm = Rhythm{.every = kResend, .resolved_until = kResolvedResent},
      .make = make_receiver<Alertmanager>};
  return kKind;
}

}  // namespace highwater::notify
