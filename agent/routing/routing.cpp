#include "agent/routing/routing.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace highwater::agent {

Routing::Routing(const rules::RoutingPlan& plan, std::vector<std::string> labels, Log& log)
    : log_(log),
      director_(plan),
      view_(std::make_shared<const RoutingView>(RoutingView{{}, plan, std::move(labels), ""})) {}

void Routing::direct(Report& report, const rules::HeardOf& heard_of) {
  for (const std::string& ended : director_.direct(report, heard_of))
    log_.info("silence or acknowledgement ended", {{"what", ended}});
}

std::vector<std::string> Routing::kept(const std::string& state_problem, WallTime now) {
  std::vector<std::string> changed;
  const bool first = !std::exchange(ever_kept_, true);
  const auto before = view();
  if (shown_ == director_.silences().version() && before->state_problem == state_problem)
    return changed;
  show(before->labels, state_problem);
  const auto say = [&](const std::vector<rules::Silence>& those,
                       const std::vector<rules::Silence>& others, std::string_view what) {
    for (const rules::Silence& one : those) {
      if (std::ranges::find(others, one.id, &rules::Silence::id) == others.end())
        changed.push_back(fmt::format("{} {} ({})", what, one.text(now), one.matcher.text()));
    }
  };
  if (first) return changed;
  const auto after = view();
  say(before->silences, after->silences, "ended:");
  say(after->silences, before->silences, "made:");
  return changed;
}

void Routing::show(std::vector<std::string> labels, const std::string& state_problem) {
  shown_ = director_.silences().version();
  auto made = std::make_shared<const RoutingView>(
      RoutingView{director_.silences().all(), director_.plan(), std::move(labels), state_problem});
  const std::lock_guard lock(mutex_);
  view_ = std::move(made);
}

void Routing::replace(const rules::RoutingPlan& plan, std::vector<std::string> labels) {
  director_.replace(plan);
  show(std::move(labels), view()->state_problem);
}

std::shared_ptr<const RoutingView> Routing::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

}  // namespace highwater::agent
