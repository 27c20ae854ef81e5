#include "agent/pipeline.h"

#include <pthread.h>

#include <algorithm>

#include "agent/reading_age.h"
#include "agent/self_observation.h"
#include "collectors/sources/interpreter.h"

namespace highwater::agent {
namespace {

using std::chrono::seconds;

constexpr auto kHeartbeat = seconds(1);
// How often the agent looks at itself: ages, unknown rows, receivers.
constexpr auto kSelfEvery = seconds(5);
// Each question and each change holds a thread of the HTTP server.
constexpr size_t kMostAsked = 2;
constexpr std::string_view kParts[] = {"brokers", "partitions", "topics", "groups"};
constexpr std::string_view kPartsOfNode[] = {"node"};

Span evaluation_span(Now start, Duration took, const Report& report) {
  Span span;
  span.trace = TraceId::random();
  span.id = SpanId::random();
  span.name = "rules.evaluate";
  span.start = start.wall;
  span.duration = took;
  span.attributes = {{"highwater.alerts", std::to_string(report.alerts.size())},
                     {"highwater.incidents", std::to_string(report.incidents.size())},
                     {"highwater.transitions", std::to_string(report.transitions.size())}};
  return span;
}

ObservationPtr with_spans(const Observation& observation, const std::vector<Span>& spans) {
  auto copy = std::make_shared<Observation>(observation);
  copy->spans = spans;
  return copy;
}

// Nothing more can be read of a cluster that was tried and cannot be reached: that is the round.
bool is_unreachable(const Snapshot& snapshot, const Symbol& cluster) {
  const auto brokers = snapshot.observations.find({cluster, "brokers"});
  if (brokers == snapshot.observations.end()) return false;
  return std::ranges::any_of(brokers->second->tables, [](const Table& table) {
    return table.measure->name == "cluster_reachable" && table.rows() == 1 && table.known(0) &&
           table.values[0] == 0;
  });
}

// Tables of other measures have no row in it: what was said of their rows ends.
ObservationPtr without_others(const Observation& observation,
                              std::span<const Measure* const> measures) {
  auto copy = std::make_shared<Observation>(observation);
  for (Table& table : copy->tables) {
    if (std::ranges::find(measures, table.measure) != measures.end()) continue;
    table = TableBuilder(*table.measure, std::make_shared<const KeySet>(table.measure->dimensions,
                                                                        std::vector<Symbol>()))
                .build();
  }
  return copy;
}

}  // namespace

Pipeline::Pipeline(rules::RuleSet rules, std::vector<Symbol> clusters,
                   std::vector<Observe> observers, const Clock& clock, OnReport on_report,
                   OnJudged on_judged)
    : clock_(clock),
      on_report_(std::move(on_report)),
      on_judged_(std::move(on_judged)),
      engine_(std::move(rules)),
      observers_(std::move(observers)),
      clusters_(std::move(clusters)),
      heartbeat_(clock.now().steady) {}

Pipeline::~Pipeline() {
  stop();
}

void Pipeline::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "hw-pipeline");
    run();
  });
}

void Pipeline::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Pipeline::publish(ObservationPtr observation) {
  {
    const std::lock_guard lock(mutex_);
    const auto waiting = std::ranges::find_if(pending_, [&](const ObservationPtr& other) {
      return other->cluster == observation->cluster && other->part == observation->part;
    });
    if (waiting == pending_.end()) {
      pending_.push_back(std::move(observation));
    } else {
      // Only the newest of a part counts, so what waits is bounded. The trace of the one that
      // nobody looked at goes on with it: it may be the poll that revealed a fault.
      *waiting = observation->spans.empty() ? with_spans(*observation, (*waiting)->spans)
                                            : std::move(observation);
    }
  }
  wake_.notify_all();
}

void Pipeline::watch(const std::vector<Symbol>& clusters,
                     std::span<const Measure* const> of_sources) {
  for (const Symbol& cluster : engine_.clusters()) {
    const bool stays = cluster.text() == kSelfCluster || cluster.text().empty() ||
                       std::ranges::find(clusters, cluster) != clusters.end();
    if (stays) continue;
    engine_.forget_cluster(cluster);
    monitors_.erase(cluster);
  }
  std::erase_if(current_.observations, [&](const auto& entry) {
    const Symbol& cluster = entry.first.first;
    return cluster.text() != kSelfCluster && std::ranges::find(clusters, cluster) == clusters.end();
  });
  for (auto& [key, observation] : current_.observations) {
    if (key.second == sources::kSourcesPart) observation = without_others(*observation, of_sources);
  }
  const std::lock_guard lock(mutex_);
  clusters_ = clusters;
}

void Pipeline::replace_rules(rules::RuleSet rules) {
  {
    const std::lock_guard lock(mutex_);
    pending_rules_ = std::move(rules);
  }
  wake_.notify_all();
}

std::future<void> Pipeline::submit(std::function<void(Now)> act) {
  const auto change = std::make_shared<Change>();
  change->act = std::move(act);
  std::future<void> done = change->done.get_future();
  {
    const std::lock_guard lock(mutex_);
    changes_.push_back(change);
  }
  wake_.notify_all();
  return done;
}

bool Pipeline::change(std::function<void(Now)> act, Duration patience) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || changes_.size() >= kMostAsked) return false;
  }
  return submit(std::move(act)).wait_for(patience) == std::future_status::ready;
}

std::optional<ExplainAnswer> Pipeline::explain(ExplainQuestion question, Duration patience) {
  const auto asked = std::make_shared<Asked>();
  asked->question = std::move(question);
  std::future<ExplainAnswer> answer = asked->answer.get_future();
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || asked_.size() >= kMostAsked) return std::nullopt;
    asked_.push_back(asked);
  }
  wake_.notify_all();
  if (answer.wait_for(patience) != std::future_status::ready) return std::nullopt;
  return answer.get();
}

void Pipeline::run() {
  std::unique_lock lock(mutex_);
  std::optional<SteadyTime> deadline;
  while (true) {
    SteadyTime until = clock_.now().steady + kHeartbeat;
    if (deadline) until = std::min(until, *deadline);
    wake_.wait_until(lock, until, [this] {
      return stopping_ || !pending_.empty() || pending_rules_ || !asked_.empty() ||
             !changes_.empty();
    });
    const bool last = stopping_;
    std::vector<ObservationPtr> news = std::move(pending_);
    pending_.clear();
    std::optional<rules::RuleSet> rules = std::move(pending_rules_);
    pending_rules_.reset();
    const std::vector<std::shared_ptr<Asked>> questions = std::move(asked_);
    asked_.clear();
    const std::vector<std::shared_ptr<Change>> changes = std::move(changes_);
    changes_.clear();
    const Now now = clock_.now();
    heartbeat_ = now.steady;
    lock.unlock();

    bool changed = age(now) || !news.empty() || rules.has_value();
    for (ObservationPtr& observation : news) take(aged(std::move(observation), now));
    if (rules) engine_.replace_rules(std::move(*rules));
    for (const auto& change : changes) change->act(now);
    changed = changed || !changes.empty();
    if (now.steady >= next_self_ || changed) {
      changed = changed || now.steady >= next_self_;
      observe_self(now);
    }
    if (changed || (deadline && now.steady >= *deadline)) {
      evaluate(now);
      deadline = engine_.next_deadline();
      // A deadline that stays in the past must not become a busy loop.
      if (deadline) deadline = std::max(*deadline, now.steady + std::chrono::milliseconds(50));
    }
    for (const auto& change : changes) change->done.set_value();
    for (const auto& asked : questions)
      asked->answer.set_value(engine_.explain(asked->question, now));

    lock.lock();
    if (last) return;
  }
}

// True when the machine slept: what was read before is that much older.
bool Pipeline::age(Now now) {
  bool any = false;
  for (auto& [key, observation] : current_.observations) {
    ObservationPtr older = aged(observation, now);
    any = any || older != observation;
    observation = std::move(older);
  }
  return any;
}

void Pipeline::take(ObservationPtr observation) {
  ObservationPtr& place = current_.observations[{observation->cluster, observation->part}];
  place = std::move(observation);
}

void Pipeline::observe_self(Now now) {
  if (now.steady < next_self_) return;
  next_self_ = now.steady + kSelfEvery;
  for (const Symbol& cluster : clusters_) {
    Observation monitor = monitors_[cluster].interpret(current_, cluster, now);
    monitor.cadence = kSelfEvery;
    take(std::make_shared<const Observation>(std::move(monitor)));
  }
  for (const Observe& observe : observers_) {
    if (ObservationPtr observation = observe(now)) take(std::move(observation));
  }
}

void Pipeline::evaluate(Now now) {
  auto report =
      std::make_shared<Report>(engine_.evaluate(std::make_shared<const Snapshot>(current_), now));
  report->took = clock_.now().steady - now.steady;
  report->evaluation = evaluation_span(now, report->took, *report);
  if (on_judged_) on_judged_(engine_, *report);
  const ReportPtr published = std::move(report);
  on_report_(published);
  const std::lock_guard lock(mutex_);
  latest_ = published;
}

ReportPtr Pipeline::latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

Duration Pipeline::heartbeat_age() const {
  const SteadyTime now = clock_.now().steady;
  const std::lock_guard lock(mutex_);
  return now - heartbeat_;
}

void Pipeline::expect_node_alone(bool alone) {
  const std::lock_guard lock(mutex_);
  node_alone_ = alone;
}

std::vector<std::string> Pipeline::missing() const {
  const ReportPtr report = latest();
  std::vector<std::string> missing;
  std::vector<Symbol> clusters;
  std::span<const std::string_view> parts = kParts;
  {
    const std::lock_guard lock(mutex_);
    clusters = clusters_;
    if (node_alone_) parts = kPartsOfNode;
  }
  for (const Symbol& cluster : clusters) {
    if (report && is_unreachable(*report->snapshot, cluster)) continue;
    for (const std::string_view part : parts) {
      if (!report || !report->snapshot->observations.contains({cluster, part}))
        missing.push_back(cluster.text() + "/" + std::string(part));
    }
  }
  return missing;
}

}  // namespace highwater::agent
