#include "agent/aliveness.h"

#include <fmt/format.h>

#include <set>

namespace highwater::agent {

void Aliveness::observed(const Observation& observation, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  polls_[{observation.cluster, std::string(observation.part)}] = {now, observation.cadence};
}

void Aliveness::expect_anew() {
  const std::lock_guard lock(mutex_);
  polls_.clear();
}

void Aliveness::look(const std::vector<notify::ReceiverStats>& receivers,
                     const std::string& state_problem, bool first_round_done, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  looked_ = now;
  problem_.clear();
  const auto note = [this](std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  };
  if (!first_round_done) note("not everything has been polled yet since the start");
  if (!state_problem.empty()) note("the state is not kept: " + state_problem);
  std::set<std::string> failing;
  for (const notify::ReceiverStats& receiver : receivers) {
    if (receiver.last_error.empty()) continue;
    failing.insert(receiver.name);
    const SteadyTime since = failing_since_.try_emplace(receiver.name, now).first->second;
    if (receiver.misconfigured || now - since >= kDeliverWithin)
      note(fmt::format("the receiver {} takes nothing: {}", receiver.name, receiver.last_error));
  }
  std::erase_if(failing_since_, [&](const auto& entry) { return !failing.contains(entry.first); });
}

std::string Aliveness::problem(SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  if (!looked_) return "nothing has been judged yet";
  if (now - *looked_ > kLookWithin)
    return fmt::format("nothing has been judged for {}", describe_duration(kLookWithin));
  if (!problem_.empty()) return problem_;
  for (const auto& [what, poll] : polls_) {
    if (now - poll.at > poll_within(poll.cadence))
      return fmt::format("{} of {} has not been polled for {}", what.second, what.first.text(),
                         describe_duration(poll_within(poll.cadence)));
  }
  return {};
}

}  // namespace highwater::agent
