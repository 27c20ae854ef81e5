// NodeView: which brokers of one Kafka cluster are reached from this node, and what other brokers
// say of those that are not. NodeProbe writes it on its thread; the interpreter
// (collectors/cluster/node.h) reads it there. Plain data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "agent/core/time.h"

namespace highwater::kafka {

// What came of the newest probe.
enum class ProbeOutcome : uint8_t {
  none,        // no probe has ended yet, or this machine lacks what a connection needs
  answered,    // it answered ApiVersions
  distrusted,  // it was reached, and its certificate or ours is not accepted
  failed,      // no connection, or no answer in time
};

// What brokers that are reached from here say of another one.
enum class PeerVerdict : uint8_t {
  unknown,  // none could be asked, or none has a controller: what they list stands still then
  serving,  // all list it, and some follower is in sync with what it leads, as far as that is known
  unfollowed,  // all list it, and no follower is in sync with it: it fails for them as well
  not_listed,  // some broker does not list it: it was stopped, or the controller gave it up
};

struct NodeBroker {
  std::string host;
  int32_t port = 0;
  uint64_t probe = 0;  // the one that looks at this address
  ProbeOutcome outcome = ProbeOutcome::none;
  std::string why;                       // it failed, for people; "" otherwise
  std::optional<Duration> connect;       // from the lookup of its name to the TCP connection
  std::optional<Duration> first_answer;  // from the connection to ApiVersions, TLS included
  SteadyTime failing_since{};            // when the first of the probes began that failed in a row
  SteadyTime listed{};                   // when it was last in somebody's Metadata
  PeerVerdict peers = PeerVerdict::unknown;
  SteadyTime peers_asked{};  // when they were asked for `peers`
};

struct NodeView {
  std::string cluster_id;                 // "" until known
  std::map<int32_t, NodeBroker> brokers;  // by id; every one that was listed within the last hour
  bool reached = false;                   // some broker answers, or may: not each was probed yet
  std::string why_unlisted;               // nobody told Metadata; "" when somebody did
};

}  // namespace highwater::kafka
