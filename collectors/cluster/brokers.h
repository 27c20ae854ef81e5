// Part "brokers": how each broker stands, and with it the cluster and its metadata quorum. Used by
// the poll of one cluster, on that cluster's thread.
//
// A broker's state is judged from our own connection to it; what Metadata says of it stands beside
// it, and the two contradicting each other is a measure of its own.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>

#include "agent/core/watch_first.h"
#include "collectors/cluster/cluster.h"
#include "collectors/cluster/credentials.h"
#include "collectors/cluster/log_dirs.h"
#include "collectors/cluster/quorum.h"
#include "collectors/cluster/requests.h"
#include "collectors/interpreter.h"
#include "collectors/tables/key_tracker.h"
#include "collectors/tables/number_symbols.h"

namespace highwater::collectors {

class BrokersInterpreter {
 public:
  // Of the brokers alone; those of the cluster, the quorum and others are listed by their own
  // tables.
  [[nodiscard]] static std::span<const Measure* const> measures();
  [[nodiscard]] static std::span<const WatchFirst> watch_first();

  [[nodiscard]] Observation interpret(const kafka::ClusterView& view, PollInfo poll, Now now);

 private:
  // Texts that would be interned anew in each poll.
  struct Labels {
    Symbol address;
    Symbol rack;
    Symbol status;
    std::string host;
    int32_t port = 0;
    kafka::BrokerStatus judged{};
  };
  const Labels& labels_of(const kafka::BrokerView& broker);
  // Down since before this process first looked: it may have failed, and it may have been stopped.
  [[nodiscard]] bool is_away(const kafka::BrokerView& broker);
  void add_brokers(Observation& observation, const kafka::ClusterView& view, Now now);

  NumberSymbols numbers_;
  std::map<int32_t, Labels> labels_;
  std::set<int32_t> witnessed_;  // seen by this process: up, or failing
  const Symbol away_{"away"};
  KeyTracker keys_{{"cluster", "broker"}};
  KeyTracker status_keys_{{"cluster", "broker", "status"}};
  KeyTracker info_keys_{{"cluster", "broker", "address", "rack"}};
  ClusterTables cluster_;
  CredentialTables credentials_;
  QuorumTables quorum_;
  RequestTables requests_;
  LogDirTables log_dirs_;
};

}  // namespace highwater::collectors
