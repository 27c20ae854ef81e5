#include "collectors/kafka/brokers/brokers.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "collectors/kafka/border.h"

namespace highwater::kafka {
namespace {

using std::chrono::seconds;

// A bootstrap server of another cluster is looked at again this often.
constexpr auto kStrangersAgain = seconds(60);
// One that is in no ISR any more was in sync so lately that it may just be stopping.
constexpr auto kHeldLately = seconds(30);

Now now() {
  return SystemClock().now();
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
