// Scope: the consumer groups and topics of one application, which are all that a sidecar asks Kafka
// about. From the configuration (`scope:` of a cluster); a value, any thread.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agent/core/secret.h"
#include "agent/core/time.h"

namespace highwater::kafka {

// Which members of a group belong to the pod of this agent. What is empty is not compared; when all
// of it is, a member is ours when its host is an address of this machine.
struct OwnMember {
  Secret host;         // "10.1.2.3"
  Secret client_id;    // the member's is this, or this with "-..." behind it
  Secret instance_id;  // group.instance.id
  bool operator==(const OwnMember&) const = default;
};

struct Scope {
  std::vector<std::string> groups;  // distinct; names, no patterns
  std::vector<std::string> topics;  // none: those that the groups read or have committed for
  OwnMember member;
  // session.timeout.ms of the application: for so long Kafka lists a member that has died.
  Duration session_timeout = std::chrono::seconds(45);
};

}  // namespace highwater::kafka
