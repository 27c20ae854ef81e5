// Routing: who hears of what, at work in the agent: fills in each report's directions on the
// pipeline's thread, shows silences to others, and takes what a reload says.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/core/log.h"
#include "agent/pipeline.h"
#include "rules/routing/director.h"

namespace highwater::agent {

// Silences and maintenance as they are. Immutable: made anew when something of it changes.
struct RoutingView {
  std::vector<rules::Silence> silences;
  rules::RoutingPlan plan;
  std::vector<std::string> labels;  // that alerts can have
  std::string state_problem;        // why silences are not kept; empty: they are
};

class Routing {
 public:
  // `labels`: those that alerts can have.
  Routing(const rules::RoutingPlan& plan, std::vector<std::string> labels, Log& log);

  // The pipeline's thread, and before it starts and after it has ended.
  [[nodiscard]] rules::Director& director() { return director_; }
  [[nodiscard]] rules::Silences& silences() { return director_.silences(); }
  // Any thread, as its header says.
  [[nodiscard]] rules::AckLinks& ack_links() const { return *ack_links_; }
  // After the report is made, and after it was kept.
  void direct(Report& report, const rules::HeardOf& heard_of);
  // What changed of the silences since the call before, as the ledger says it; restored ones did
  // not.
  [[nodiscard]] std::vector<std::string> kept(const std::string& state_problem, WallTime now);

  // After a reload; the pipeline's thread.
  void replace(const rules::RoutingPlan& plan, std::vector<std::string> labels);

  [[nodiscard]] std::shared_ptr<const RoutingView> view() const;  // any thread

 private:
  void show(std::vector<std::string> labels, const std::string& state_problem);

  Log& log_;
  rules::Director director_;
  const std::shared_ptr<rules::AckLinks> ack_links_ = director_.ack_links();
  uint64_t shown_ = 0;      // the pipeline's thread: the version of the silences in view_
  bool ever_kept_ = false;  // the pipeline's thread
  mutable std::mutex mutex_;
  std::shared_ptr<const RoutingView> view_;  // under mutex_
};

}  // namespace highwater::agent
