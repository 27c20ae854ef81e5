// What is told to a receiver, without any of the forms in which it is told. Values; any thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/report.h"
#include "exporters/remedies/remedy.h"

namespace highwater::notify {

// Who tells: "pod" and its name, and the like; from the configuration.
using Identity = std::vector<std::pair<std::string, std::string>>;

// A transition on its way out, detached from its report, so that a long outage of a receiver keeps
// no snapshots alive.
struct Notice {
  Transition transition;  // without revealed_by
  WallTime at;            // when it was concluded; the end of a resolved incident
  bool test = false;      // made by hand, to try a receiver
  // By what is known when it is delivered, and so not kept with it. Filled in for each attempt.
  Remedy remedy{};
  std::string acknowledge{};  // the address at which it is acknowledged; empty: none is sent
  std::shared_ptr<const Identity> identity{};  // may be null
  std::string state_problem{};                 // why it is not kept over a restart; empty: it is
};
using NoticePtr = std::shared_ptr<const Notice>;

// One notification to be delivered.
struct Delivery {
  NoticePtr notice;
  std::string id;     // the same for every attempt to deliver the same thing, and for nothing else
  int attempt = 1;    // grows by one with each attempt for this incident; 1 after a success
  bool first = true;  // the receiver has not heard of the incident yet
  bool repeat = false;  // the receiver has accepted the same before
  std::string handle;   // what its last answers about the incident asked to be kept; may be empty
  [[nodiscard]] const Incident& incident() const { return notice->transition.incident; }
  [[nodiscard]] bool resolved() const {
    return notice->transition.kind == TransitionKind::resolved;
  }
};

}  // namespace highwater::notify
