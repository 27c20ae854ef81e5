#include "agent/routing.h"

#include <algorithm>

namespace highwater::agent {
namespace {

constexpr Duration kReloadWithin = std::chrono::seconds(1);

}  // namespace

Routing::Routing(const rules::RoutingPlan& plan, Log& log)
    : log_(log),
      director_(plan),
      view_(std::make_shared<const RoutingView>(RoutingView{{}, plan, ""})) {}

void Routing::direct(Report& report) {
  for (const std::string& ended : director_.direct(report))
    log_.info("silence or acknowledgement ended", {{"what", ended}});
}

void Routing::kept(const std::string& state_problem) {
  if (shown_ == director_.silences().version() && view()->state_problem == state_problem) return;
  show(state_problem);
}

void Routing::show(const std::string& state_problem) {
  shown_ = director_.silences().version();
  auto made = std::make_shared<const RoutingView>(
      RoutingView{director_.silences().all(), director_.plan(), state_problem});
  const std::lock_guard lock(mutex_);
  view_ = std::move(made);
}

void Routing::reload(const rules::RoutingPlan& plan, const std::vector<std::string>& receivers,
                     Pipeline& pipeline) {
  for (const rules::Route& route : plan.routes) {
    for (const std::string& name : route.to) {
      if (std::ranges::find(receivers, name) != receivers.end()) continue;
      log_.warning(
          "the routes name a receiver that is read at the next start: until then the former "
          "routes hold",
          {{"receiver", name}, {"where", route.where}});
      return;
    }
  }
  const bool done = pipeline.change(
      [this, plan](Now) {
        director_.replace(plan);
        show(view()->state_problem);
      },
      kReloadWithin);
  if (!done) log_.warning("the routes are reloaded late: the rules are busy");
}

std::shared_ptr<const RoutingView> Routing::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

}  // namespace highwater::agent
