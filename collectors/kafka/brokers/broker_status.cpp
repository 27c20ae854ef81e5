// How Brokers judges each broker: from what its link meets and what the others say.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "collectors/kafka/brokers/brokers.h"

namespace highwater::kafka {
namespace {

// Of brokers that cannot be reached it is enough to name a few.
constexpr size_t kShownBrokers = 10;

Now now() {
  return SystemClock().now();
}

BrokerStatus failed_status(LinkState state) {
  switch (state) {
    case LinkState::connecting:
      return BrokerStatus::connecting;
    case LinkState::up:
      return BrokerStatus::up;
    case LinkState::refused:
      return BrokerStatus::crashed;
    case LinkState::hung:
      return BrokerStatus::hung;
    case LinkState::cut_off:
      return BrokerStatus::cut_off;
    case LinkState::refuses:
      return BrokerStatus::refuses;
    case LinkState::denied:
      return BrokerStatus::denied;
  }
  return BrokerStatus::connecting;
}

}  // namespace

void Brokers::on_link_changed(int32_t broker) {
  const auto found = link(broker);
  const auto seen = view_.brokers.find(broker);
  if (!found || stopped_ || seen == view_.brokers.end()) return;
  switch (found->state()) {
    case LinkState::connecting:
      return;
    case LinkState::up:
      note_up(entries_.at(broker));
      investigation_.drop(broker);
      set_status(broker, BrokerStatus::up, "", {});
      return;
    case LinkState::hung:
    case LinkState::refused:
    case LinkState::cut_off:
    case LinkState::refuses:
    case LinkState::denied:
      break;
  }
  // What stopped in order stays so whatever becomes of its address, until the cluster lists it.
  if (seen->second.status == BrokerStatus::stopped) return;
  // A process that hangs or turns us away has not shut down. And nothing that failed becomes an
  // orderly stop by failing in another way: by now the cluster may have fenced it.
  if (found->state() == LinkState::hung || found->state() == LinkState::denied ||
      is_failed(seen->second.status))
    return set_failed(broker, {});
  Span lost = request_span("kafka.connect", broker, now(), found->why());
  lost.attributes.emplace_back("server.address",
                               fmt::format("{}:{}", found->host(), found->port()));
  investigation_.begin(broker, std::move(lost), entries_.at(broker).held);
}

void Brokers::note_up(Entry& entry) {
  entry.ever_up = true;
  entry.held.reset();
  entry.leaving = false;
}

void Brokers::conclude(int32_t broker, Investigation::Verdict verdict) {
  const auto suspect = link(broker);
  const auto seen = view_.brokers.find(broker);
  if (!suspect || stopped_ || seen == view_.brokers.end()) return;
  if (suspect->state() == LinkState::up || suspect->state() == LinkState::connecting) return;
  Entry& entry = entries_.at(broker);
  const bool unlisted = !verdict.listed.value_or(seen->second.listed);
  // Silence can outlast the time after which the cluster fences a broker that crashed: then only
  // one that was seen alive without being listed had stopped before.
  const bool ended = !entry.ever_up || suspect->ended_by_peer();
  const bool left_before =
      entry.unlisted_since && suspect->answered().value_or(SteadyTime{}) > *entry.unlisted_since;
  const bool alive = suspect->state() == LinkState::hung || suspect->state() == LinkState::denied;
  if (!alive && unlisted && (ended || left_before)) {
    set_status(broker, BrokerStatus::stopped, suspect->why() + ", and Metadata lists it no more",
               std::move(verdict.spans));
    return;
  }
  if (!alive && verdict.handed_over && ended) {
    entry.leaving = true;
    set_status(broker, BrokerStatus::stopped,
               suspect->why() + ", after others had taken over what it held",
               std::move(verdict.spans));
    return;
  }
  set_failed(broker, std::move(verdict.spans),
             verdict.listed ? "" : "; no other broker could be asked");
}

// As its link has found it.
void Brokers::set_failed(int32_t broker, std::vector<Span> spans, std::string_view remark) {
  const auto found = link(broker);
  if (!found || found->state() == LinkState::up || found->state() == LinkState::connecting) return;
  set_status(broker, failed_status(found->state()), found->why() + std::string(remark),
             std::move(spans));
}

void Brokers::set_status(int32_t id, BrokerStatus status, std::string why,
                         std::vector<Span> spans) {
  const auto found = view_.brokers.find(id);
  if (found == view_.brokers.end()) return;
  BrokerView& broker = found->second;
  const bool same = broker.status == status;
  if (same && broker.why == why) return;
  broker.why = std::move(why);
  if (!same) {
    broker.status = status;
    broker.since = now();
    broker.contradicted_since.reset();
    if (status == BrokerStatus::stopped) broker.listed = false;
    if (is_failed(status)) {
      broker.response_time.reset();
      if (broker.listed) broker.contradicted_since = broker.since.steady;
    }
  }
  update_reachable();
  update_denied();
  if (changed_) changed_(std::move(spans));
}

void Brokers::set_misdirected() {
  std::vector<std::string> all = strangers_;
  all.insert(all.end(), shared_.begin(), shared_.end());
  if (too_many_ > 0)
    all.push_back(fmt::format("Metadata lists {} brokers more than the {} that are watched",
                              too_many_, kMaxBrokers));
  if (all == view_.misdirected) return;
  view_.misdirected = std::move(all);
  if (changed_) changed_({});
}

// One reason is enough: a password that was changed is the same fault on all of them.
void Brokers::update_denied() {
  std::string why;
  for (const auto& [id, broker] : view_.brokers) {
    if (broker.status != BrokerStatus::denied) continue;
    why = fmt::format("broker {}: {}", id, broker.why);
    break;
  }
  if (view_.reachable) bootstrap_denied_.clear();
  if (why.empty()) why = bootstrap_denied_;
  view_.why_denied = std::move(why);
}

void Brokers::update_reachable() {
  const bool any = std::ranges::any_of(
      view_.brokers, [](const auto& entry) { return entry.second.status == BrokerStatus::up; });
  view_.reachable = any;
  view_.ever_reached = view_.ever_reached || any;
  if (any) {
    view_.why_unreachable.clear();
    return;
  }
  std::string& why = view_.why_unreachable;
  why.clear();
  size_t named = 0;
  for (const auto& [id, broker] : view_.brokers) {
    if (++named > kShownBrokers) {
      why += fmt::format("; and {} more", view_.brokers.size() - kShownBrokers);
      break;
    }
    why += fmt::format("{}broker {}: {}", why.empty() ? "" : "; ", id, broker.why);
  }
}

}  // namespace highwater::kafka
