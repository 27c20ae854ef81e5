// highwater notify test: tries receivers with an incident that is none.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <thread>
#include <utility>

#include "agent/agent.h"
#include "agent/commands/commands.h"
#include "agent/commands/find_config.h"
#include "agent/config/config.h"
#include "exporters/notify/receivers/registry.h"

namespace highwater::agent {
namespace {

using notify::Answer;
using notify::Delivery;
using notify::NamedReceiver;
using notify::Notice;
using notify::Outcome;

constexpr int kAttempts = 3;
constexpr Duration kPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(30);
constexpr int kMistake = 2;

Incident made_up(Severity severity, WallTime now) {
  Incident incident;
  incident.correlation = TraceId::random();
  incident.severity = severity;
  incident.opened = now;
  incident.updated = now;
  incident.cause.rule = "NotificationTest";
  incident.cause.severity = severity;
  incident.cause.state = AlertState::firing;
  incident.cause.summary = "This is a test of notifications: nothing is wrong";
  incident.cause.description =
      "Somebody ran 'highwater notify test' to see that this reaches you. There is nothing to do.";
  incident.cause.runbook = "notification-failing";
  incident.headline = incident.cause;
  incident.title = incident.cause.summary;
  return incident;
}

// The first form of the incident, or its end.
Delivery delivery_of(const Incident& incident, TransitionKind kind, WallTime now) {
  Notice notice;
  notice.transition.kind = kind;
  notice.transition.incident = incident;
  notice.transition.sequence = kind == TransitionKind::resolved ? 2 : 1;
  if (kind == TransitionKind::resolved) notice.transition.resolution = "the test has ended";
  notice.at = now;
  notice.test = true;
  Delivery delivery;
  delivery.id = fmt::format("test-{}-{}", notice.transition.sequence, incident.correlation.hex());
  delivery.first = kind == TransitionKind::opened;
  delivery.notice = std::make_shared<const Notice>(std::move(notice));
  return delivery;
}

// Receivers on this machine answer within a millisecond.
std::string latency_text(Duration took) {
  if (took >= std::chrono::milliseconds(1)) return describe_duration(took);
  return fmt::format("{:.1f} ms", to_seconds(took) * 1000);
}

std::string described(const Answer& answer, Duration took) {
  const std::string status = answer.status != 0 ? fmt::format(" ({})", answer.status) : "";
  switch (answer.outcome) {
    case Outcome::delivered:
      return fmt::format("delivered{} in {}{}{}", status, latency_text(took),
                         answer.text.empty() ? "" : ", but ", answer.text);
    case Outcome::retry:
      return "not delivered, the agent would try again: " + answer.text;
    case Outcome::refused:
      return "refused: " + answer.text;
  }
  return {};
}

// Whether it was delivered, attempt by attempt.
bool try_to_deliver(const NamedReceiver& receiver, Delivery& delivery, const Clock& clock) {
  std::string said;  // the same is not said again
  int alike = 1;
  for (delivery.attempt = 1; delivery.attempt <= kAttempts; ++delivery.attempt) {
    const Now start = clock.now();
    const Answer answer = receiver.receiver->deliver(
        delivery, {.limit = receiver.timeout, .now = start.wall, .span = SpanId::random()});
    if (!answer.handle.empty()) delivery.handle = answer.handle;
    const std::string came_of_it = described(answer, clock.now().steady - start.steady);
    if (std::exchange(said, came_of_it) == came_of_it)
      ++alike;
    else
      std::cout << fmt::format("  {:8}  {}\n", delivery.resolved() ? "resolved" : "firing",
                               came_of_it)
                << std::flush;
    if (answer.outcome != Outcome::retry) return answer.outcome == Outcome::delivered;
    const Duration pause = answer.retry_after.value_or(kPause);
    if (pause > kLongestPause) {
      std::cout << "            it asks to wait " << describe_duration(pause) << "\n";
      return false;
    }
    if (delivery.attempt < kAttempts) std::this_thread::sleep_for(pause);
  }
  if (alike > 1) std::cout << fmt::format("            the same answer {} times\n", alike);
  return false;
}

bool test_receiver(const NamedReceiver& receiver, std::string_view kind, Severity severity,
                   const Clock& clock) {
  std::cout << fmt::format("{} ({})\n", receiver.name, kind);
  const WallTime now = clock.now().wall;
  const Incident incident = made_up(std::max(severity, receiver.policy.lowest), now);
  Delivery firing = delivery_of(incident, TransitionKind::opened, now);
  if (!try_to_deliver(receiver, firing, clock)) return false;
  if (!receiver.policy.send_resolved) return true;
  Delivery resolved = delivery_of(incident, TransitionKind::resolved, now);
  resolved.handle = firing.handle;
  return try_to_deliver(receiver, resolved, clock);
}

Severity severity_of(std::string_view name) {
  for (const Severity severity : {Severity::info, Severity::ticket}) {
    if (severity_name(severity) == name) return severity;
  }
  return Severity::page;
}

// The receivers of these names, all of them without names; nothing when one is unknown.
std::optional<std::vector<notify::ReceiverConfig>> chosen(
    const std::vector<notify::ReceiverConfig>& all, const std::vector<std::string>& names) {
  if (names.empty()) return all;
  std::vector<std::string> known;
  for (const notify::ReceiverConfig& one : all) known.push_back(one.name);
  std::vector<notify::ReceiverConfig> found;
  for (const std::string& name : names) {
    const auto one = std::ranges::find(all, name, &notify::ReceiverConfig::name);
    if (one == all.end()) {
      std::cerr << fmt::format("highwater: there is no receiver '{}': {}\n", name,
                               did_you_mean(name, known));
      return std::nullopt;
    }
    found.push_back(*one);
  }
  return found;
}

}  // namespace

int notify_test_command(const NotifyTestOptions& options) {
  Diagnostics diagnostics;
  const auto config = read_found_config(options.config, diagnostics);
  if (!config) {
    print_mistakes(diagnostics);
    return kMistake;
  }
  const auto receivers = chosen(config->receivers, options.receivers);
  if (!receivers) return kMistake;
  if (receivers->empty()) {
    std::cerr << "highwater: " << config->file << " has no receivers\n";
    return kMistake;
  }
  const SystemClock clock;
  Log log(clock, LogLevel::error, LogForm::human, standard_error_sink());
  const auto made = notify::make_receivers(*receivers, {config->external_url, {}, {}}, log);
  bool all_delivered = true;
  for (size_t i = 0; i < made.size(); ++i) {
    if (!test_receiver(made[i], (*receivers)[i].kind->name, severity_of(options.severity), clock))
      all_delivered = false;
  }
  return all_delivered ? 0 : 1;
}

}  // namespace highwater::agent
