#include "rules/rehearsal/timeline.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace highwater::rules {
namespace {

std::string tier_of(const Alert& alert) {
  return alert.budget ? alert.budget->tier : std::string();
}

}  // namespace

void Timeline::take(const Report& report, Duration at) {
  for (const Transition& transition : report.transitions) {
    if (transition.incident.severity == Severity::page &&
        transition.kind != TransitionKind::resolved)
      pages_.insert(transition.incident.id);
  }
  const Explanations explanations(report);
  for (const Alert& alert : report.alerts) {
    if (alert.state != AlertState::firing) continue;
    Open& open = open_[{alert.rule, alert.entity}];
    const bool is_new = open.firing.rule.empty();
    if (is_new || open.firing.severity != alert.severity || open.firing.tier != tier_of(alert)) {
      if (!is_new) close(std::move(open.firing), at);
      begin(alert, at, open);
    }
    open.seen = true;
    const Alert* const cause = explanations.of(alert);
    open.firing.explained_by = cause == nullptr ? std::string() : cause->rule;
  }
  for (auto it = open_.begin(); it != open_.end();) {
    if (std::exchange(it->second.seen, false)) {
      ++it;
      continue;
    }
    close(std::move(it->second.firing), at);
    it = open_.erase(it);
  }
}

void Timeline::begin(const Alert& alert, Duration at, Open& open) {
  fired_.insert(alert.rule);
  open.firing = {alert.rule,   alert.entity, tier_of(alert), alert.severity, at,
                 std::nullopt, {},           alert.summary};
}

void Timeline::close(Firing firing, Duration at) {
  if (full()) return;
  firing.until = at;
  // A change within one moment is no firing of its own.
  if (firing.from < at) closed_.push_back(std::move(firing));
}

std::vector<Firing> Timeline::firings() const {
  std::vector<Firing> all = closed_;
  for (const auto& [key, open] : open_) all.push_back(open.firing);
  std::ranges::stable_sort(all, [](const Firing& one, const Firing& other) {
    return std::tie(one.from, one.rule, one.entity) <
           std::tie(other.from, other.rule, other.entity);
  });
  return all;
}

Explanations::Explanations(const Report& report) {
  for (const Incident& incident : report.incidents) causes_.emplace(incident.id, &incident.cause);
}

const Alert* Explanations::of(const Alert& alert) const {
  const auto found = causes_.find(alert.incident);
  if (found == causes_.end()) return nullptr;
  const Alert& cause = *found->second;
  return cause.rule == alert.rule && cause.entity == alert.entity ? nullptr : &cause;
}

}  // namespace highwater::rules
