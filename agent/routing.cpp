#include "agent/routing.h"

namespace highwater::agent {

Routing::Routing(const rules::RoutingPlan& plan, Log& log)
    : log_(log),
      director_(plan),
      view_(std::make_shared<const RoutingView>(RoutingView{{}, plan, ""})) {}

void Routing::direct(Report& report, const rules::HeardOf& heard_of) {
  for (const std::string& ended : director_.direct(report, heard_of))
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

void Routing::replace(const rules::RoutingPlan& plan) {
  director_.replace(plan);
  show(view()->state_problem);
}

std::shared_ptr<const RoutingView> Routing::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

}  // namespace highwater::agent
