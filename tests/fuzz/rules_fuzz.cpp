// Fuzz target for rule files:
//   rules_fuzz FOLDER rules -dict=tests/fuzz/rules.dict -max_len=1048576 -timeout=20
//
// The input is a rule file. Whatever is read without a mistake must be what the types promise; and
// every mistake says something, at a place within the file.
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <string_view>

#include "rules/language/load.h"
#include "rules/open_hours.h"

namespace highwater::rules {
namespace {

const Catalogue& catalogue() {
  using Type = MeasureType;
  static const std::deque<Measure> measures{
      {"up", "Yes or no.", Unit::boolean, Type::gauge, {"cluster", "broker"}},
      {"lag_seconds", "A time.", Unit::seconds, Type::gauge, {"cluster", "group", "topic"}},
      {"lag_records", "Records.", Unit::records, Type::gauge, {"cluster", "group", "topic"}},
      {"kind_info", "A fact.", Unit::info, Type::gauge, {"cluster", "kind"}},
      {"bad_total", "Bad records.", Unit::records, Type::counter, {"cluster", "topic"}},
      {"all_total", "All records.", Unit::records, Type::counter, {"cluster", "group", "topic"}}};
  static const Catalogue instance = [] {
    std::vector<const Measure*> pointers;
    for (const Measure& measure : measures) pointers.push_back(&measure);
    return Catalogue(std::move(pointers));
  }();
  return instance;
}

void require(bool promise) {
  if (!promise) std::abort();
}

void check(const RowScope& scope, const Measure& measure) {
  const auto exists = [&](int place) {
    return place >= 0 && static_cast<size_t>(place) < measure.dimensions.size();
  };
  for (const auto* const filters : {&scope.select, &scope.exclude}) {
    for (const DimensionFilter& filter : *filters)
      require(exists(filter.dimension) && !filter.patterns.empty());
  }
  if (scope.aggregated) require(!scope.per.empty() && scope.per.front() == 0);
  for (size_t i = 0; i < scope.per.size(); ++i)
    require(exists(scope.per[i]) && (i == 0 || scope.per[i - 1] < scope.per[i]));
}

void check(const OpenHours* hours) {
  if (hours == nullptr) return;
  require(hours->longest() > Duration::zero() && !hours->text().empty());
  for (int day = 0; day < 800; day += 25) {
    const WallTime at{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) +
                      std::chrono::days(day)};
    const OpenHours::Interval interval = hours->around(at);
    require(interval.begin <= at && at < interval.end);
    const Duration inside = hours->inside(interval.begin, interval.end);
    require(inside == (interval.open ? interval.end - interval.begin : Duration::zero()));
  }
}

void check(const AlertRule& rule) {
  check(rule.during.get());
  require(rule.during == nullptr || rule.hold < rule.during->longest());
  require(rule.when.left != nullptr && !rule.name.empty() && !rule.runbook.empty());
  require(!rule.summary.empty() && rule.hold >= Duration::zero());
  check(rule, *rule.when.left);
}

void check(const SloRule& rule, Duration sample_every) {
  check(rule.during.get());
  require(rule.during == nullptr || !rule.sli.is_events());
  require(rule.sli.first.measure != nullptr && rule.sli.first.scope.aggregated);
  check(rule.sli.first.scope, *rule.sli.first.measure);
  if (rule.sli.is_events()) {
    require(rule.sli.total->measure != nullptr);
    check(rule.sli.total->scope, *rule.sli.total->measure);
    require(rule.sli.total->scope.per.size() == rule.sli.first.scope.per.size());
  }
  require(!rule.name.empty() && !rule.summary.empty() && !rule.runbook.empty());
  require(rule.objective > 0 && rule.objective < 1);
  require(rule.min_coverage > 0 && rule.min_coverage <= 1);
  require(rule.min_bad >= 0 && rule.max_entities > 0 && !rule.tiers.empty());
  for (const SloTier& tier : rule.tiers) {
    require(tier.factor > 0 && tier.factor * rule.budget() < 1);
    require(tier.short_window < tier.long_window && tier.long_window <= rule.window.length);
    require(tier.short_window >= 2 * sample_every);
  }
}

}  // namespace
}  // namespace highwater::rules

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace highwater;         // NOLINT(google-build-using-namespace)
  using namespace highwater::rules;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  const RuleSet rules = parse_rules(
      text, "fuzz.yaml", catalogue(), [](std::string_view) { return true; }, diagnostics);
  for (const AlertRule& rule : rules.alerts) check(rule);
  for (const SloRule& rule : rules.slos) check(rule, kSampleEvery);
  for (const Diagnostic& diagnostic : diagnostics) {
    require(!diagnostic.what.empty() && diagnostic.line >= 0);
    require(static_cast<size_t>(diagnostic.line) <= size + 1);
  }
  return 0;
}
