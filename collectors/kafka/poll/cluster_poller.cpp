#include "collectors/kafka/poll/cluster_poller.h"

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

#include "collectors/kafka/brokers/brokers.h"
#include "collectors/kafka/brokers/quorum_watch.h"
#include "collectors/kafka/client/token_bucket.h"
#include "collectors/kafka/poll/group_spans.h"
#include "collectors/kafka/poll/pause_watch.h"
#include "collectors/kafka/poll/poll_log.h"
#include "collectors/kafka/poll/schedule.h"
#include "collectors/kafka/poll/sweep.h"

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
// Two sweeps never start closer together than this, however many events there are; and when events
// go on and on, a sweep for them comes once a second.
constexpr auto kSweepGap = milliseconds(200);
constexpr double kSweepsAtOnce = 10;
constexpr double kSweepsPerSecond = 1;
// The first change of a broker's status is told at once, those that follow closely together.
constexpr auto kTellGap = milliseconds(100);
constexpr auto kBeat = seconds(1);
// After a pause of our own brokers are said to be nothing before each was looked at again; one that
// cannot be connected to and hangs needs this long.
constexpr auto kConfirmWithin = seconds(6);

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

class ClusterPoller::Impl {
 public:
  Impl(ClusterSettings settings, Log& log, OnUpdate on_update)
      : settings_(std::move(settings)),
        poll_log_(settings_.name, settings_.poll.partitions, log),
        on_update_(std::move(on_update)),
        sweep_timer_(io_),
        brokers_timer_(io_),
        beat_timer_(io_),
        tell_timer_(io_),
        brokers_(
            io_.get_executor(), link_settings(settings_), bootstrap(settings_), view_,
            [this](std::vector<Span> spans) { on_status_changed(std::move(spans)); },
            link_tools(settings_)),
        sweep_(
            brokers_, sweep_settings(settings_), view_,
            {[this](const MetadataResponse& metadata, Now now) {
               brokers_.on_metadata(metadata, now);
             },
             [this](const DescribeClusterResponse& cluster) { brokers_.on_registered(cluster); }}),
        quorum_(brokers_, sweep_, view_) {
    if (settings_.scope) brokers_.watch_needed_only();
    places_.allow(settings_.most_connections);
    places_.allow_answers(settings_.memory / 4);
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
      asio::co_spawn(io_, beat_loop(), asio::detached);
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
      beat_timer_.cancel();
      tell_timer_.cancel();
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
    links.longest_back_off = settings.longest_back_off;
    links.prove_broker = !settings.scope;
    return links;
  }
  static std::shared_ptr<LinkTools> link_tools(const ClusterSettings& settings) {
    auto tools = std::make_shared<LinkTools>();
    tools->security = make_security(settings.security, settings.ask_http);
    return tools;
  }
  static std::vector<BootstrapServer> bootstrap(const ClusterSettings& settings) {
    std::vector<BootstrapServer> servers;
    for (const auto& [host, port] : settings.bootstrap) servers.push_back({host, port});
    return servers;
  }
  static SweepSettings sweep_settings(const ClusterSettings& settings) {
    const Duration shortest = std::min(settings.poll.partitions, settings.poll.groups);
    return {settings.topics,
            settings.groups,
            settings.internal_topics,
            std::clamp<Duration>(shortest / 2, milliseconds(300), settings.request_timeout),
            settings.memory,
            settings.scope};
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
    publish("rebalances", read_at(*run), steady_now() - started, groups_, std::move(run->spans),
            {});
  }

  // What a run brought that was interrupted by a pause of our own is as old as its begin.
  Now read_at(const SweepRun& run) {
    beat();
    return pauses_.paused_since(run.start.steady) ? run.start : SystemClock().now();
  }

  asio::awaitable<void> beat_loop() {
    while (!stopping_) {
      beat();
      poll_log_.places(places_);
      std::error_code ignored;
      beat_timer_.expires_after(kBeat);
      co_await beat_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  void beat() {
    const SteadyTime before = steady_now();
    if (!pauses_.beat(SystemClock().now())) return;
    poll_log_.paused();
    quorum_.forget(before);
    brokers_.confirm_all();
    partitions_.next = groups_.next = before;
    sweep_timer_.cancel();
    brokers_timer_.cancel();
  }

  // Whether the brokers were looked at since the last pause of our own.
  [[nodiscard]] bool brokers_confirmed() const {
    const auto& resumed = pauses_.resumed();
    return !resumed || steady_now() - *resumed > kConfirmWithin ||
           brokers_.confirmed_since(*resumed);
  }

  void schedule_rebalances(SteadyTime started) {
    next_rebalances_ =
        sweep_.any_rebalancing(started) ? started + kRebalanceCadence : SteadyTime::max();
  }

  void finish(SweepRun& run, const SweepDue& due, SteadyTime started) {
    const Now at = read_at(run);
    const bool paused = pauses_.paused_since(started);
    // The time in which we did not run is no cost of the poll.
    const Duration took = paused ? Duration::zero() : steady_now() - started;
    const Duration at_most = alert() ? Duration(kAlertCadence) : Duration::max();
    if (!paused) partitions_.done(started, took, at_most);
    if (due.groups) {
      if (!paused) groups_.done(started, took, at_most);
      schedule_rebalances(started);
    }
    if (due.configs && !paused) configs_.done(started, took, Duration::max());
    brokers_.on_topics(at.steady);
    poll_log_.stretched(partitions_.effective > settings_.poll.partitions, took, alert());
    std::vector<Span> group_spans = take_group_spans(run.spans);
    publish("partitions", at, took, partitions_, std::move(run.spans), run.problems);
    publish("topics", at, took, partitions_, {}, {});
    if (due.groups) publish("groups", at, took, groups_, std::move(group_spans), run.problems);
    publish_brokers(took, {});
  }

  void publish(std::string_view part, Now at, Duration took, const Schedule& schedule,
               std::vector<Span> spans, std::vector<Problem> problems) {
    Update update;
    update.part = part;
    update.at = at;
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
    beat();
    if (!brokers_confirmed()) return;
    brokers_.refresh_response_times();
    brokers_.refresh_security();
    quorum_.judge(steady_now());
    Schedule schedule;
    schedule.configured = schedule.effective = settings_.poll.brokers;
    publish("brokers", SystemClock().now(), took, schedule, std::move(spans), {});
  }

  [[nodiscard]] bool alert() const {
    return steady_now() < alert_until_ || std::ranges::any_of(view_.brokers, [](const auto& entry) {
             return entry.second.contradicted_since.has_value();
           });
  }

  void on_status_changed(std::vector<Span> spans) {
    if (stopping_) return;
    alert_until_ = steady_now() + kAlertFor;
    if (!spans.empty() || untold_.empty()) std::swap(untold_, spans);
    if (telling_) return;
    telling_ = true;
    if (steady_now() - told_ >= kTellGap) return tell_statuses();
    tell_timer_.expires_at(told_ + kTellGap);
    tell_timer_.async_wait([this](const std::error_code& cancelled) {
      if (!cancelled && !stopping_) tell_statuses();
    });
  }

  void tell_statuses() {
    telling_ = false;
    told_ = steady_now();
    poll_log_.statuses(view_);
    std::vector<Span> spans = std::exchange(untold_, {});
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
    if (!event_sweeps_.take(steady_now())) return;
    partitions_.next = groups_.next = steady_now();
    sweep_timer_.cancel();
  }

  asio::awaitable<void> brokers_loop() {
    bool first = true;
    while (!stopping_) {
      if (!first) publish_brokers({}, {});
      first = false;
      if (!settings_.scope) co_await read_controller();
      if (stopping_) co_return;
      std::error_code ignored;
      // Until the first answer a tick comes soon, so that the start is not a whole cadence blind.
      brokers_timer_.expires_after(view_.ever_reached && brokers_confirmed()
                                       ? settings_.poll.brokers
                                       : std::min<Duration>(settings_.poll.brokers, seconds(1)));
      co_await brokers_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  asio::awaitable<void> read_controller() {
    const bool quorum_changed = co_await quorum_.read();
    if (stopping_) co_return;
    if (quorum_changed) publish_brokers({}, {});
    if (steady_now() >= next_reassignments_ && !brokers_.usable().empty()) {
      next_reassignments_ = steady_now() + settings_.poll.partitions;
      co_await sweep_.read_reassignments(quorum_.broker());
    }
  }

  const ClusterSettings settings_;
  PollLog poll_log_;
  OnUpdate on_update_;
  ClusterView view_;
  asio::io_context io_{1};
  ConnectionPlaces& places_ = asio::use_service<ConnectionPlaces>(io_);
  asio::steady_timer sweep_timer_;
  asio::steady_timer brokers_timer_;
  asio::steady_timer beat_timer_;
  asio::steady_timer tell_timer_;
  PauseWatch pauses_;
  Brokers brokers_;
  Sweep sweep_;
  QuorumWatch quorum_;
  Schedule partitions_;
  Schedule groups_;
  Schedule configs_;
  std::vector<Span> untold_;  // of the first change that was not told yet
  SteadyTime told_{};
  bool telling_ = false;  // now, or when the timer says so
  TokenBucket event_sweeps_{kSweepsAtOnce, kSweepsPerSecond};
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
