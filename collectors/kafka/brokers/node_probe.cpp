#include "collectors/kafka/brokers/node_probe.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "collectors/kafka/brokers/bootstrap.h"
#include "collectors/kafka/brokers/node_questions.h"
#include "collectors/kafka/brokers/peer_verdict.h"
#include "collectors/kafka/client/identity.h"

namespace highwater::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kTell = seconds(5);
constexpr Duration kListEvery = std::chrono::minutes(1);
constexpr Duration kListGap = seconds(1);
constexpr Duration kTurn = milliseconds(50);
// One that is not listed any more was removed, or is down for long.
constexpr Duration kForgetAfter = std::chrono::hours(1);
// How many are asked of those that are not reached: one may be behind the others.
constexpr size_t kMostPeers = 3;
constexpr size_t kLongestHost = 253;  // of a name in DNS

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

asio::awaitable<void> sleep_on(asio::steady_timer& timer, Duration duration) {
  std::error_code ignored;
  timer.expires_after(duration);
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace

class NodeProbe::Impl {
 public:
  Impl(NodeProbeSettings settings, Log& log, OnUpdate on_update)
      : settings_(std::move(settings)),
        log_(log),
        on_update_(std::move(on_update)),
        cadence_(std::min(settings_.every, kTell)),
        list_timer_(io_),
        gap_timer_(io_),
        tell_timer_(io_) {
    const ClusterSettings& cluster = settings_.cluster;
    asio::use_service<ConnectionPlaces>(io_).allow(cluster.most_connections);
    asio::use_service<ConnectionPlaces>(io_).allow_answers(cluster.memory / 4);
    links_.connect_timeout = links_.request_timeout = cluster.request_timeout;
    tools_->security = make_security(cluster.security, cluster.ask_http);
    for (const auto& [host, port] : cluster.bootstrap) bootstrap_.push_back({host, port});
  }
  void start() {
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "hw-node");
      asio::co_spawn(io_, list_loop(), asio::detached);
      asio::co_spawn(io_, tell_loop(), asio::detached);
      io_.run();
    });
  }

  void stop() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
      stopping_ = true;
      tools_->names->close();
      if (tools_->security.login) tools_->security.login->close();
      io_.stop();
    });
    thread_.join();
  }

 private:
  asio::awaitable<void> tell_loop() {
    while (!stopping_) {
      co_await sleep_on(tell_timer_, cadence_);
      if (listed_once_) tell();
    }
  }

  void tell() {
    view_.reached = view_.brokers.empty()
                        ? bootstrap_answers_
                        : std::ranges::any_of(view_.brokers, [](const auto& entry) {
                            return entry.second.outcome != ProbeOutcome::failed;
                          });
    on_update_(view_, SystemClock().now(), cadence_);
  }

  asio::awaitable<void> list_loop() {
    while (!stopping_) {
      const SteadyTime begun = steady_now();
      co_await list();
      listed_once_ = true;
      tell();
      const Duration pause = any_failing() || view_.brokers.empty() ? settings_.every : kListEvery;
      // A probe that fails ends the first.
      co_await sleep_on(list_timer_, std::max<Duration>(begun + pause - steady_now(), kListGap));
      co_await sleep_on(gap_timer_, begun + kListGap - steady_now());
    }
  }

  [[nodiscard]] bool any_failing() const {
    return std::ranges::any_of(view_.brokers, [](const auto& entry) {
      return entry.second.outcome == ProbeOutcome::failed;
    });
  }

  asio::awaitable<void> list() {
    const SteadyTime asked = steady_now();
    std::vector<MetadataResponse> believed;  // of what they say of others
    const bool failing = any_failing();
    std::vector<PeerAnswer> answers = co_await ask_peers(failing);
    for (PeerAnswer& answer : answers) {
      note_brokers(answer.metadata, asked);
      if (failing && answer.has_controller) believed.push_back(std::move(answer.metadata));
    }
    if (answers.empty()) {
      const std::string id = view_.cluster_id;
      const BootstrapResult first = co_await ask_bootstrap(bootstrap_, id, links_, tools_);
      bootstrap_answers_ = first.metadata || !first.why_denied.empty();
      view_.why_unlisted = first.why;
      if (first.metadata) note_brokers(*first.metadata, asked);
    } else {
      view_.why_unlisted.clear();
    }
    for (auto& [id, broker] : view_.brokers) {
      broker.peers = peer_verdict(id, believed);
      broker.peers_asked = asked;
    }
    forget_old(asked);
  }

  // Of brokers that answered their newest probe; each time others first. `failing`: some did not.
  asio::awaitable<std::vector<PeerAnswer>> ask_peers(bool failing) {
    std::vector<std::pair<std::string, int32_t>> peers;
    for (const auto& [id, broker] : view_.brokers) {
      if (broker.outcome == ProbeOutcome::answered) peers.emplace_back(broker.host, broker.port);
    }
    const size_t wanted = std::min(failing ? kMostPeers : size_t{1}, peers.size());
    std::vector<PeerAnswer> answers;
    for (size_t tried = 0; tried < std::min(peers.size(), 2 * kMostPeers); ++tried) {
      if (answers.size() >= wanted) break;
      const auto& [host, port] = peers[next_peer_++ % peers.size()];
      auto answer = co_await ask_peer(tools_, host, port, links_, failing);
      if (answer && !foreign_cluster(answer->metadata, view_.cluster_id))
        answers.push_back(std::move(*answer));
    }
    co_return answers;
  }

  void note_brokers(const MetadataResponse& metadata, SteadyTime asked) {
    if (view_.cluster_id.empty()) view_.cluster_id = metadata.cluster_id.value_or("");
    for (const auto& listed : metadata.brokers) {
      if (listed.node_id < 0 || listed.host.size() > kLongestHost) continue;
      const auto found = view_.brokers.find(listed.node_id);
      if (found == view_.brokers.end() && view_.brokers.size() >= kMostBrokers) continue;
      if (found != view_.brokers.end() && found->second.host == listed.host &&
          found->second.port == listed.port) {
        found->second.listed = asked;
        continue;
      }
      NodeBroker broker;
      broker.host = listed.host;
      broker.port = listed.port;
      broker.probe = ++probes_;
      broker.listed = asked;
      view_.brokers[listed.node_id] = std::move(broker);
      asio::co_spawn(io_, probe_loop(listed.node_id, listed.host, listed.port, probes_),
                     asio::detached);
    }
  }

  void forget_old(SteadyTime now) {
    std::erase_if(view_.brokers, [&](const auto& entry) {
      return now - entry.second.listed > kForgetAfter &&
             entry.second.outcome != ProbeOutcome::answered;
    });
  }

  // Null: another probe looks at it, or none does.
  NodeBroker* target(int32_t id, uint64_t probe) {
    const auto found = view_.brokers.find(id);
    return found != view_.brokers.end() && found->second.probe == probe ? &found->second : nullptr;
  }

  asio::awaitable<void> probe_loop(int32_t id, std::string host, int32_t port, uint64_t probe) {
    asio::steady_timer timer(io_);
    while (!stopping_ && target(id, probe) != nullptr) {
      while (under_way_ >= kMostAtOnce) co_await sleep_on(timer, kTurn);
      const SteadyTime begun = steady_now();
      ++under_way_;
      Probed probed = co_await probe_broker(tools_, host, port, links_);
      --under_way_;
      if (NodeBroker* const broker = target(id, probe))
        note_probe(id, *broker, std::move(probed), begun);
      co_await sleep_on(timer, std::max<Duration>(begun + cadence() - steady_now(), kTurn));
    }
  }

  void note_probe(int32_t id, NodeBroker& broker, Probed probed, SteadyTime begun) {
    const bool failed = probed.outcome == ProbeOutcome::failed;
    const bool fails_anew = failed && broker.outcome != ProbeOutcome::failed;
    if (fails_anew) broker.failing_since = begun;
    broker.outcome = probed.outcome;
    broker.why = std::move(probed.why);
    broker.connect = probed.connect;
    broker.first_answer = probed.first_answer;
    if (fails_anew) list_timer_.cancel();
    if (probed.outcome == ProbeOutcome::none) return;
    log_.on_change(
        fmt::format("node/{}/{}", settings_.cluster.name, id), failed ? "no" : "yes",
        failed ? LogLevel::warning : LogLevel::info,
        failed ? "broker is not reached from this node" : "broker is reached from this node",
        {{"cluster", settings_.cluster.name}, {"broker", id}, {"why", broker.why}});
  }

  Duration cadence() {
    const double factor = std::uniform_real_distribution(0.9, 1.1)(random_);
    return std::chrono::duration_cast<Duration>(settings_.every * factor);
  }

  const NodeProbeSettings settings_;
  Log& log_;
  const OnUpdate on_update_;
  const Duration cadence_;  // of what is told
  NodeView view_;
  std::vector<BootstrapServer> bootstrap_;
  LinkSettings links_;
  const std::shared_ptr<LinkTools> tools_ = std::make_shared<LinkTools>();
  std::minstd_rand random_{std::random_device{}()};
  asio::io_context io_{1};
  asio::steady_timer list_timer_;
  asio::steady_timer gap_timer_;
  asio::steady_timer tell_timer_;
  size_t under_way_ = 0;
  uint64_t probes_ = 0;
  size_t next_peer_ = 0;
  bool listed_once_ = false;
  bool bootstrap_answers_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

NodeProbe::NodeProbe(NodeProbeSettings settings, Log& log, OnUpdate on_update)
    : impl_(std::make_unique<Impl>(std::move(settings), log, std::move(on_update))) {}
NodeProbe::~NodeProbe() {
  stop();
}
void NodeProbe::start() {
  impl_->start();
}
void NodeProbe::stop() {
  impl_->stop();
}

}  // namespace highwater::kafka
