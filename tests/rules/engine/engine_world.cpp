#include "tests/rules/engine/engine_world.h"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace highwater::rules::testing {

const Measure kReachable{
    "cluster_reachable", "Help.", Unit::boolean, MeasureType::gauge, {"cluster"}};
const Measure kQuorumLost{"quorum_lost", "Help.", Unit::boolean, MeasureType::gauge, {"cluster"}};
const Measure kFailed{
    "broker_failed", "Help.", Unit::boolean, MeasureType::gauge, {"cluster", "broker"}};
const Measure kSlow{
    "broker_slow", "Help.", Unit::boolean, MeasureType::gauge, {"cluster", "broker"}};
const Measure kUnder{"partition_under_replicated",
                     "Help.",
                     Unit::boolean,
                     MeasureType::gauge,
                     {"cluster", "topic", "partition"}};
const Measure kLeaderless{"partition_leaderless",
                          "Help.",
                          Unit::boolean,
                          MeasureType::gauge,
                          {"cluster", "topic", "partition"}};
const Measure kInSync{"partition_in_sync",
                      "Help.",
                      Unit::count,
                      MeasureType::gauge,
                      {"cluster", "topic", "partition"}};
const Measure kMinIsr{
    "topic_min_isr", "Help.", Unit::count, MeasureType::gauge, {"cluster", "topic"}};
const Measure kLag{"group_lag_records",
                   "Help.",
                   Unit::records,
                   MeasureType::gauge,
                   {"cluster", "group", "topic", "partition"}};
const Measure kLagSeconds{
    "group_lag_seconds", "Help.", Unit::seconds, MeasureType::gauge, {"cluster", "group"}};
const Measure kShare{"share", "Help.", Unit::ratio, MeasureType::gauge, {"cluster"}};

namespace {

std::vector<Symbol> symbols(const std::string& cluster, const Cells& cells) {
  std::vector<Symbol> made{Symbol(cluster)};
  for (const std::string& cell : cells) made.emplace_back(cell);
  return made;
}

std::vector<std::string_view> with_cluster(const std::vector<std::string_view>& dimensions) {
  std::vector<std::string_view> all{"cluster"};
  all.insert(all.end(), dimensions.begin(), dimensions.end());
  return all;
}

}  // namespace

void FakeCluster::set(const Measure& measure, const Cells& cells, double value) {
  tables_[&measure][cells] = {value, Unknown::known};
}

void FakeCluster::set_unknown(const Measure& measure, const Cells& cells, Unknown reason) {
  tables_[&measure][cells].reason = reason;
}

void FakeCluster::remove(const Measure& measure, const Cells& cells) {
  tables_[&measure].erase(cells);
}

void FakeCluster::drop_table(const Measure& measure) {
  tables_.erase(&measure);
}

void FakeCluster::relate(std::string_view name, std::vector<std::string_view> from,
                         std::vector<std::string_view> to, std::vector<Ends> pairs) {
  std::erase_if(relations_, [&](const RelationRows& rows) { return rows.name == name; });
  relations_.push_back({name, std::move(from), std::move(to), std::move(pairs)});
}

void FakeCluster::note(const std::vector<std::pair<std::string, std::string>>& labels,
                       std::string text) {
  notes_.push_back({entity(labels), std::move(text)});
}

void FakeCluster::publish(Snapshot& snapshot, Now now, std::string_view only) {
  std::set<std::string_view> parts;
  for (const auto& [measure, rows] : tables_) parts.insert(part_of(*measure));
  if (!relations_.empty()) parts.insert("relations");
  if (!notes_.empty()) parts.insert("main");
  for (const std::string_view part : parts) {
    if (!only.empty() && part != only) continue;
    auto observation = std::make_shared<Observation>();
    observation->cluster = Symbol(name_);
    observation->part = part;
    observation->at = now;
    observation->cadence = cadence_;
    observation->spans = spans_;
    for (const auto& [measure, rows] : tables_) {
      if (part_of(*measure) == part) observation->tables.push_back(table_of(*measure));
    }
    if (part == "relations") {
      for (const RelationRows& rows : relations_)
        observation->relations.push_back(relation_of(rows));
    }
    if (part == "main") observation->notes = notes_;
    snapshot.observations[{Symbol(name_), part}] = std::move(observation);
  }
}

Entity FakeCluster::entity(std::vector<std::pair<std::string, std::string>> labels) const {
  labels.emplace_back("cluster", name_);
  Entity entity;
  for (const auto& [name, value] : labels) entity.labels.emplace_back(Symbol(name), Symbol(value));
  std::sort(entity.labels.begin(), entity.labels.end());
  return entity;
}

std::string_view FakeCluster::part_of(const Measure& measure) const {
  const auto found = parts_.find(&measure);
  return found == parts_.end() ? "main" : found->second;
}

Table FakeCluster::table_of(const Measure& measure) {
  std::vector<Cells> rows;
  for (const auto& [cells, cell] : tables_[&measure]) rows.push_back(cells);
  if (reversed_) std::reverse(rows.begin(), rows.end());
  Keys& keys = keys_[&measure];
  if (keys.keys == nullptr || keys.rows != rows) {
    std::vector<Symbol> flat;
    for (const Cells& row : rows) {
      for (const Symbol& cell : symbols(name_, row)) flat.push_back(cell);
    }
    keys = {rows, std::make_shared<const KeySet>(measure.dimensions, std::move(flat))};
  }
  TableBuilder builder(measure, keys.keys);
  for (size_t i = 0; i < rows.size(); ++i) {
    const Cell& cell = tables_[&measure][rows[i]];
    if (cell.reason == Unknown::known)
      builder.set(i, cell.value);
    else
      builder.set_unknown(i, cell.reason, cell.value);
  }
  return std::move(builder).build();
}

Relation FakeCluster::relation_of(const RelationRows& rows) const {
  const auto key_set = [&](const std::vector<std::string_view>& dimensions, bool from) {
    std::set<Cells> distinct;
    for (const Ends& ends : rows.pairs) distinct.insert(from ? ends.first : ends.second);
    std::vector<Symbol> flat;
    for (const Cells& cells : distinct) {
      for (const Symbol& cell : symbols(name_, cells)) flat.push_back(cell);
    }
    return std::make_shared<const KeySet>(with_cluster(dimensions), std::move(flat));
  };
  Relation relation{rows.name, key_set(rows.from, true), key_set(rows.to, false), {}};
  relation.coordinates = rows.name.starts_with("coordinates");
  if (relation.coordinates)
    relation.words = {"group", "groups", "without a coordinator", "got another coordinator"};
  else if (rows.name.starts_with("leads"))
    relation.words = {"partition", "partitions", "offline", "failed over"};
  for (const auto& [from, to] : rows.pairs)
    relation.pairs.emplace_back(relation.from->find(symbols(name_, from)).value(),
                                relation.to->find(symbols(name_, to)).value());
  return relation;
}

AlertRule make_rule(std::string name, const Measure& measure, Comparison comparison,
                    double threshold) {
  AlertRule rule;
  rule.name = std::move(name);
  rule.when = {&measure, comparison, threshold, nullptr};
  rule.severity = Severity::page;
  rule.runbook = "broker-down";
  rule.summary = rule.name + " {value}";
  return rule;
}

AlertRule ground_rule(std::string name, const Measure& measure, Fault fault, CauseKinds caused_by,
                      double threshold) {
  AlertRule rule = make_rule(std::move(name), measure, Comparison::equal, threshold);
  rule.fault_keys.fault = fault;
  rule.fault_keys.caused_by = caused_by;
  return rule;
}

Pattern pattern(std::string_view text) {
  return Pattern::parse(text).value();
}

SloRule make_slo(std::string name, const Measure& measure, double objective) {
  SloRule rule;
  rule.name = std::move(name);
  rule.sli.first.measure = &measure;
  rule.sli.first.scope.aggregated = true;
  for (int i = 0; i < static_cast<int>(measure.dimensions.size()); ++i)
    rule.sli.first.scope.per.push_back(i);
  rule.objective = objective;
  rule.window.length = std::chrono::hours(30 * 24);
  rule.tiers = default_tiers(rule.window.length);
  rule.summary = "{slo} burns {burn} times too fast, {left} is left";
  rule.runbook = "consumer-lag";
  return rule;
}

EngineWorld::EngineWorld(RuleSet rules)
    : engine_(std::move(rules)),
      now_{SteadyTime(std::chrono::hours(100)), WallTime(std::chrono::hours(490'000))} {
  clusters_.reserve(8);
  clusters_.emplace_back();
}

FakeCluster& EngineWorld::add_cluster(std::string name) {
  return clusters_.emplace_back(std::move(name));
}

Report EngineWorld::poll(std::string_view only) {
  for (FakeCluster& cluster : clusters_) cluster.publish(snapshot_, now_, only);
  return tick();
}

Report EngineWorld::tick() {
  return engine_.evaluate(std::make_shared<const Snapshot>(snapshot_), now_);
}

const Alert& alert_of(const Report& report, std::string_view rule) {
  for (const Alert& alert : report.alerts) {
    if (alert.rule == rule) return alert;
  }
  throw std::runtime_error("no alert of " + std::string(rule));
}

size_t count_alerts(const Report& report, std::string_view rule) {
  return static_cast<size_t>(std::count_if(report.alerts.begin(), report.alerts.end(),
                                           [&](const Alert& alert) { return alert.rule == rule; }));
}

const Incident& incident_of(const Report& report, std::string_view rule) {
  for (const Incident& incident : report.incidents) {
    if (incident.cause.rule == rule) return incident;
  }
  throw std::runtime_error("no incident of " + std::string(rule));
}

std::vector<std::string> told(const Report& report) {
  std::vector<std::string> lines;
  for (const Transition& transition : report.transitions) {
    std::string line(transition_name(transition.kind));
    line += " " + transition.incident.cause.rule;
    if (!transition.resolution.empty()) line += ": " + transition.resolution;
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace highwater::rules::testing
