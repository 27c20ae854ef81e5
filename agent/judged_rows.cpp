#include "agent/judged_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "agent/core/diagnostic.h"
#include "collectors/sources/interpreter.h"
#include "rules/alerts/conditions.h"

namespace highwater::agent {
namespace {

constexpr std::string_view kBuiltinFile = "<built-in>";
constexpr size_t kMostNames = 5'000;
constexpr std::array<std::string_view, 4> kKafkaParts{"brokers", "partitions", "topics", "groups"};

// Their rows come with what a rule waits for: without any all is well.
constexpr std::array<std::string_view, 4> kRowsOfEvents{
    "collector_unknown_rows", "kafka_request_errors_total", "topic_failover_seconds",
    "group_rebalance_last_seconds"};

bool is_of_source(const Measure& measure, const sources::SourcePlan& plan) {
  return std::ranges::find(plan.mappings, &measure, &sources::Mapping::measure) !=
         plan.mappings.end();
}

bool is_fillable(const Measure& measure) {
  const auto measures = sources::fillable_measures();
  return std::ranges::find(measures, &measure) != measures.end();
}

bool matches_any(const rules::DimensionFilter& filter, std::string_view text) {
  return std::ranges::any_of(filter.patterns,
                             [&](const Pattern& pattern) { return pattern.matches(text); });
}

size_t selected_rows(const LookedAt& rule, const std::shared_ptr<const KeySet>& keys) {
  rules::RowScope rows = rule.scope;
  rows.aggregated = false;
  const rules::RowIndex index(*rule.measure, rows, keys);
  size_t count = 0;
  for (size_t row = 0; row < keys->rows(); ++row) count += index.selected(row) ? 1 : 0;
  return count;
}

// What the rows have in a dimension.
std::vector<std::string> names_in(int dimension, std::span<const KeySet* const> rows) {
  std::set<std::string> names;
  for (const KeySet* keys : rows) {
    for (size_t row = 0; row < keys->rows() && names.size() < kMostNames; ++row)
      names.insert(keys->row(row)[static_cast<size_t>(dimension)].text());
  }
  return {names.begin(), names.end()};
}

std::string pattern_texts(const rules::DimensionFilter& filter) {
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(filter.patterns.size(), 3); ++i)
    text += fmt::format("{}'{}'", i == 0 ? "" : " or ", filter.patterns[i].text());
  return text + (filter.patterns.size() > 3 ? " or others" : "");
}

}  // namespace

std::vector<LookedAt> rules_of_user(const rules::RuleSet& rules, const Catalogue& catalogue) {
  std::vector<LookedAt> looked_at;
  const auto add = [&](const std::string& name, const Measure* measure, rules::RowScope scope,
                       const std::string& where, bool may_be_empty) {
    if (may_be_empty || where.starts_with(kBuiltinFile)) return;
    if (measure == nullptr || catalogue.find(measure->name) != measure) return;
    if (std::ranges::find(kRowsOfEvents, measure->name) != kRowsOfEvents.end()) return;
    looked_at.push_back({name, measure, std::move(scope), where});
  };
  for (const rules::AlertRule& rule : rules.alerts)
    add(rule.name, rule.when.left, rule, rule.where, rule.may_be_empty);
  for (const rules::SloRule& rule : rules.slos) {
    const rules::SliSource& source = rule.sli.is_events() ? *rule.sli.total : rule.sli.first;
    add(rule.name, source.measure, source.scope, rule.where, rule.may_be_empty);
  }
  return looked_at;
}

JudgedRows::JudgedRows(sources::SourcePlan plan, std::vector<Symbol> clusters)
    : plan_(std::move(plan)), clusters_(std::move(clusters)) {}

void JudgedRows::replace_world(sources::SourcePlan plan, std::vector<Symbol> clusters) {
  const std::lock_guard lock(mutex_);
  plan_ = std::move(plan);
  clusters_ = std::move(clusters);
}

void JudgedRows::replace_rules(std::vector<LookedAt> rules) {
  const std::lock_guard lock(mutex_);
  watched_.clear();
  for (LookedAt& rule : rules) watched_.push_back({std::move(rule), {}, {}, {}});
}

std::vector<RuleRows> JudgedRows::look(const Snapshot& snapshot, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  std::vector<RuleRows> all;
  for (Watched& watched : watched_) all.push_back(look(watched, snapshot, now));
  return all;
}

RuleRows JudgedRows::look(Watched& watched, const Snapshot& snapshot, SteadyTime now) const {
  const LookedAt& rule = watched.rule;
  std::vector<const KeySet*> tables;
  bool unread = false;
  for (const auto& [key, observation] : snapshot.observations) {
    if (observation == nullptr) continue;
    const Table* const table = observation->find(*rule.measure);
    if (table == nullptr || table->keys == nullptr) continue;
    Count& count = watched.counts[key.first];
    if (count.keys != table->keys) count = {table->keys, selected_rows(rule, table->keys)};
    if (count.rows > 0) return {rule.rule, false, {}};
    tables.push_back(table->keys.get());
    // An empty list after a fault of the reading says nothing.
    const bool partial =
        table->rows() == 0 && !observation->problems.empty() && key.second != sources::kSourcesPart;
    unread = unread || partial || is_stale(*observation, now);
  }
  if (unread) return {rule.rule, std::nullopt, {}};
  if (tables.empty()) {
    const auto nothing = without_table(*rule.measure, snapshot, now);
    if (!nothing) return {rule.rule, std::nullopt, {}};
    return {rule.rule, true,
            is_fillable(*rule.measure)
                ? fmt::format("no entry of 'measures' fills '{}'", rule.measure->name)
                : fmt::format("nothing measures '{}' here", rule.measure->name)};
  }
  if (watched.explained != tables) {
    watched.why = why_nothing(rule, tables);
    watched.explained = std::move(tables);
  }
  return {rule.rule, true, watched.why};
}

// Without a table: whether it is certain that there is none.
std::optional<bool> JudgedRows::without_table(const Measure& measure, const Snapshot& snapshot,
                                              SteadyTime now) const {
  if (is_of_source(measure, plan_)) return std::nullopt;
  for (const Symbol& cluster : clusters_) {
    for (const std::string_view part : kKafkaParts) {
      const auto found = snapshot.observations.find({cluster, part});
      if (found == snapshot.observations.end() || found->second == nullptr ||
          is_stale(*found->second, now))
        return std::nullopt;
    }
  }
  return true;
}

std::string why_nothing(const LookedAt& rule, std::span<const KeySet* const> rows) {
  size_t count = 0;
  for (const KeySet* keys : rows) count += keys->rows();
  if (count == 0) return fmt::format("'{}' has no rows", rule.measure->name);
  for (const rules::DimensionFilter& filter : rule.scope.select) {
    const std::vector<std::string> names = names_in(filter.dimension, rows);
    const bool any = std::ranges::any_of(
        names, [&](const std::string& name) { return matches_any(filter, name); });
    if (any || names.size() == kMostNames) continue;
    std::string near;
    for (size_t i = 0; near.empty() && i < filter.patterns.size(); ++i)
      near = near_name(filter.patterns[i], names);
    return fmt::format("no {} is like {}{}{}",
                       rule.measure->dimensions[static_cast<size_t>(filter.dimension)],
                       pattern_texts(filter), near.empty() ? "" : ": ", near);
  }
  return fmt::format("'select' and 'exclude' leave none of the {} rows of '{}'", count,
                     rule.measure->name);
}

std::string near_name(const Pattern& pattern, std::span<const std::string> names) {
  const std::string& text = pattern.text();
  if (text.starts_with('/')) return {};
  const std::string prefix = text.substr(0, text.find_first_of("*?"));
  if (prefix.empty()) return {};
  const bool whole = prefix.size() == text.size();
  std::vector<std::string> candidates;
  for (const std::string& name : names)
    candidates.push_back(whole ? name : name.substr(0, prefix.size()));
  const std::string near = closest(prefix, candidates);
  if (near.empty()) return {};
  const auto found = std::ranges::find(candidates, near);
  return fmt::format("did you mean '{}'?", names[static_cast<size_t>(found - candidates.begin())]);
}

}  // namespace highwater::agent
