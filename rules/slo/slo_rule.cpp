#include "rules/slo/slo_rule.h"

#include <cmath>
#include <utility>

#include "rules/open_hours.h"

namespace highwater::rules {

bool GoodRange::contains(double value) const {
  if (std::isnan(value)) return false;
  const bool high_enough = value > low || (low_is_good && value == low);
  const bool low_enough = value < high || (high_is_good && value == high);
  return (high_enough && low_enough) != outside;
}

Duration SloRule::most_inside(Duration length) const {
  return during == nullptr ? length : during->most_within(length);
}

Sli composite_of(std::vector<std::string> all_of, std::vector<std::string_view> dimensions) {
  Sli sli;
  sli.all_of = std::move(all_of);
  sli.own_measure = std::make_shared<const Measure>(
      Measure{"slo_bad_parts", "Which of the SLOs of a composite one are bad, a bit for each.",
              Unit::none, MeasureType::gauge, std::move(dimensions)});
  sli.first.measure = sli.own_measure.get();
  for (size_t i = 0; i < sli.first.measure->dimensions.size(); ++i)
    sli.first.scope.per.push_back(static_cast<int>(i));
  sli.first.scope.aggregated = true;
  sli.good.low = sli.good.high = 0;
  return sli;
}

std::string bad_parts(const Sli& sli, double value) {
  const auto bits = static_cast<uint64_t>(value);
  std::string names;
  for (size_t part = 0; part < sli.all_of.size(); ++part) {
    if ((bits >> part & 1) == 0) continue;
    if (!names.empty()) names += ", ";
    names += sli.all_of[part];
  }
  return names;
}

std::vector<std::string_view> subject_dimensions(const SloRule& rule) {
  const SliSource& source = rule.sli.is_events() ? *rule.sli.total : rule.sli.first;
  std::vector<std::string_view> names;
  for (const int place : source.scope.per)
    names.push_back(source.measure->dimensions[static_cast<size_t>(place)]);
  return names;
}

std::vector<SloTier> default_tiers(Duration window) {
  const auto tier = [&](double factor, int share, Severity severity) {
    const Duration long_window = window / share;
    return SloTier{factor, long_window, long_window / 12, severity};
  };
  return {tier(14.4, 720, Severity::page), tier(6, 120, Severity::page),
          tier(3, 30, Severity::ticket), tier(1, 10, Severity::ticket)};
}

}  // namespace highwater::rules
