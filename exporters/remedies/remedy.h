// Remedy: what most likely helps with an open incident now: what to do, the command for it with the
// real names filled in, and what of its precondition the newest report knows. Highwater shows it
// and never runs it. Used by pages, JSON and notifications; pure, any thread.
//
// A command is given only when its precondition is known to hold. Everything else is refused with
// the reason, for one who is woken at night runs what stands there.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/core/report.h"

namespace highwater {

struct Remedy {
  std::string action;  // "start broker 2 (10.0.0.2:9092)"; empty: nothing can be named
  // For a POSIX shell, one after the other; where there are two, the first prepares or only looks.
  std::vector<std::string> commands;
  std::string check;  // why they are safe, or why there is none; never empty
  bool operator==(const Remedy&) const = default;
};

// How Kafka's own tools reach a cluster.
struct ToolAccess {
  std::string bootstrap;  // "kafka-1:9092,[::1]:9092"; empty: not known
  bool secured = false;   // TLS or a login: the tools need a file of client settings
  bool operator==(const ToolAccess&) const = default;
};

// Of the incident's headline; of an error budget's, that of an alert that belongs to it. `report`
// is the newest: it need not be the one the incident was told in.
[[nodiscard]] Remedy remedy_of(const Incident& incident, const Report& report,
                               const ToolAccess& access);

// Where whoever shows incidents gets theirs from; for those that are open. May be empty.
using RemedySource = std::function<Remedy(const Report&, const Incident&)>;

// One line for a notification: "start broker 2: it holds the last complete copy of orders-3"; empty
// when there is nothing to do or to run. A command that is too long for one is not cut but left
// out.
[[nodiscard]] std::string remedy_line(const Remedy& remedy);

}  // namespace highwater
