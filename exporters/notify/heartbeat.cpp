#include "exporters/notify/heartbeat.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "exporters/notify/receivers/http_receiver.h"

namespace highwater::notify {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(10);
constexpr size_t kMaxAnswerBytes = 4096;

Result<void> ask(const HeartbeatConfig& config, const Transport& transport, const Clock& clock,
                 const std::stop_token& stop) {
  http::Request request;
  Result<std::string> url = config.url.value();
  if (!url) return tl::unexpected(url.error());
  request.url = std::move(*url);
  for (const auto& [name, secret] : config.headers) {
    Result<std::string> value = secret.value();
    if (!value) return tl::unexpected(value.error());
    request.headers.emplace_back(name, std::move(*value));
  }
  request.tls = config.tls;
  request.deadline = kTimeout;
  request.stop = stop;
  request.max_response_bytes = kMaxAnswerBytes;
  const Answer answer = judge(request, transport(request), clock.now().wall);
  if (answer.outcome != Outcome::delivered) return fail(answer.text);
  return {};
}

// An alert that always fires. It is the same one after a restart.
Incident alive(const std::string& name, const std::string& external_url, WallTime started) {
  Incident incident;
  incident.severity = Severity::info;
  incident.opened = started;
  incident.updated = started;
  incident.cause.rule = "HighwaterAlive";
  incident.cause.severity = Severity::info;
  incident.cause.state = AlertState::firing;
  incident.cause.labels = {{"heartbeat", name}};
  incident.cause.summary = "Highwater watches, judges and delivers";
  incident.cause.description =
      "This alert always fires. Let something tell you when it ends: then the agent is gone, or "
      "cannot do one of these.";
  incident.cause.runbook = external_url + "/";
  incident.headline = incident.cause;
  incident.title = incident.cause.summary;
  return incident;
}

Result<void> tell(const NamedReceiver& receiver, const Incident& incident, const Clock& clock,
                  const std::stop_token& stop) {
  const Now now = clock.now();
  Notice notice;
  notice.transition.kind = TransitionKind::opened;
  notice.transition.incident = incident;
  notice.transition.sequence = 1;
  notice.at = now.wall;
  Delivery delivery;
  delivery.id = fmt::format("alive-{}", now.wall.time_since_epoch().count());
  delivery.notice = std::make_shared<const Notice>(std::move(notice));
  const Answer answer = receiver.receiver->deliver(
      delivery,
      {.limit = receiver.timeout, .stop = stop, .now = now.wall, .span = SpanId::random()});
  if (answer.outcome != Outcome::delivered) return fail(answer.text);
  return {};
}

}  // namespace

Heartbeat::Heartbeat(std::string name, Duration every, Beat beat, Problem problem, Log& log)
    : name_(std::move(name)),
      every_(every),
      beat_(std::move(beat)),
      problem_(std::move(problem)),
      log_(log) {}

void Heartbeat::start() {
  thread_ = std::thread([this] { run(); });
}

void Heartbeat::stop() {
  stop_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Heartbeat::run() {
  const std::stop_token stop = stop_.get_token();
  while (!stop.stop_requested()) {
    const Duration pause = once(stop);
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, pause, [] { return false; });
  }
}

Duration Heartbeat::once(const std::stop_token& stop) {
  const std::string key = "heartbeat/" + name_;
  const std::string problem = problem_();
  if (!problem.empty()) {
    count(&HeartbeatTotals::held);
    log_.on_change(key, problem, LogLevel::warning,
                   "the heartbeat is not sent: something of the agent does not work",
                   {{"heartbeat", name_}, {"why", problem}});
    return std::min(every_, kLookAgain);
  }
  const Result<void> beat = beat_(stop);
  if (stop.stop_requested()) return every_;
  if (beat) {
    count(&HeartbeatTotals::sent);
    log_.on_change(key, "sent", LogLevel::info, "the heartbeat is sent", {{"heartbeat", name_}});
    return every_;
  }
  count(&HeartbeatTotals::failed);
  log_.on_change(key, "failed: " + beat.error().message, LogLevel::warning,
                 "the heartbeat was not taken",
                 {{"heartbeat", name_}, {"error", beat.error().message}});
  return std::min(every_, kLookAgain);
}

void Heartbeat::count(uint64_t HeartbeatTotals::*which) {
  const std::lock_guard lock(mutex_);
  ++(totals_.*which);
}

HeartbeatTotals Heartbeat::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

Heartbeat::Beat make_beat(const HeartbeatConfig& config,
                          const std::vector<ReceiverConfig>& receivers,
                          const Surroundings& surroundings, const Clock& clock, Log& log) {
  if (config.receiver.empty()) {
    Transport transport = surroundings.transport;
    if (!transport) {
      transport = [client = std::make_shared<http::Client>()](const http::Request& request) {
        return client->send(request);
      };
    }
    return [config, transport = std::move(transport), &clock](const std::stop_token& stop) {
      return ask(config, transport, clock, stop);
    };
  }
  const auto found = std::ranges::find(receivers, config.receiver, &ReceiverConfig::name);
  auto made = std::make_shared<std::vector<NamedReceiver>>();
  if (found != receivers.end()) *made = make_receivers({*found}, surroundings, log);
  Incident incident = alive(config.name, surroundings.external_url, clock.now().wall);
  return [made, incident = std::move(incident), &clock](const std::stop_token& stop) {
    if (made->empty()) return Result<void>(fail("there is no such receiver"));
    return tell(made->front(), incident, clock, stop);
  };
}

}  // namespace highwater::notify
