#include "rules/slo/slo_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "agent/core/entity_text.h"
#include "rules/wording.h"

namespace highwater::rules {
namespace {

using std::chrono::seconds;

constexpr Duration kEvery = seconds(10);
constexpr size_t kMostFindings = 20;

const Measure kObjective{"slo_objective_ratio",
                         "The share of time or events that the SLO wants to be good.",
                         Unit::ratio,
                         MeasureType::gauge,
                         {"cluster", "slo"}};
const Measure kInfo{"slo_info",
                    "Who owns the SLO and over which window it is judged; always 1.",
                    Unit::info,
                    MeasureType::gauge,
                    {"cluster", "slo", "owner", "window"}};
const Measure kLeftOut{
    "slo_entities_left_out",
    "How many entities have no budget because the SLO already watches as many as it may.",
    Unit::count,
    MeasureType::gauge,
    {"cluster", "slo"}};
const Measure kRemaining{"slo_error_budget_remaining_ratio",
                         "The share of the error budget that is left in the SLO's window; below 0 "
                         "when it is overspent, unknown while nothing of the window was seen.",
                         Unit::ratio,
                         MeasureType::gauge,
                         {"cluster", "slo", "entity"}};
const Measure kCoverage{
    "slo_coverage_ratio",
    "The share of the SLO's window, since its budget began, that could be judged.",
    Unit::ratio,
    MeasureType::gauge,
    {"cluster", "slo", "entity"}};
const Measure kExcluded{
    "slo_excluded_seconds",
    "How much of the SLO's window counts for nothing, because maintenance excludes it.",
    Unit::seconds,
    MeasureType::gauge,
    {"cluster", "slo", "entity"}};
const Measure kBurnRate{"slo_burn_rate",
                        "How fast the error budget burns over a window; 1 spends exactly the "
                        "budget, unknown when nothing of the window was seen.",
                        Unit::ratio,
                        MeasureType::gauge,
                        {"cluster", "slo", "entity", "window"}};
const Measure kBadSeconds{"slo_bad_seconds_total",
                          "Seconds that counted as bad since the budget began.",
                          Unit::seconds,
                          MeasureType::counter,
                          {"cluster", "slo", "entity"}};
const Measure kGoodSeconds{"slo_good_seconds_total",
                           "Seconds that counted as good since the budget began.",
                           Unit::seconds,
                           MeasureType::counter,
                           {"cluster", "slo", "entity"}};
const Measure kBadEvents{"slo_bad_events_total",
                         "Events that counted as bad since the budget began.",
                         Unit::count,
                         MeasureType::counter,
                         {"cluster", "slo", "entity"}};
const Measure kEvents{"slo_events_total",
                      "Events counted since the budget began.",
                      Unit::count,
                      MeasureType::counter,
                      {"cluster", "slo", "entity"}};

constexpr std::array<const Measure*, 11> kMeasures{
    &kObjective, &kInfo,       &kLeftOut,     &kRemaining, &kCoverage, &kExcluded,
    &kBurnRate,  &kBadSeconds, &kGoodSeconds, &kBadEvents, &kEvents};

// Every window of the tiers once, the shortest first.
std::vector<Duration> windows_of(const SloRule& rule) {
  std::vector<Duration> windows;
  for (const SloTier& tier : rule.tiers) {
    windows.push_back(tier.long_window);
    windows.push_back(tier.short_window);
  }
  std::ranges::sort(windows);
  windows.erase(std::ranges::unique(windows).begin(), windows.end());
  return windows;
}

void add_finding(const SloRule& rule, const Budget& budget, WallTime at, Observation& observation) {
  if (observation.problems.size() >= kMostFindings) return;
  const std::string finding = counters_text(rule, budget.curve, at);
  if (finding.empty()) return;
  observation.problems.push_back(
      {fmt::format("SLO {} of {}: {}", rule.name, budget.entity.text(), finding), budget.entity});
}

class Cells {
 public:
  explicit Cells(const Measure& measure) : measure_(measure) {}
  void add(std::initializer_list<Symbol> row) { cells_.insert(cells_.end(), row); }
  std::shared_ptr<const KeySet> keys() && {
    return std::make_shared<const KeySet>(measure_.dimensions, std::move(cells_));
  }

 private:
  const Measure& measure_;
  std::vector<Symbol> cells_;
};

}  // namespace

std::span<const Measure* const> slo_measures() {
  return kMeasures;
}

ObservationPtr SloTables::observe(std::span<const SloWatch* const> watches, const Symbol& cluster,
                                  Now now, bool urgent) {
  if (watches.empty()) return last_ = nullptr;
  if (last_ != nullptr && !urgent && now.steady < last_->at.steady + kEvery) return last_;
  std::vector<uint64_t> numberings;
  for (const SloWatch* watch : watches) numberings.push_back(watch->numbering());
  if (numberings != numberings_ || keys_.slos == nullptr) {
    renumber(watches, cluster);
    numberings_ = std::move(numberings);
  }
  auto observation = std::make_shared<Observation>();
  observation->cluster = cluster;
  observation->part = kSloPart;
  observation->at = now;
  observation->cadence = kEvery;
  TableBuilder objective(kObjective, keys_.slos);
  TableBuilder info(kInfo, keys_.infos);
  TableBuilder left_out(kLeftOut, keys_.slos);
  TableBuilder remaining(kRemaining, keys_.budgets);
  TableBuilder coverage(kCoverage, keys_.budgets);
  TableBuilder excluded(kExcluded, keys_.budgets);
  TableBuilder burn_rate(kBurnRate, keys_.windows);
  TableBuilder bad_seconds(kBadSeconds, keys_.time_budgets);
  TableBuilder good_seconds(kGoodSeconds, keys_.time_budgets);
  TableBuilder bad_events(kBadEvents, keys_.event_budgets);
  TableBuilder events(kEvents, keys_.event_budgets);
  size_t slo = 0;
  size_t budget_row = 0;
  size_t window_row = 0;
  size_t time_row = 0;
  size_t event_row = 0;
  for (const SloWatch* watch : watches) {
    const SloRule& rule = watch->slo().rule;
    objective.set(slo, rule.objective);
    info.set(slo, 1);
    left_out.set(slo, static_cast<double>(watch->left_out()));
    ++slo;
    const std::vector<Duration> windows = windows_of(rule);
    // What came after that was not counted yet, and would pass for unknown.
    const WallTime at = watch->counted_until() ? watch->counted_until()->wall : now.wall;
    watch->for_each_budget([&](const Budget& budget) {
      const BudgetStatus status = budget_status(rule, budget.curve, at);
      if (status.has_data())
        remaining.set(budget_row, status.remaining);
      else
        remaining.set_unknown(budget_row, Unknown::not_asked);
      if (at > budget.curve.begin())
        coverage.set(budget_row, status.coverage);
      else
        coverage.set_unknown(budget_row, Unknown::not_asked);
      excluded.set(budget_row, to_seconds(status.excluded));
      ++budget_row;
      add_finding(rule, budget, at, *observation);
      for (const Duration window : windows) {
        const Sums sums = budget.curve.between(at - window, at);
        if (sums.known > Duration::zero())
          burn_rate.set(window_row, sums.total > 0 ? sums.bad / sums.total / rule.budget() : 0.0);
        else
          burn_rate.set_unknown(window_row, Unknown::not_asked);
        ++window_row;
      }
      if (rule.sli.is_events()) {
        bad_events.set(event_row, budget.lifetime.bad);
        events.set(event_row++, budget.lifetime.total);
      } else {
        bad_seconds.set(time_row, budget.lifetime.bad);
        good_seconds.set(time_row++, budget.lifetime.total - budget.lifetime.bad);
      }
    });
  }
  for (TableBuilder* table : {&objective, &info, &left_out, &remaining, &coverage, &excluded,
                              &burn_rate, &bad_seconds, &good_seconds, &bad_events, &events})
    observation->tables.push_back(std::move(*table).build());
  return last_ = std::move(observation);
}

void SloTables::renumber(std::span<const SloWatch* const> watches, const Symbol& cluster) {
  Cells slos(kObjective);
  Cells infos(kInfo);
  Cells budgets(kRemaining);
  Cells windows(kBurnRate);
  Cells time_budgets(kBadSeconds);
  Cells event_budgets(kEvents);
  for (const SloWatch* watch : watches) {
    const SloRule& rule = watch->slo().rule;
    const Symbol& name = watch->slo().name;
    slos.add({cluster, name});
    infos.add({cluster, name, Symbol(rule.owner), Symbol(format_duration(rule.window.length))});
    std::vector<Symbol> window_names;
    for (const Duration window : windows_of(rule))
      window_names.emplace_back(format_duration(window));
    watch->for_each_budget([&](const Budget& budget) {
      const Symbol entity(entity_text(budget.entity));
      budgets.add({cluster, name, entity});
      for (const Symbol& window : window_names) windows.add({cluster, name, entity, window});
      (rule.sli.is_events() ? event_budgets : time_budgets).add({cluster, name, entity});
    });
  }
  keys_.slos = std::move(slos).keys();
  keys_.infos = std::move(infos).keys();
  keys_.budgets = std::move(budgets).keys();
  keys_.windows = std::move(windows).keys();
  keys_.time_budgets = std::move(time_budgets).keys();
  keys_.event_budgets = std::move(event_budgets).keys();
}

}  // namespace highwater::rules
