#include "tests/week/watcher.h"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <utility>

#include "agent/catalogue.h"
#include "collectors/sources/readings.h"
#include "exporters/runbooks/runbooks.h"
#include "rules/language/load.h"

namespace highwater::testing {
namespace {

const Symbol kCluster("prod");
constexpr Duration kBudgetsEvery = seconds(60);
// So long nobody has named a controller before that is said.
constexpr Duration kQuorumSilence = seconds(15);

sources::Mapping counter_of_groups(std::string_view measure, std::string metric) {
  sources::Mapping mapping;
  const auto all = sources::source_measures();
  mapping.measure = *std::ranges::find(all, measure, &Measure::name);
  mapping.sources = {0};
  mapping.metrics = {std::move(metric)};
  mapping.cells.resize(3);  // the topic is empty
  mapping.cells[0].from = sources::CellRule::From::cluster;
  mapping.cells[1].from = sources::CellRule::From::label;
  mapping.cells[1].text = "group";
  return mapping;
}

}  // namespace

rules::RuleSet builtin_rules_with(const std::string& slos) {
  Diagnostics diagnostics;
  const Result<Runbooks> runbooks = Runbooks::load();
  const auto exists = [&](std::string_view name) { return runbooks->exists(name); };
  rules::RuleSettings settings;
  rules::RuleSet rules = rules::load_rules(settings, agent::catalogue(), exists, diagnostics);
  rules::RuleSet more;
  if (!slos.empty())
    more = rules::parse_rules(slos, "slos.yaml", agent::catalogue(), exists, diagnostics);
  for (const Diagnostic& diagnostic : diagnostics) throw std::runtime_error(diagnostic.text());
  rules.watch_first = agent::watch_first();
  rules.slos.insert(rules.slos.end(), more.slos.begin(), more.slos.end());
  return rules;
}

std::vector<std::string> builtin_slo_names() {
  Diagnostics diagnostics;
  std::vector<std::string> names;
  for (const rules::SloRule& slo : rules::parse_rules(
                                       rules::builtin_slos_text(), "<built-in>", agent::catalogue(),
                                       [](std::string_view) { return true; }, diagnostics)
                                       .slos)
    names.push_back(slo.name);
  return names;
}

const sources::SourcePlan& source_plan() {
  static const sources::SourcePlan plan = [] {
    sources::SourcePlan one;
    one.sources.resize(1);
    one.sources[0].name = Symbol("app");
    one.sources[0].cluster = kCluster;
    one.sources[0].url = "http://127.0.0.1/";
    one.mappings = {counter_of_groups("records_failed_total", "app_failed_total"),
                    counter_of_groups("records_total", "app_records_total")};
    return one;
  }();
  return plan;
}

Watcher::Watcher(const rules::RuleSet& rules, Now now, const Kept& kept)
    : began_(now),
      canary_(kCluster, Symbol("highwater-canary"), kStep),
      node_(kCluster, Symbol("b"), false),
      node_log_dirs_(kCluster, Symbol("b")),
      sources_(source_plan(), {kCluster}),
      judged_(source_plan(), {kCluster}),
      engine_(rules),
      kept_(kept) {
  judged_.replace_rules(agent::rules_of_user(rules, agent::catalogue()));
  std::vector<rules::StateRecord> records;
  for (const auto& [key, value] : kept) records.push_back({key.first, key.second, value});
  const std::vector<std::string> problems = engine_.restore(records, now);
  if (!problems.empty()) throw std::runtime_error(problems.front());
}

Report Watcher::look(const kafka::ClusterView& truth, const Surroundings& around, Now now) {
  const kafka::ClusterView seen = show(truth, now);
  see(brokers_, seen, now);
  // What nobody has answered yet is not published.
  if (seen.reachable || seen.ever_reached) {
    see(partitions_, seen, now);
    see(topics_, seen, now);
    see(groups_, seen, now);
    see(rebalances_, seen, now);
  }
  look_beside(around, now);
  Report report = engine_.evaluate(std::make_shared<const Snapshot>(snapshot_), now);
  keep(report);
  return report;
}

void Watcher::look_beside(const Surroundings& around, Now now) {
  if (around.probe)
    take(canary_.interpret(*around.probe, now));
  else if (!around.probe_fails.empty())
    take(canary_.failed(around.probe_fails, now));
  if (around.node) {
    take(node_.interpret(*around.node, now, kStep));
    take(node_log_dirs_.interpret(around.node_disks, now, kStep));
  }
  if (around.has_source) {
    sources::Scrape scrape;
    scrape.at = now;
    scrape.took = std::chrono::milliseconds(20);
    if (around.page)
      scrape.readings = sources::read_page({*around.page, ""}, source_plan(), 0, now.wall).value();
    else
      scrape.failure = sources::Failure{Unknown::broker_unreachable, "it did not answer"};
    sources_.take(std::move(scrape));
    for (Observation& observation : sources_.observe(now)) take(std::move(observation));
  }
  Observation monitor = monitor_.interpret(snapshot_, kCluster, now);
  monitor.cadence = kStep;
  take(std::move(monitor));
  agent::SelfStatus self = around.self;
  self.rules = judged_.look(snapshot_, now.steady);
  Observation own = *self_.observe(self, now);
  own.cadence = kStep;
  take(std::move(own));
}

template <class Interpreter>
void Watcher::see(Interpreter& interpreter, const kafka::ClusterView& view, Now now) {
  collectors::PollInfo poll;
  poll.cadence = kStep;
  take(interpreter.interpret(view, std::move(poll), now));
}

void Watcher::take(Observation observation) {
  const auto key = std::pair(observation.cluster, observation.part);
  snapshot_.observations[key] = std::make_shared<const Observation>(std::move(observation));
}

void Watcher::keep(const Report& report) {
  const Now now = report.at;
  const bool budgets = !budgets_at_ || now.steady >= *budgets_at_ + kBudgetsEvery;
  if (report.transitions.empty() && !budgets) return;
  if (budgets) budgets_at_ = now.steady;
  Kept kept;
  if (!budgets) {
    for (const auto& record : kept_) {
      if (record.first.first == rules::kBudgetKind) kept.insert(record);
    }
  }
  for (rules::StateRecord& record : engine_.state(now, budgets))
    kept[{std::move(record.kind), std::move(record.key)}] = std::move(record.value);
  kept_ = std::move(kept);
}

Kept Watcher::stop(Now now) const {
  Kept kept;
  for (rules::StateRecord& record : engine_.state(now, true))
    kept[{std::move(record.kind), std::move(record.key)}] = std::move(record.value);
  return kept;
}

kafka::ClusterView Watcher::show(const kafka::ClusterView& truth, Now now) {
  kafka::ClusterView view = truth;
  reached_ = reached_ || truth.reachable;
  view.ever_reached = reached_;
  show_brokers(view, now);
  show_topics(view);
  show_groups(view, truth);
  view.held_back = std::move(held_);
  held_back_.update(view, now.steady);
  held_ = view.held_back;
  // Who was not there before cannot miss anything.
  if (truth.topics_vanished.stands() && !seen_topics_) {
    view.topics_vanished = {};
    view.topics_reason = view.groups_reason = Unknown::known;
  }
  seen_topics_ = seen_topics_ || (!truth.topics_vanished.stands() && reached_);
  if (truth.quorum.lost && now.steady <= began_.steady + kQuorumSilence) view.has_quorum = false;
  return view;
}

void Watcher::show_brokers(kafka::ClusterView& view, Now now) {
  if (!reached_) view.brokers.clear();
  for (auto& [id, broker] : view.brokers) {
    using kafka::BrokerStatus;
    if (broker.status == BrokerStatus::up) seen_up_.insert(id);
    // It looks like one that was stopped: nobody lists it, and it accepts no connection.
    const bool is_away = !broker.listed && (broker.status == BrokerStatus::stopped ||
                                            broker.status == BrokerStatus::crashed);
    if (is_away && !seen_up_.contains(id)) broker.status = BrokerStatus::stopped;
    const auto [known, added] = statuses_.try_emplace(id, broker.status, now);
    if (known->second.first != broker.status) known->second = {broker.status, now};
    broker.since = known->second.second;
    if (!broker.contradicted_since) {
      contradicted_.erase(id);
    } else {
      broker.contradicted_since = contradicted_.try_emplace(id, now.steady).first->second;
    }
  }
}

void Watcher::show_topics(kafka::ClusterView& view) {
  if (!reached_ || (view.topics_vanished.stands() && !seen_topics_)) view.topics.clear();
  for (kafka::TopicView& topic : view.topics) {
    for (kafka::PartitionView& partition : topic.partitions) {
      int32_t& leader =
          leaders_.try_emplace({topic.name.text(), partition.index}, -1).first->second;
      if (partition.leader >= 0) leader = partition.leader;
      partition.last_leader = leader;
    }
  }
}

// A group that its coordinator does not list now is there only for who has seen it before.
void Watcher::show_groups(kafka::ClusterView& view, const kafka::ClusterView& truth) {
  const bool nothing = !reached_ || (truth.topics_vanished.stands() && !seen_topics_);
  std::erase_if(view.groups, [&](const kafka::GroupView& group) {
    if (!nothing && group.listed == Unknown::known) seen_groups_.insert(group.id);
    return nothing || !seen_groups_.contains(group.id);
  });
  for (kafka::GroupView& group : view.groups) {
    if (group.committed_reason != Unknown::known) continue;
    auto& [committed, moved] = commits_[group.id];
    const auto differs = [](const kafka::CommittedTopic& a, const kafka::CommittedTopic& b) {
      return !std::ranges::equal(a.partitions, b.partitions, {}, &kafka::CommittedOffset::offset,
                                 &kafka::CommittedOffset::offset);
    };
    const bool first = committed.empty();
    if (!first && !std::ranges::equal(committed, group.committed, std::not_fn(differs)))
      moved = group.committed_at;
    committed = group.committed;
    group.last_commit_change = moved;
  }
}

}  // namespace highwater::testing
