// ClusterPoller: watches one Kafka cluster on a thread of its own: keeps the connections, sweeps on
// the parts' cadences and at once when a broker's status changes, and calls back with the view
// after each. No Asio in this header: whoever owns a poller needs none.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/core/log.h"
#include "agent/core/observation.h"
#include "agent/core/pattern.h"
#include "collectors/http_question.h"
#include "collectors/kafka/cluster_view.h"
#include "collectors/kafka/login/security.h"
#include "collectors/kafka/scope.h"

namespace highwater::kafka {

struct PollCadence {
  Duration brokers = std::chrono::seconds(5);
  Duration partitions = std::chrono::seconds(10);
  Duration groups = std::chrono::seconds(15);
  Duration configs = std::chrono::minutes(5);
};

struct ClusterSettings {
  std::string name;                                        // the value of the label `cluster`
  std::vector<std::pair<std::string, int32_t>> bootstrap;  // host, port
  PollCadence poll;
  Duration request_timeout = std::chrono::seconds(2);
  // How long a broker that hangs or refuses us is left alone at most.
  Duration longest_back_off = std::chrono::seconds(30);
  NameFilter topics;
  NameFilter groups;
  bool internal_topics = false;
  SecuritySettings security;
  AskHttp ask_http;                                  // of the agent; for logins with tokens
  size_t most_connections = 4096;                    // open at a time
  size_t memory = size_t{1} << 40;                   // bytes for what is known of the cluster
  std::optional<Scope> scope;                        // nothing: all of the cluster
  std::optional<std::vector<Pattern>> dead_letters;  // topics; nothing: those of the usual names
};

// One part of the view was brought up to date.
struct Update {
  std::string_view part;  // "brokers", "partitions", "topics", "groups", "rebalances"
  Now at{};
  Duration took{};
  Duration cadence{};  // in force, stretched when a poll does not fit
  uint64_t missed = 0;
  std::vector<Span> spans;
  std::vector<Problem> problems;
};

class ClusterPoller {
 public:
  // On the poller's thread; must not block. The view is valid during the call.
  using OnUpdate = std::function<void(const ClusterView&, Update)>;

  // `log` must outlive the poller.
  ClusterPoller(ClusterSettings settings, Log& log, OnUpdate on_update);
  ~ClusterPoller();

  void start();
  void stop();  // returns when the thread has ended: within a second

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace highwater::kafka
