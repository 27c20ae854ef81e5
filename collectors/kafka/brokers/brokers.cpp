#include "collectors/kafka/brokers/brokers.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <set>
#include <utility>

#include "collectors/kafka/border.h"
#include "collectors/printable_excerpt.h"

namespace highwater::kafka {
namespace {

using std::chrono::seconds;

// A bootstrap server of another cluster is looked at again this often.
constexpr auto kStrangersAgain = seconds(60);
// A broker that stopped and is listed again, and still cannot be reached, has failed: its start
// takes some seconds from one to the other.
constexpr auto kRelisted = seconds(5);
// Brokers that never were up and hold no replica are forgotten so long after Metadata listed them
// last, unless the cluster still says that they are registered.
constexpr auto kForgetNeverUp = seconds(30);
constexpr size_t kShownShared = 5;
// A broker that stopped in order is listed by ZooKeeper's clusters until its logs are closed.
constexpr auto kLeaves = std::chrono::minutes(5);
// One that is in no ISR any more was in sync so lately that it may just be stopping.
constexpr auto kHeldLately = seconds(30);

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

Brokers::Brokers(asio::any_io_executor executor, LinkSettings settings,
                 std::vector<BootstrapServer> bootstrap, ClusterView& view, Changed changed,
                 std::shared_ptr<LinkTools> tools)
    : executor_(executor),
      settings_(settings),
      bootstrap_(std::move(bootstrap)),
      tools_(std::move(tools)),
      view_(view),
      changed_(std::move(changed)),
      investigation_(executor, *this,
                     [this](int32_t broker, Investigation::Verdict verdict) {
                       conclude(broker, std::move(verdict));
                     }),
      discover_timer_(executor) {}

Brokers::~Brokers() {
  stop();
}

void Brokers::start() {
  asio::co_spawn(executor_, discover(), asio::detached);
}

void Brokers::stop() {
  stopped_ = true;
  *alive_ = false;
  discover_timer_.cancel();
  tools_->names->close();
  if (tools_->security.login) tools_->security.login->close();
  for (auto& [id, entry] : entries_) entry.link->stop();
  entries_.clear();
}

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

void Brokers::on_topics(SteadyTime now) {
  find_missing();
  note_held(now);
}

// Brokers of a cluster with ZooKeeper do not offer DescribeQuorum.
bool Brokers::has_quorum() const {
  return std::ranges::any_of(
      usable(), [this](int32_t id) { return version(id, ApiKey::kDescribeQuorum).has_value(); });
}

// Of each broker one partition, better one that it leads.
void Brokers::note_held(SteadyTime now) {
  if (has_quorum()) return;
  struct Found {
    const TopicView* topic;
    int32_t partition;
    bool led;
  };
  std::map<int32_t, Found> found;
  size_t leaders = 0;
  for_each_topic(view_, [&](const TopicView& topic) {
    for (const PartitionView& partition : topic.partitions) {
      if (leaders == entries_.size()) return;
      if (partition.isr.size() < 2) continue;
      for (const int32_t broker : partition.isr) {
        const bool led = broker == partition.leader;
        const auto [entry, added] = found.try_emplace(broker, Found{&topic, partition.index, led});
        if (!added && (entry->second.led || !led)) continue;
        if (!added) entry->second = {&topic, partition.index, led};
        if (led && entries_.contains(broker)) ++leaders;
      }
    }
  });
  for (auto& [id, entry] : entries_) {
    if (!entry.link->usable()) continue;
    if (const auto held = found.find(id); held != found.end()) {
      entry.held = {held->second.topic->name.text(), held->second.partition, held->second.led};
      entry.held_at = now;
    } else if (now - entry.held_at > kHeldLately) {
      entry.held.reset();
    }
  }
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

std::vector<int32_t> Brokers::usable() const {
  std::vector<int32_t> ids;
  for (const auto& [id, entry] : entries_) {
    if (entry.link->usable()) ids.push_back(id);
  }
  return ids;
}

std::optional<int16_t> Brokers::version(int32_t broker, ApiKey key) const {
  const auto found = link(broker);
  return found ? found->version(key) : std::nullopt;
}

void Brokers::confirm_all() {
  for (auto& [id, broker] : view_.brokers) broker.contradicted_since.reset();
  for (auto& [id, entry] : entries_) entry.link->confirm_now();
}

bool Brokers::confirmed_since(SteadyTime time) const {
  return std::ranges::all_of(
      entries_, [&](const auto& entry) { return entry.second.link->confirmed() >= time; });
}

void Brokers::refresh_security() {
  const Security& security = tools_->security;
  view_.credentials_problem = security.tls ? security.tls->problem() : "";
  if (security.tls) view_.own_certificate_expiry = security.tls->own_expiry();
  if (!security.login || !view_.credentials_problem.empty()) return;
  view_.credentials_problem = security.login->problem();
}

void Brokers::refresh_response_times() {
  for (auto& [id, broker] : view_.brokers) {
    const auto found = link(id);
    broker.response_time = found ? found->response_time() : std::nullopt;
    broker.certificate_expiry = found ? found->certificate_expiry() : std::nullopt;
  }
}

Reply<MetadataRequest> Brokers::ask(int32_t broker, MetadataRequest request) {
  const auto alive = alive_;
  auto metadata = co_await poll(broker, std::move(request));
  if (!metadata || !*alive) co_return metadata;
  auto foreign = foreign_cluster(*metadata, view_.cluster_id);
  if (!foreign) co_return metadata;
  foreign->what = fmt::format("broker {} {}", broker, foreign->what);
  if (const auto found = link(broker))
    if (const auto connection = found->connection()) connection->close(*foreign);
  co_return tl::unexpected<Failure>(std::move(*foreign));
}

template <class Request>
Reply<Request> Brokers::poll(int32_t broker, Request request) {
  const auto found = link(broker);
  const auto connection = found ? found->connection() : nullptr;
  if (!connection)
    co_return fail_with(FailureKind::not_usable, fmt::format("broker {} is not up", broker));
  ++requests_;
  co_return co_await connection->ask(std::move(request), settings_.request_timeout);
}

template <class Request>
Reply<Request> Brokers::controller(int32_t broker, Request request) {
  const auto found = link(broker);
  if (!found)
    co_return fail_with(FailureKind::not_usable, fmt::format("broker {} is not known", broker));
  const Duration timeout = settings_.request_timeout;
  const auto alive = alive_;
  const auto connection = co_await found->control();
  if (!connection) co_return tl::unexpected<Failure>(connection.error());
  if (*alive) ++requests_;
  co_return co_await (*connection)->ask(std::move(request), timeout);
}

asio::awaitable<void> Brokers::discover() {
  const auto alive = alive_;
  SteadyTime asked{};
  while (*alive) {
    // While a broker answers, the bootstrap list is of no interest but for servers of another
    // cluster; it is looked at again when all are lost.
    const SteadyTime start = std::chrono::steady_clock::now();
    if (usable().empty() || (!strangers_.empty() && start - asked >= kStrangersAgain)) {
      BootstrapResult result =
          co_await ask_bootstrap(bootstrap_, view_.cluster_id, settings_, tools_);
      if (!*alive) co_return;
      asked = start;
      note_bootstrap(std::move(result));
    }
    std::error_code ignored;
    const bool soon = usable().empty() && bootstrap_denied_.empty();
    discover_timer_.expires_after(soon ? seconds(1) : seconds(3));
    co_await discover_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

void Brokers::note_bootstrap(BootstrapResult result) {
  strangers_ = std::move(result.strangers);
  if (result.metadata) {
    Border().enter(*result.metadata);
    on_metadata(*result.metadata, now());
  }
  set_misdirected();
  bootstrap_denied_ = std::move(result.why_denied);
  update_denied();
  const bool unreachable = !result.metadata && !view_.reachable;
  if (!unreachable || result.why == view_.why_unreachable) return;
  view_.why_unreachable = std::move(result.why);
  if (changed_) changed_({});
}

std::shared_ptr<BrokerLink> Brokers::link(int32_t broker) const {
  const auto found = entries_.find(broker);
  return found == entries_.end() ? nullptr : found->second.link;
}

}  // namespace highwater::kafka
