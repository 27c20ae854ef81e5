#include "rules/routing/routes.h"

#include <algorithm>

namespace highwater::rules {

namespace {

// Who hears as well by now, and who will.
void escalate(const Route& line, const OpenLine& open, const Unanswered& unanswered,
              std::vector<Hearer>& hearers, Routed& routed) {
  const WallTime began = std::max(unanswered.since, open.since.value_or(unanswered.since));
  Duration age = unanswered.age;
  if (open.since) age = std::min<Duration>(age, unanswered.now - *open.since);
  for (const Escalation& step : line.escalate) {
    if (step.after > age) {
      routed.next.push_back({step, step.after - age, began + step.after});
      continue;
    }
    for (const std::string& receiver : step.to)
      hearers.push_back({receiver, line.repeat_interval, step.after});
  }
}

bool is_page(const Labels& labels) {
  const auto severity = labels.find("severity");
  return severity != labels.end() && severity->second == severity_name(Severity::page);
}

}  // namespace

GroupPlace Grouping::place(const Matcher& matcher, const Labels& labels) const {
  GroupPlace place{matcher.text(), {}, wait, interval};
  for (const std::string& name : by) {
    const auto found = labels.find(name);
    place.labels.emplace_back(name, found == labels.end() ? std::string() : found->second);
  }
  return place;
}

OpenLines open_lines(const Routes& routes, WallTime now) {
  OpenLines open;
  open.reserve(routes.size());
  for (const Route& line : routes) {
    if (line.during == nullptr) {
      open.push_back({true, std::nullopt});
      continue;
    }
    const OpenHours::Stretch stretch = line.during->around(now);
    open.push_back({stretch.open, stretch.begin});
  }
  return open;
}

Routed route(const Routes& routes, const OpenLines& open, const Labels& labels,
             const std::optional<Unanswered>& unanswered) {
  Routed routed;
  for (size_t i = 0; i < routes.size(); ++i) {
    const Route& line = routes[i];
    if (line.as_evidence || !open[i].open || !line.matcher.matches(labels)) continue;
    routed.lines.push_back(i);
    std::vector<Hearer> hearers;
    std::optional<GroupPlace> group;
    if (line.group && !is_page(labels)) group = line.group->place(line.matcher, labels);
    for (const std::string& receiver : line.to)
      hearers.push_back({receiver, line.repeat_interval, std::nullopt, group});
    if (unanswered) escalate(line, open[i], *unanswered, hearers, routed);
    add_hearers(hearers, routed.hearers);
    if (!line.goes_on) break;
  }
  return routed;
}

std::vector<Hearer> route_evidence(const Routes& routes, const OpenLines& open,
                                   const Labels& labels) {
  std::vector<Hearer> hearers;
  for (size_t i = 0; i < routes.size(); ++i) {
    const Route& line = routes[i];
    if (!line.as_evidence || !open[i].open || !line.matcher.matches(labels)) continue;
    for (const std::string& receiver : line.to)
      add_hearers({{receiver, line.repeat_interval}}, hearers);
    if (!line.goes_on) break;
  }
  return hearers;
}

void add_hearers(const std::vector<Hearer>& more, std::vector<Hearer>& hearers) {
  for (const Hearer& one : more) {
    if (std::ranges::find(hearers, one.receiver, &Hearer::receiver) == hearers.end())
      hearers.push_back(one);
  }
}

}  // namespace highwater::rules
