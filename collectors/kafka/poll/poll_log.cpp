#include "collectors/kafka/poll/poll_log.h"

#include <fmt/format.h>

#include <utility>

namespace highwater::kafka {

PollLog::PollLog(std::string cluster, Duration cadence, Log& log)
    : cluster_(std::move(cluster)), cadence_(cadence), log_(log) {}

void PollLog::statuses(const ClusterView& view) {
  for (const auto& [id, broker] : view.brokers) {
    const bool wrong = is_failed(broker.status) || broker.status == BrokerStatus::denied;
    log_.on_change(fmt::format("broker/{}/{}", cluster_, id), status_name(broker.status),
                   wrong ? LogLevel::warning : LogLevel::info, "broker status changed",
                   {{"cluster", cluster_},
                    {"broker", id},
                    {"status", status_name(broker.status)},
                    {"why", broker.why}});
  }
  for (const std::string& what : view.misdirected) {
    log_.on_change(fmt::format("misdirected/{}/{}", cluster_, what), "yes", LogLevel::warning,
                   "an address leads elsewhere than it should",
                   {{"cluster", cluster_}, {"what", what}});
  }
  credentials(view);
  log_.on_change("reachable/" + cluster_, view.reachable ? "yes" : "no " + view.why_unreachable,
                 view.reachable ? LogLevel::info : LogLevel::warning,
                 view.reachable ? "cluster reached" : "cluster cannot be reached",
                 {{"cluster", cluster_}, {"why", view.why_unreachable}});
}

// That all is well is news only after a fault.
void PollLog::credentials(const ClusterView& view) {
  const std::string& denied = view.why_denied;
  was_denied_ = was_denied_ || !denied.empty();
  if (was_denied_)
    log_.on_change("denied/" + cluster_, denied.empty() ? "no" : "yes " + denied,
                   denied.empty() ? LogLevel::info : LogLevel::warning,
                   denied.empty() ? "credentials accepted" : "credentials refused",
                   {{"cluster", cluster_}, {"why", denied}});
  const std::string& stale = view.credentials_problem;
  was_stale_ = was_stale_ || !stale.empty();
  if (was_stale_)
    log_.on_change("credentials/" + cluster_, stale.empty() ? "fine" : stale,
                   stale.empty() ? LogLevel::info : LogLevel::warning,
                   stale.empty() ? "credentials read" : "the former credentials are still in use",
                   {{"cluster", cluster_}, {"why", stale}});
}

void PollLog::stretched(bool stretched, Duration took, bool in_haste) {
  if (stretched) {
    log_.on_change("stretched/" + cluster_, "yes", LogLevel::warning,
                   "polls take longer than their cadence and are stretched",
                   {{"cluster", cluster_},
                    {"took_seconds", to_seconds(took)},
                    {"configured_seconds", to_seconds(cadence_)}});
  } else if (!in_haste) {
    log_.on_change("stretched/" + cluster_, "no", LogLevel::debug, "polls fit their cadence",
                   {{"cluster", cluster_}});
  }
}

void PollLog::places(ConnectionPlaces& places) {
  if (places.were_lacking())
    log_.on_change("connections/" + cluster_, "lacking", LogLevel::warning,
                   "a cluster names more brokers than this agent may hold connections: raise its "
                   "limit of open files",
                   {{"cluster", cluster_}, {"connections", places.most()}});
}

void PollLog::paused() {
  log_.warning("the agent itself was paused: what it read before is read again",
               {{"cluster", cluster_}});
}

}  // namespace highwater::kafka
