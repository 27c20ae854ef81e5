#include "collectors/kafka/brokers.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <set>

#include "collectors/kafka/gather.h"

namespace highwater::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// An orderly stop leaves the others' Metadata within the same tenths of a second in which its
// connections end; a crash stays listed for 9 s. Half a second tells them apart.
constexpr auto kInvestigation = milliseconds(500);
constexpr auto kInvestigationStep = milliseconds(50);
constexpr auto kInvestigationAnswer = milliseconds(200);

Now now() {
  return SystemClock().now();
}

Span request_span(const char* name, int32_t broker, Now start, const std::string& error) {
  Span span;
  span.id = SpanId::random();
  span.name = name;
  span.kind = SpanKind::client;
  span.start = start.wall;
  span.duration = std::chrono::steady_clock::now() - start.steady;
  span.error = error;
  span.attributes = {{"messaging.system", "kafka"},
                     {"messaging.kafka.broker.id", std::to_string(broker)}};
  return span;
}

}  // namespace

Brokers::Brokers(asio::any_io_executor executor, LinkSettings settings,
                 std::vector<BootstrapServer> bootstrap, ClusterView& view, Changed changed)
    : executor_(executor),
      settings_(settings),
      bootstrap_(std::move(bootstrap)),
      view_(view),
      changed_(std::move(changed)),
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
  for (auto& [id, link] : links_) link->stop();
  links_.clear();
}

void Brokers::on_metadata(const MetadataResponse& metadata, Now at) {
  if (metadata.cluster_id) view_.cluster_id = *metadata.cluster_id;
  std::set<int32_t> listed;
  for (const auto& broker : metadata.brokers) {
    listed.insert(broker.node_id);
    meet(broker.node_id, {broker.host, broker.port, broker.rack.value_or("")}, at);
  }
  for (auto& [id, broker] : view_.brokers) {
    broker.listed = listed.contains(id);
    if (!is_failed(broker.status) || !broker.listed) {
      broker.contradicted_since.reset();
    } else if (!broker.contradicted_since) {
      broker.contradicted_since = at.steady;
    }
  }
}

void Brokers::meet(int32_t broker, const Address& address, Now at) {
  BrokerView& seen = view_.brokers[broker];
  if (seen.id < 0) {
    seen.id = broker;
    seen.since = at;
  }
  seen.rack = address.rack;
  std::shared_ptr<BrokerLink>& link = links_[broker];
  if (link && link->host() == address.host && link->port() == address.port) return;
  if (link) link->stop();
  seen.host = address.host;
  seen.port = address.port;
  link = std::make_shared<BrokerLink>(executor_, settings_, address.host, address.port,
                                      [this, broker] { on_link_changed(broker); });
  link->start();
}

void Brokers::on_registered(DescribeClusterResponse cluster) {
  std::set<int32_t> registered;
  for (const auto& broker : cluster.brokers) registered.insert(broker.broker_id);
  std::erase_if(view_.brokers, [&](const auto& entry) {
    const auto& [id, broker] = entry;
    const bool gone =
        !registered.contains(id) && !broker.listed && broker.status != BrokerStatus::up;
    if (gone && links_.contains(id)) {
      links_[id]->stop();
      links_.erase(id);
    }
    return gone;
  });
  registered_ = std::move(cluster);
}

void Brokers::find_missing() {
  for (const auto& broker : registered_.brokers) {
    if (view_.brokers.contains(broker.broker_id) || broker.host.empty() || broker.port <= 0)
      continue;
    if (holds_replicas(broker.broker_id))
      meet(broker.broker_id, {broker.host, broker.port, broker.rack.value_or("")}, now());
  }
}

bool Brokers::holds_replicas(int32_t broker) const {
  for (const TopicView& topic : view_.topics) {
    for (const PartitionView& partition : topic.partitions) {
      if (std::ranges::find(partition.replicas, broker) != partition.replicas.end()) return true;
    }
  }
  return false;
}

std::vector<int32_t> Brokers::usable() const {
  std::vector<int32_t> ids;
  for (const auto& [id, link] : links_) {
    if (link->usable()) ids.push_back(id);
  }
  return ids;
}

std::optional<int16_t> Brokers::version(int32_t broker, ApiKey key) const {
  const auto found = link(broker);
  return found ? found->version(key) : std::nullopt;
}

void Brokers::refresh_response_times() {
  for (auto& [id, broker] : view_.brokers) {
    const auto found = link(id);
    broker.response_time = found ? found->response_time() : std::nullopt;
  }
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
  int round = 0;
  while (*alive) {
    // While a broker answers, the bootstrap list is of no interest; it is looked at again when all
    // are lost.
    if (usable().empty()) {
      std::string why;
      for (const BootstrapServer& server : bootstrap_) {
        const std::string problem = co_await try_bootstrap(server);
        if (!*alive) co_return;
        if (problem.empty()) {
          why.clear();
          break;
        }
        why += (why.empty() ? "" : "; ") + problem;
      }
      if (!why.empty() && !view_.reachable && (why != view_.why_unreachable || round == 0)) {
        view_.why_unreachable = why;
        if (changed_) changed_({});
      }
      ++round;
    }
    std::error_code ignored;
    discover_timer_.expires_after(usable().empty() ? seconds(1) : seconds(3));
    co_await discover_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

asio::awaitable<std::string> Brokers::try_bootstrap(BootstrapServer server) {
  const auto alive = alive_;
  const auto connected =
      co_await Connection::connect(server.host, server.port, settings_.connect_timeout);
  if (!*alive) co_return "stopping";
  if (!connected) co_return connected.error().what;
  const auto connection = *connected;
  const auto hello = co_await connection->handshake(settings_.request_timeout);
  if (!*alive) co_return "stopping";
  const std::string where = fmt::format("{}:{}", server.host, server.port);
  if (!hello) co_return fmt::format("{}: {}", where, hello.error().what);
  MetadataRequest request;
  request.topics.emplace();
  const auto metadata = co_await connection->ask(std::move(request), settings_.request_timeout);
  connection->close({FailureKind::not_usable, "no longer needed"});
  if (!*alive) co_return "stopping";
  if (!metadata) co_return fmt::format("{}: {}", where, metadata.error().what);
  if (metadata->brokers.empty()) co_return fmt::format("{} knows no brokers", where);
  on_metadata(*metadata, now());
  co_return "";
}

void Brokers::on_link_changed(int32_t broker) {
  const auto found = link(broker);
  if (!found || stopped_) return;
  switch (found->state()) {
    case LinkState::connecting:
      return;
    case LinkState::up:
      set_status(broker, BrokerStatus::up, "", {});
      return;
    case LinkState::refused:
      asio::co_spawn(executor_, investigate(broker), asio::detached);
      return;
    case LinkState::hung:
      set_status(broker, BrokerStatus::hung, found->why(), {});
      return;
    case LinkState::cut_off:
      set_status(broker, BrokerStatus::cut_off, found->why(), {});
      return;
    case LinkState::refuses:
      set_status(broker, BrokerStatus::refuses, found->why(), {});
      return;
  }
}

asio::awaitable<void> Brokers::investigate(int32_t broker) {
  const auto alive = alive_;
  const auto suspect = link(broker);
  const Now start = now();
  std::vector<Span> spans;
  Span lost = request_span("kafka.connect", broker, start, suspect->why());
  lost.attributes.emplace_back("server.address",
                               fmt::format("{}:{}", suspect->host(), suspect->port()));
  spans.push_back(std::move(lost));

  bool anybody_answered = false;
  bool still_listed = true;
  asio::steady_timer timer(executor_);
  while (*alive && suspect->state() == LinkState::refused &&
         std::chrono::steady_clock::now() - start.steady < kInvestigation) {
    // Listed by anybody is listed: the others do not learn of an orderly stop in the same instant.
    struct Round {
      int answers = 0;
      bool listed = false;
    };
    const auto round = std::make_shared<Round>();
    std::vector<asio::awaitable<void>> questions;
    const Now asked = now();
    for (const int32_t other : usable()) {
      if (other == broker) continue;
      const auto question = [](Brokers* self, int32_t whom, int32_t about,
                               std::shared_ptr<Round> result) -> asio::awaitable<void> {
        MetadataRequest request;
        request.topics.emplace();
        const auto metadata = co_await self->ask(whom, std::move(request));
        if (!metadata) co_return;
        ++result->answers;
        for (const auto& listed : metadata->brokers)
          result->listed = result->listed || listed.node_id == about;
      };
      questions.push_back(question(this, other, broker, round));
    }
    if (questions.empty()) break;
    co_await gather(std::move(questions), kInvestigationAnswer);
    if (!*alive) co_return;
    if (round->answers > 0) {
      anybody_answered = true;
      still_listed = round->listed;
      if (spans.size() < 20)
        spans.push_back(request_span("kafka.request Metadata", broker, asked, ""));
      if (!still_listed) break;
    }
    std::error_code ignored;
    timer.expires_after(kInvestigationStep);
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (!*alive || suspect->state() != LinkState::refused || link(broker) != suspect) co_return;
  if (anybody_answered && !still_listed) {
    set_status(broker, BrokerStatus::stopped, suspect->why() + ", and Metadata lists it no more",
               std::move(spans));
  } else if (anybody_answered) {
    set_status(broker, BrokerStatus::crashed, suspect->why() + ", and Metadata still lists it",
               std::move(spans));
  } else {
    set_status(broker, BrokerStatus::crashed, suspect->why() + "; no other broker could be asked",
               std::move(spans));
  }
}

void Brokers::set_status(int32_t id, BrokerStatus status, std::string why,
                         std::vector<Span> spans) {
  const auto found = view_.brokers.find(id);
  if (found == view_.brokers.end()) return;
  BrokerView& broker = found->second;
  broker.why = std::move(why);
  if (broker.status == status) return;
  broker.status = status;
  broker.since = now();
  broker.contradicted_since.reset();
  if (status == BrokerStatus::stopped) broker.listed = false;
  if (is_failed(status)) {
    broker.response_time.reset();
    if (broker.listed) broker.contradicted_since = broker.since.steady;
  }
  update_reachable();
  if (changed_) changed_(std::move(spans));
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
  view_.why_unreachable.clear();
  for (const auto& [id, broker] : view_.brokers) {
    view_.why_unreachable +=
        fmt::format("{}broker {}: {}", view_.why_unreachable.empty() ? "" : "; ", id, broker.why);
  }
}

std::shared_ptr<BrokerLink> Brokers::link(int32_t broker) const {
  const auto found = links_.find(broker);
  return found == links_.end() ? nullptr : found->second;
}

}  // namespace highwater::kafka
