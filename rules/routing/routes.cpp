#include "rules/routing/routes.h"

#include <algorithm>

namespace highwater::rules {

std::vector<bool> lines_open(const Routes& routes, WallTime now) {
  std::vector<bool> open;
  open.reserve(routes.size());
  for (const Route& line : routes)
    open.push_back(line.during == nullptr || line.during->around(now).open);
  return open;
}

Routed route(const Routes& routes, const std::vector<bool>& open, const Labels& labels,
             std::optional<Duration> unattended) {
  Routed routed;
  for (size_t i = 0; i < routes.size(); ++i) {
    const Route& line = routes[i];
    if (!open[i] || !line.matcher.matches(labels)) continue;
    routed.lines.push_back(i);
    std::vector<Hearer> hearers;
    for (const std::string& receiver : line.to) hearers.push_back({receiver, line.repeat_interval});
    for (const Escalation& step : line.escalate) {
      if (!unattended) break;
      if (step.after > *unattended) {
        routed.next.push_back(step);
        continue;
      }
      for (const std::string& receiver : step.to)
        hearers.push_back({receiver, line.repeat_interval, step.after});
    }
    add_hearers(hearers, routed.hearers);
    if (!line.goes_on) break;
  }
  return routed;
}

void add_hearers(const std::vector<Hearer>& more, std::vector<Hearer>& hearers) {
  for (const Hearer& one : more) {
    if (std::ranges::find(hearers, one.receiver, &Hearer::receiver) == hearers.end())
      hearers.push_back(one);
  }
}

}  // namespace highwater::rules
