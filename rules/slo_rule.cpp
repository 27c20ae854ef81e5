#include "rules/slo_rule.h"

#include <cmath>

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
