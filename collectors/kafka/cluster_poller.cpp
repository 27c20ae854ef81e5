#include "collectors/kafka/cluster_poller.h"

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
#include <thread>

#include "collectors/kafka/brokers.h"
#include "collectors/kafka/quorum_watch.h"
#include "collectors/kafka/sweep.h"

namespace highwater::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// After a change of a broker's status, and while a broker contradicts Metadata, polls come at least
// this often: fencing, new leaders and moved groups follow within seconds and are worth hearing of
// at once.
constexpr auto kAlertCadence = seconds(1);
constexpr auto kAlertFor = seconds(20);
// While some group rebalances it is looked at this often.
constexpr auto kRebalanceCadence = seconds(1);
// Two sweeps never start closer together than this, however many events there are.
constexpr auto kSweepGap = milliseconds(200);
constexpr double kStretch = 1.5;

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

bool asks_for_groups(const Span& span) {
  constexpr std::string_view kApis[] = {"ListGroups", "OffsetFetch", "DescribeGroups",
                                        "ConsumerGroupDescribe", "ShareGroupDescribe"};
  return std::ranges::any_of(kApis, [&](std::string_view api) { return span.name.ends_with(api); });
}

// One sweep is one trace, and a span belongs to one observation only: what was asked for groups
// goes with theirs, below a span of its own.
std::vector<Span> take_group_spans(std::vector<Span>& spans) {
  const auto first = std::stable_partition(spans.begin() + 1, spans.end(),
                                           [](const Span& span) { return !asks_for_groups(span); });
  std::vector<Span> taken;
  if (first == spans.end()) return taken;
  Span head = spans.front();
  head.id = SpanId::random();
  head.parent = spans.front().id;
  head.name = "kafka.poll groups";
  head.error.clear();
  taken.push_back(std::move(head));
  for (auto span = first; span != spans.end(); ++span) {
    span->parent = taken.front().id;
    if (!span->error.empty()) taken.front().error = "a request for groups failed";
    taken.push_back(std::move(*span));
  }
  spans.erase(first, spans.end());
  return taken;
}

// When a part is due, and how much its cadence had to be stretched.
struct Schedule {
  Duration configured{};
  Duration effective{};
  SteadyTime next{};
  uint64_t missed = 0;

  [[nodiscard]] bool due(SteadyTime now) const { return now >= next; }
  void done(SteadyTime started, Duration took, Duration at_most) {
    const Duration wanted = std::min(configured, at_most);
    // Missed slots are counted and skipped, never replayed.
    if (took > wanted) missed += static_cast<uint64_t>(took / wanted);
    effective =
        took * kStretch > wanted ? std::chrono::duration_cast<Duration>(took * kStretch) : wanted;
    next = started + effective;
  }
};

}  // namespace

class ClusterPoller::Impl {
 public:
  Impl(ClusterSettings settings, Log& log, OnUpdate on_update)
      : settings_(std::move(settings)),
        log_(log),
        on_update_(std::move(on_update)),
        sweep_timer_(io_),
        brokers_timer_(io_),
        brokers_(io_.get_executor(), link_settings(settings_), bootstrap(settings_), view_,
                 [this](std::vector<Span> spans) { on_status_changed(std::move(spans)); }),
        sweep_(
            brokers_, sweep_settings(settings_), view_,
            {[this](const MetadataResponse& metadata, Now now) {
               brokers_.on_metadata(metadata, now);
             },
             [this](const DescribeClusterResponse& cluster) { brokers_.on_registered(cluster); }}),
        quorum_(brokers_, sweep_, view_) {
    view_.cluster = Symbol(settings_.name);
    partitions_.configured = partitions_.effective = settings_.poll.partitions;
    groups_.configured = groups_.effective = settings_.poll.groups;
    configs_.configured = configs_.effective = settings_.poll.configs;
  }

  void start() {
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "hw-kafka");
      brokers_.start();
      asio::co_spawn(io_, sweep_loop(), asio::detached);
      asio::co_spawn(io_, brokers_loop(), asio::detached);
      io_.run();
    });
  }

  void stop() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
      stopping_ = true;
      brokers_.stop();
      sweep_timer_.cancel();
      brokers_timer_.cancel();
      // What still waits for an answer ends with its connection; nothing else is worth waiting for.
      asio::post(io_, [this] { io_.stop(); });
    });
    thread_.join();
  }

 private:
  static LinkSettings link_settings(const ClusterSettings& settings) {
    LinkSettings links;
    links.request_timeout = settings.request_timeout;
    links.connect_timeout = settings.request_timeout;
    links.hello_timeout = std::min<Duration>(settings.request_timeout, milliseconds(1500));
    links.probe_interval = settings.poll.brokers;
    return links;
  }
  static std::vector<BootstrapServer> bootstrap(const ClusterSettings& settings) {
    std::vector<BootstrapServer> servers;
    for (const auto& [host, port] : settings.bootstrap) servers.push_back({host, port});
    return servers;
  }
  static SweepSettings sweep_settings(const ClusterSettings& settings) {
    const Duration shortest = std::min(settings.poll.partitions, settings.poll.groups);
    return {settings.topics, settings.groups, settings.internal_topics,
            std::clamp<Duration>(shortest / 2, milliseconds(300), settings.request_timeout)};
  }

  asio::awaitable<void> sweep_loop() {
    SteadyTime last_start{};
    while (!stopping_) {
      const SteadyTime next =
          std::max(std::min({partitions_.next, groups_.next, configs_.next, next_rebalances_}),
                   last_start + kSweepGap);
      if (steady_now() < next || brokers_.usable().empty()) {
        const bool nobody = brokers_.usable().empty();
        std::error_code ignored;
        sweep_timer_.expires_at(nobody ? std::max(next, steady_now() + kSweepGap) : next);
        co_await sweep_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        if (stopping_) co_return;
        // A cluster that was never reached has nothing to say; one that was lost says so, part by
        // part.
        if (nobody && brokers_.usable().empty() && !view_.ever_reached) continue;
        if (steady_now() < next) continue;
      }
      last_start = steady_now();
      if (last_start < std::min({partitions_.next, groups_.next, configs_.next})) {
        co_await sample_rebalances(last_start);
        continue;
      }
      SweepDue due;
      due.groups = groups_.due(last_start);
      due.configs = configs_.due(last_start) && !brokers_.usable().empty();
      const auto run = co_await sweep_.run(due);
      if (stopping_) co_return;
      finish(*run, due, last_start);
    }
  }

  // Between the polls, while some group rebalances: how long it takes is told to the second.
  asio::awaitable<void> sample_rebalances(SteadyTime started) {
    const auto run = co_await sweep_.run_rebalances();
    if (stopping_) co_return;
    schedule_rebalances(started);
    publish("rebalances", steady_now() - started, groups_, std::move(run->spans), {});
  }

  void schedule_rebalances(SteadyTime started) {
    next_rebalances_ =
        sweep_.any_rebalancing(started) ? started + kRebalanceCadence : SteadyTime::max();
  }

  void finish(SweepRun& run, const SweepDue& due, SteadyTime started) {
    const Duration took = steady_now() - started;
    const Duration at_most = alert() ? Duration(kAlertCadence) : Duration::max();
    partitions_.done(started, took, at_most);
    if (due.groups) {
      groups_.done(started, took, at_most);
      schedule_rebalances(started);
    }
    if (due.configs) configs_.done(started, took, Duration::max());
    brokers_.find_missing();
    if (partitions_.effective > settings_.poll.partitions) {
      log_.on_change("stretched/" + settings_.name, "yes", LogLevel::warning,
                     "polls take longer than their cadence and are stretched",
                     {{"cluster", settings_.name},
                      {"took_seconds", to_seconds(took)},
                      {"configured_seconds", to_seconds(settings_.poll.partitions)}});
    } else if (!alert()) {
      log_.on_change("stretched/" + settings_.name, "no", LogLevel::debug,
                     "polls fit their cadence", {{"cluster", settings_.name}});
    }
    std::vector<Span> group_spans = take_group_spans(run.spans);
    publish("partitions", took, partitions_, std::move(run.spans), run.problems);
    publish("topics", took, partitions_, {}, {});
    if (due.groups) publish("groups", took, groups_, std::move(group_spans), run.problems);
    publish_brokers(took, {});
  }

  void publish(std::string_view part, Duration took, const Schedule& schedule,
               std::vector<Span> spans, std::vector<Problem> problems) {
    Update update;
    update.part = part;
    update.at = SystemClock().now();
    update.took = took;
    // What is said of the cadence is what was asked for or what it had to become, not the haste
    // after an event.
    update.cadence = std::max(schedule.configured, schedule.effective);
    update.missed = schedule.missed;
    update.spans = std::move(spans);
    update.problems = std::move(problems);
    on_update_(view_, std::move(update));
  }

  void publish_brokers(Duration took, std::vector<Span> spans) {
    brokers_.refresh_response_times();
    quorum_.judge(steady_now());
    Schedule schedule;
    schedule.configured = schedule.effective = settings_.poll.brokers;
    publish("brokers", took, schedule, std::move(spans), {});
  }

  [[nodiscard]] bool alert() const {
    return steady_now() < alert_until_ || std::ranges::any_of(view_.brokers, [](const auto& entry) {
             return entry.second.contradicted_since.has_value();
           });
  }

  void on_status_changed(std::vector<Span> spans) {
    if (stopping_) return;
    log_statuses();
    alert_until_ = steady_now() + kAlertFor;
    Duration took{};
    if (!spans.empty()) {
      Span root;
      root.trace = TraceId::random();
      root.id = SpanId::random();
      root.name = "kafka.poll";
      root.start = spans.front().start;
      root.duration = took = SystemClock().now().wall - root.start;
      root.error = "a broker was lost";
      root.attributes = {{"highwater.cluster", settings_.name},
                         {"highwater.reason", "connection lost"}};
      for (Span& span : spans) {
        span.trace = root.trace;
        span.parent = root.id;
      }
      spans.insert(spans.begin(), std::move(root));
    }
    publish_brokers(took, std::move(spans));
    partitions_.next = groups_.next = steady_now();
    sweep_timer_.cancel();
  }

  void log_statuses() {
    for (const auto& [id, broker] : view_.brokers) {
      const LogLevel level = is_failed(broker.status) ? LogLevel::warning : LogLevel::info;
      log_.on_change(fmt::format("broker/{}/{}", settings_.name, id), status_name(broker.status),
                     level, "broker status changed",
                     {{"cluster", settings_.name},
                      {"broker", id},
                      {"status", status_name(broker.status)},
                      {"why", broker.why}});
    }
    log_.on_change("reachable/" + settings_.name,
                   view_.reachable ? "yes" : "no " + view_.why_unreachable,
                   view_.reachable ? LogLevel::info : LogLevel::warning,
                   view_.reachable ? "cluster reached" : "cluster cannot be reached",
                   {{"cluster", settings_.name}, {"why", view_.why_unreachable}});
  }

  asio::awaitable<void> brokers_loop() {
    bool first = true;
    while (!stopping_) {
      if (!first) publish_brokers({}, {});
      first = false;
      const bool quorum_changed = co_await quorum_.read();
      if (stopping_) co_return;
      if (quorum_changed) publish_brokers({}, {});
      if (steady_now() >= next_reassignments_ && !brokers_.usable().empty()) {
        next_reassignments_ = steady_now() + settings_.poll.partitions;
        co_await sweep_.read_reassignments(quorum_.broker());
      }
      if (stopping_) co_return;
      std::error_code ignored;
      // Until the first answer a tick comes soon, so that the start is not a whole cadence blind.
      brokers_timer_.expires_after(view_.ever_reached
                                       ? settings_.poll.brokers
                                       : std::min<Duration>(settings_.poll.brokers, seconds(1)));
      co_await brokers_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  const ClusterSettings settings_;
  Log& log_;
  OnUpdate on_update_;
  ClusterView view_;
  asio::io_context io_{1};
  asio::steady_timer sweep_timer_;
  asio::steady_timer brokers_timer_;
  Brokers brokers_;
  Sweep sweep_;
  QuorumWatch quorum_;
  Schedule partitions_;
  Schedule groups_;
  Schedule configs_;
  SteadyTime alert_until_{};
  SteadyTime next_reassignments_{};
  SteadyTime next_rebalances_ = SteadyTime::max();
  bool stopping_ = false;
  std::thread thread_;
};

ClusterPoller::ClusterPoller(ClusterSettings settings, Log& log, OnUpdate on_update)
    : impl_(std::make_unique<Impl>(std::move(settings), log, std::move(on_update))) {}
ClusterPoller::~ClusterPoller() {
  stop();
}
void ClusterPoller::start() {
  impl_->start();
}
void ClusterPoller::stop() {
  impl_->stop();
}

}  // namespace highwater::kafka
