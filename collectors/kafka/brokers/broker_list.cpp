// Which brokers there are: those that Metadata lists, those that are registered and not listed, and
// when one is forgotten.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "collectors/kafka/brokers/brokers.h"
#include "collectors/printable_excerpt.h"

namespace highwater::kafka {
namespace {

using std::chrono::seconds;

// A broker that stopped and is listed again, and still cannot be reached, has failed: its start
// takes some seconds from one to the other.
constexpr auto kRelisted = seconds(5);
// Brokers that never were up and hold no replica are forgotten so long after Metadata listed them
// last, unless the cluster still says that they are registered.
constexpr auto kForgetNeverUp = seconds(30);
constexpr size_t kShownShared = 5;
// A broker that stopped in order is listed by ZooKeeper's clusters until its logs are closed.
constexpr auto kLeaves = std::chrono::minutes(5);

Now now() {
  return SystemClock().now();
}

// "brokers 1, 2 and 3"
std::string names_of(const std::vector<int32_t>& brokers) {
  std::string text = "brokers ";
  for (size_t i = 0; i < brokers.size(); ++i) {
    if (i > 0) text += i + 1 == brokers.size() ? " and " : ", ";
    text += std::to_string(brokers[i]);
  }
  return text;
}

}  // namespace

void Brokers::on_metadata(const MetadataResponse& metadata, Now at) {
  if (stopped_) return;
  if (foreign_cluster(metadata, view_.cluster_id)) return;
  if (metadata.cluster_id && view_.cluster_id.empty()) view_.cluster_id = *metadata.cluster_id;
  std::set<int32_t> listed;
  too_many_ = 0;
  const std::set<int32_t> wanted = needed_only_ ? needed(metadata) : std::set<int32_t>();
  for (const auto& broker : metadata.brokers) {
    if (broker.node_id < 0 || (needed_only_ && !wanted.contains(broker.node_id))) continue;
    if (!view_.brokers.contains(broker.node_id) && view_.brokers.size() >= kMaxBrokers) {
      ++too_many_;
      continue;
    }
    listed.insert(broker.node_id);
    // Before its link begins: what that meets may be judged at once.
    view_.brokers[broker.node_id].listed = true;
    add_broker(broker.node_id, {broker.host, broker.port, broker.rack.value_or("")}, at);
  }
  if (needed_only_) forget_others(wanted);
  for (auto& [id, broker] : view_.brokers) note_listed(broker, listed.contains(id), at);
  unneeded_.update(metadata, view_, at.steady);
  forget_unlisted(at.steady);
  note_shared_addresses();
}

void Brokers::add_broker(int32_t broker, const Address& address, Now at) {
  BrokerView& seen = view_.brokers[broker];
  if (seen.id < 0) {
    seen.id = broker;
    seen.since = at;
  }
  seen.rack = address.rack;
  Entry& entry = entries_[broker];
  std::shared_ptr<BrokerLink>& link = entry.link;
  if (link && link->host() == address.host && link->port() == address.port) return;
  if (link) link->stop();
  seen.host = address.host;
  seen.port = address.port;
  link = std::make_shared<BrokerLink>(
      executor_, settings_, tools_,
      LinkTarget{address.host, address.port, {view_.cluster_id, broker}},
      [this, broker] { on_link_changed(broker); });
  link->start();
}

void Brokers::note_listed(BrokerView& broker, bool listed, Now at) {
  broker.listed = listed;
  if (!is_failed(broker.status) || !listed) {
    broker.contradicted_since.reset();
  } else if (!broker.contradicted_since) {
    broker.contradicted_since = at.steady;
  }
  Entry& entry = entries_.at(broker.id);
  if (!listed) entry.leaving = false;
  if (listed)
    entry.unlisted_since.reset();
  else if (!entry.unlisted_since)
    entry.unlisted_since = at.steady;
  if (!listed || broker.status != BrokerStatus::stopped)
    entry.relisted_since.reset();
  else if (!entry.relisted_since)
    entry.relisted_since = at.steady;
  else if (at.steady - *entry.relisted_since >= (entry.leaving ? kLeaves : kRelisted))
    set_failed(broker.id, {});
}

// Relays and wrong advertised.listeners: whoever connects there reaches one of them at best.
void Brokers::note_shared_addresses() {
  std::map<std::pair<std::string, int32_t>, std::vector<int32_t>> by_address;
  for (const auto& [id, broker] : view_.brokers) {
    if (broker.listed) by_address[{broker.host, broker.port}].push_back(id);
  }
  std::map<int32_t, std::string> shared;
  shared_.clear();
  for (const auto& [address, brokers] : by_address) {
    if (brokers.size() < 2) continue;
    const std::string what = fmt::format("{} advertise the same address, {}:{}", names_of(brokers),
                                         printable_excerpt(address.first), address.second);
    for (const int32_t broker : brokers) shared.emplace(broker, what);
    if (shared_.size() < kShownShared) shared_.push_back(what);
  }
  for (auto& [id, entry] : entries_) {
    const auto found = shared.find(id);
    entry.link->set_shared_address(found == shared.end() ? "" : found->second);
  }
  set_misdirected();
}

// Brokers that never answered here are forgotten sooner: whoever invents them fills no memory.
void Brokers::forget_unlisted(SteadyTime now) {
  std::set<int32_t> kept;
  for (const auto& broker : registered_.brokers) kept.insert(broker.broker_id);
  const std::vector<int32_t> unneeded = unneeded_.forgotten(registered_, now);
  std::set<int32_t> gone(unneeded.begin(), unneeded.end());
  const Duration keep =
      view_.brokers.size() >= kMaxBrokers / 2 ? Duration::zero() : Duration(kForgetNeverUp);
  bool asked = false;
  for (const auto& [id, entry] : entries_) {
    if (entry.ever_up || !entry.unlisted_since || now - *entry.unlisted_since < keep) continue;
    if (!std::exchange(asked, true)) kept.merge(replica_holders());
    if (!kept.contains(id)) gone.insert(id);
  }
  forget(gone);
}

void Brokers::forget(const std::set<int32_t>& gone) {
  for (const int32_t id : gone) {
    if (const auto found = entries_.find(id); found != entries_.end()) {
      found->second.link->stop();
      entries_.erase(found);
    }
    investigation_.drop(id);
    unneeded_.forget(id);
    view_.brokers.erase(id);
    std::erase_if(view_.requests, [id](const auto& entry) { return entry.first.first == id; });
  }
}

std::set<int32_t> Brokers::needed(const MetadataResponse& metadata) const {
  std::set<int32_t> ids;
  for_each_topic(view_, [&](const TopicView& topic) {
    for (const PartitionView& partition : topic.partitions) ids.insert(partition.last_leader);
  });
  for (const GroupView& group : view_.groups) ids.insert(group.coordinator);
  ids.erase(-1);
  const std::vector<int32_t> answering = usable();
  if (std::ranges::any_of(answering, [&](int32_t id) { return ids.contains(id); })) return ids;
  // Somebody must tell where the others are: those that answer first.
  size_t spares = 0;
  for (const int32_t id : answering) {
    if (spares < kSpares && ids.insert(id).second) ++spares;
  }
  for (const auto& broker : metadata.brokers) {
    if (spares < kSpares && broker.node_id >= 0 && ids.insert(broker.node_id).second) ++spares;
  }
  return ids;
}

void Brokers::forget_others(const std::set<int32_t>& needed) {
  std::set<int32_t> gone;
  for (const auto& [id, entry] : entries_) {
    if (!needed.contains(id)) gone.insert(id);
  }
  forget(gone);
}

void Brokers::on_registered(DescribeClusterResponse cluster) {
  std::set<int32_t> registered;
  for (const auto& broker : cluster.brokers) registered.insert(broker.broker_id);
  std::set<int32_t> gone;
  for (const auto& [id, broker] : view_.brokers) {
    if (!registered.contains(id) && !broker.listed && broker.status != BrokerStatus::up)
      gone.insert(id);
  }
  forget(gone);
  registered_ = std::move(cluster);
}

void Brokers::find_missing() {
  std::optional<std::set<int32_t>> holders;
  for (const auto& broker : registered_.brokers) {
    if (view_.brokers.contains(broker.broker_id) || broker.host.empty() || broker.port <= 0 ||
        broker.broker_id < 0 || view_.brokers.size() >= kMaxBrokers)
      continue;
    if (!holders) holders = replica_holders();
    if (!holders->contains(broker.broker_id)) continue;
    const Now at = now();
    add_broker(broker.broker_id, {broker.host, broker.port, broker.rack.value_or("")}, at);
    note_listed(view_.brokers.at(broker.broker_id), false, at);
  }
}

std::set<int32_t> Brokers::replica_holders() const {
  std::set<int32_t> holders;
  for_each_topic(view_, [&](const TopicView& topic) {
    for (const PartitionView& partition : topic.partitions)
      holders.insert(partition.replicas.begin(), partition.replicas.end());
  });
  return holders;
}

}  // namespace highwater::kafka
