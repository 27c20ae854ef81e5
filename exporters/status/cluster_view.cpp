#include "exporters/status/cluster_view.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

namespace highwater {
namespace {

// Ids are numbers nearly always; "10" comes after "9".
bool id_before(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

struct IdOrder {
  bool operator()(const std::string& a, const std::string& b) const { return id_before(a, b); }
};
using Brokers = std::map<std::string, BrokerView, IdOrder>;

bool usable(const Table& table, size_t row, bool stale) {
  return !stale && table.known(row) && !std::isnan(table.values[row]);
}

std::string_view cell(const Table& table, size_t row, std::string_view dimension) {
  const int index = dimension_index(*table.measure, dimension);
  return index < 0 ? std::string_view() : table.keys->row(row)[static_cast<size_t>(index)].text();
}

void add_brokers(const Table& table, bool stale, Brokers& brokers) {
  const std::string_view measure = table.measure->name;
  if (measure != "broker_up" && measure != "broker_status" &&
      measure != "broker_status_timestamp_seconds")
    return;
  for (size_t row = 0; row < table.rows(); ++row) {
    const std::string id(cell(table, row, "broker"));
    BrokerView& broker = brokers[id];
    broker.id = id;
    if (!usable(table, row, stale)) continue;
    if (measure == "broker_up") broker.up = table.values[row] > 0;
    if (measure == "broker_status") broker.status = cell(table, row, "status");
    if (measure == "broker_status_timestamp_seconds") broker.since_unix_seconds = table.values[row];
  }
}

const Table* find_table(const Observation& observation, std::string_view measure) {
  const auto found = std::ranges::find_if(
      observation.tables, [&](const Table& table) { return table.measure->name == measure; });
  return found == observation.tables.end() ? nullptr : &*found;
}

// How much of something can be used.
struct Reading {
  size_t known = 0;
  size_t unknown = 0;
  size_t unread = 0;               // of these, what something keeps from being read
  Unknown fault = Unknown::known;  // the first one met

  void add(const Table& table, size_t row, bool stale) {
    if (usable(table, row, stale)) {
      ++known;
      return;
    }
    ++unknown;
    const Unknown reason = table.reason(row);
    if (is_fault(reason) || (stale && reason == Unknown::known)) ++unread;
    if (fault == Unknown::known && is_fault(reason)) fault = reason;
  }
  // Empty when something is known, or nothing kept it from being.
  [[nodiscard]] std::string why_blind() const {
    return known > 0 || fault == Unknown::known ? "" : std::string(unknown_sentence(fault));
  }
};

// Of each group's lag, over its topics. One without anything reads nothing by offsets.
using GroupLags = std::map<std::string_view, Reading>;

void add_lags(const Observation& observation, bool stale, std::vector<GroupView>& groups,
              GroupLags& lags) {
  const Table* records = find_table(observation, "group_topic_lag_records");
  const Table* seconds = find_table(observation, "group_lag_seconds_max");
  if (records == nullptr) return;
  for (size_t row = 0; row < records->rows(); ++row) {
    GroupView& group = groups.emplace_back();
    group.group = cell(*records, row, "group");
    group.topic = cell(*records, row, "topic");
    lags[cell(*records, row, "group")].add(*records, row, stale);
    if (!usable(*records, row, stale)) continue;
    group.lag_records = records->values[row];
    const auto same =
        seconds == nullptr ? std::nullopt : seconds->keys->find(records->keys->row(row));
    if (same && usable(*seconds, *same, stale)) group.lag_seconds = seconds->values[*same];
  }
}

// Groups without a row of lag: those that commit nothing, and those whose offsets were never read.
// Who may not read a group's offsets is not told its members either, or whether it is in use.
void add_other_groups(const Observation& observation, bool stale, std::vector<GroupView>& groups,
                      GroupLags& lags) {
  GroupLags others;
  for (const std::string_view measure : {"group_active", "group_members"}) {
    const Table* table = find_table(observation, measure);
    for (size_t row = 0; table != nullptr && row < table->rows(); ++row) {
      const std::string_view group = cell(*table, row, "group");
      if (lags.contains(group)) continue;
      Reading& other = others[group];
      if (!usable(*table, row, stale)) other.add(*table, row, stale);
    }
  }
  for (const auto& [group, other] : others) {
    if (other.unknown > 0) groups.emplace_back().group = group;
  }
  lags.merge(others);
}

std::string why_no_lag(const GroupLags& lags) {
  Reading all;
  for (const auto& [group, lag] : lags) {
    all.known += lag.known > 0 || lag.unknown == 0 ? 1 : 0;
    if (all.fault == Unknown::known) all.fault = lag.fault;
  }
  return all.why_blind();
}

void add_budgets(const Observation& observation, bool stale, std::vector<BudgetView>& budgets) {
  const Table* remaining = find_table(observation, "slo_error_budget_remaining_ratio");
  const Table* coverage = find_table(observation, "slo_coverage_ratio");
  const Table* excluded = find_table(observation, "slo_excluded_seconds");
  if (remaining == nullptr) return;
  std::set<std::string_view> seen;
  for (size_t row = 0; row < remaining->rows(); ++row) {
    seen.insert(cell(*remaining, row, "slo"));
    if (stale) continue;
    BudgetView& budget = budgets.emplace_back();
    budget.slo = cell(*remaining, row, "slo");
    budget.entity = cell(*remaining, row, "entity");
    if (remaining->known(row)) budget.remaining = remaining->values[row];
    const auto value_in = [&](const Table* table) -> std::optional<double> {
      if (table == nullptr) return std::nullopt;
      const auto same = table->keys->find(remaining->keys->row(row));
      return same && usable(*table, *same, stale) ? std::optional(table->values[*same])
                                                  : std::nullopt;
    };
    budget.coverage = value_in(coverage);
    budget.excluded = value_in(excluded).value_or(0);
  }
  // One that never saw a row has no budget: that must be seen as well.
  const Table* const slos = find_table(observation, "slo_objective_ratio");
  for (size_t row = 0; slos != nullptr && !stale && row < slos->rows(); ++row) {
    const std::string_view slo = cell(*slos, row, "slo");
    if (!seen.contains(slo))
      budgets.push_back({std::string(slo), "", std::nullopt, std::nullopt, 0});
  }
}

bool is_worse(const GroupView& a, const GroupView& b) {
  // Nothing is less than any number: what is unknown comes last.
  if (a.lag_records != b.lag_records) return a.lag_records > b.lag_records;
  return std::tie(a.group, a.topic) < std::tie(b.group, b.topic);
}

bool is_worse(const BudgetView& a, const BudgetView& b) {
  // What nothing is known of comes after what is spent.
  const double left = a.remaining.value_or(0);
  const double of_other = b.remaining.value_or(0);
  if (left != of_other) return left < of_other;
  return std::tie(a.slo, a.entity) < std::tie(b.slo, b.entity);
}

template <class View>
void keep_worst(std::vector<View>& views, size_t count) {
  const auto end = views.begin() + static_cast<ptrdiff_t>(std::min(count, views.size()));
  std::partial_sort(views.begin(), end, views.end(),
                    [](const View& a, const View& b) { return is_worse(a, b); });
  views.erase(end, views.end());
}

PartView view_part(const Observation& observation, SteadyTime now) {
  PartView part;
  part.name = observation.part;
  part.age = std::max<Duration>(now - observation.at.steady, Duration::zero());
  part.stale = is_stale(observation, now);
  Reading all;
  for (const Table& table : observation.tables) {
    for (size_t row = 0; row < table.rows(); ++row) all.add(table, row, part.stale);
  }
  part.unknown_rows = all.unknown;
  part.unread_rows = all.unread;
  if (!part.stale) part.unreadable = all.why_blind();
  if (!part.stale && all.known == 0 && part.unreadable.empty() && !observation.problems.empty())
    part.unreadable = observation.problems.front().what;
  for (const Problem& problem : observation.problems) part.problems.push_back(problem.what);
  return part;
}

struct Building {
  ClusterView view;
  Brokers brokers;
  GroupLags lags;
};

void add(const Observation& observation, SteadyTime now, Building& cluster) {
  cluster.view.parts.push_back(view_part(observation, now));
  PartView& part = cluster.view.parts.back();
  cluster.view.unknown_rows += part.unknown_rows;
  cluster.view.unread_rows += part.unread_rows;
  for (const Table& table : observation.tables) {
    add_brokers(table, part.stale, cluster.brokers);
  }
  GroupLags lags;
  add_lags(observation, part.stale, cluster.view.groups, lags);
  add_other_groups(observation, part.stale, cluster.view.groups, lags);
  if (!part.stale && part.unreadable.empty()) part.unreadable = why_no_lag(lags);
  cluster.lags.merge(lags);
  add_budgets(observation, part.stale, cluster.view.budgets);
}

void add_notes(const Observation& observation, Brokers& brokers) {
  for (const Note& note : observation.notes) {
    // Notes on a broker itself, not on its relation to something else.
    if (note.entity.labels.size() != 2) continue;
    const auto found = brokers.find(note.entity.label("broker").text());
    if (found != brokers.end()) found->second.note = note.text;
  }
}

}  // namespace

size_t ClusterView::brokers_up() const {
  return static_cast<size_t>(
      std::count_if(brokers.begin(), brokers.end(),
                    [](const BrokerView& broker) { return broker.up.value_or(false); }));
}

std::vector<ClusterView> view_clusters(const Snapshot& snapshot, SteadyTime now, size_t max_groups,
                                       size_t max_budgets) {
  std::map<Symbol, Building> clusters;
  for (const auto& [key, observation] : snapshot.observations) {
    if (key.second != kAgentPart) add(*observation, now, clusters[key.first]);
  }
  for (const auto& [key, observation] : snapshot.observations) {
    if (key.second != kAgentPart) add_notes(*observation, clusters[key.first].brokers);
  }

  std::vector<ClusterView> views;
  for (auto& [name, cluster] : clusters) {
    ClusterView& view = cluster.view;
    view.name = name.text();
    for (auto& [id, broker] : cluster.brokers) view.brokers.push_back(std::move(broker));
    view.group_count = cluster.lags.size();
    view.unknown_group_count =
        static_cast<size_t>(std::ranges::count_if(cluster.lags, [](const auto& lag) {
          return lag.second.unknown > 0 && lag.second.known == 0;
        }));
    keep_worst(view.groups, max_groups);
    view.budget_count = view.budgets.size();
    keep_worst(view.budgets, max_budgets);
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace highwater
