#include "rules/slo/exclusions.h"

#include <algorithm>

namespace highwater::rules {

std::vector<const Silence*> Exclusions::about(const SloRule& rule, const Entity& entity) const {
  Labels labels(rule.labels.begin(), rule.labels.end());
  for (const auto& [name, value] : entity.labels) labels[name.text()] = value.text();
  labels["alertname"] = rule.name;
  if (!labels.contains("team")) {
    const Owner* const owner = owner_of(owners_, labels);
    if (owner != nullptr) labels["team"] = owner->team;
  }
  std::vector<const Silence*> about;
  for (const Silence& window : windows_) {
    if (window.matcher.matches(labels)) about.push_back(&window);
  }
  return about;
}

ExcludedStretch excluded_stretch(std::span<const Silence* const> windows, WallTime at,
                                 WallTime until) {
  ExcludedStretch stretch{false, until};
  const auto change_at = [&](WallTime change) {
    if (change > at) stretch.end = std::min(stretch.end, change);
  };
  for (const Silence* const window : windows) {
    stretch.excluded = stretch.excluded || window->active(at);
    if (window->begins) change_at(*window->begins);
    if (window->ends) change_at(*window->ends);
    if (const auto hours = window->hours_around(at)) change_at(hours->end);
  }
  return stretch;
}

}  // namespace highwater::rules
