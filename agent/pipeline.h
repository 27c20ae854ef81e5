// Pipeline: the one writer. Takes observations from every collector, keeps the newest of each part,
// has the rules judge them, and hands the report on. Woken by each observation and by the rules'
// own deadlines. Its thread owns all mutable state.
#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/core/explanation.h"
#include "agent/core/observation.h"
#include "agent/core/report.h"
#include "collectors/cluster/monitor.h"
#include "rules/engine.h"

namespace highwater::agent {

class Pipeline {
 public:
  using OnReport = std::function<void(const ReportPtr&)>;  // the pipeline's thread; must not block
  // The pipeline's thread, before on_report: who hears of it is filled in, and what must be written
  // down before anybody is told.
  using OnJudged = std::function<void(rules::Engine&, Report&)>;
  using Observe =
      std::function<ObservationPtr(Now)>;  // the pipeline's thread; null: nothing to say

  // `observers` tell about the agent itself; asked every few seconds. `clock` must outlive the
  // pipeline.
  Pipeline(rules::RuleSet rules, std::vector<Symbol> clusters, std::vector<Observe> observers,
           const Clock& clock, OnReport on_report, OnJudged on_judged = {});
  ~Pipeline();

  // Only before start() and after stop().
  [[nodiscard]] rules::Engine& engine() { return engine_; }

  void start();
  void stop();  // judges what is there once more, then ends

  void publish(ObservationPtr observation);  // any thread; never waits for an evaluation
  void replace_rules(rules::RuleSet rules);  // any thread; from the next evaluation on
  // What is watched from now on: alerts about other clusters end, and those about what sources told
  // of a measure that is not among `of_sources` any more. In change(), or before start().
  void watch(const std::vector<Symbol>& clusters, std::span<const Measure* const> of_sources);

  // Nothing is known of clusters but what this node sees of them: the first round is that. Any
  // thread.
  void expect_node_alone(bool alone);

  // Does that on the pipeline's thread, before the next evaluation. The future is set when the
  // report of it is published. Any thread but the pipeline's.
  std::future<void> submit(std::function<void(Now)> act);
  // The same, and waits for that as long as `patience`. False when it took longer, or others wait
  // already and nothing was done.
  // Any thread but the pipeline's.
  bool change(std::function<void(Now)> act, Duration patience);

  // Asks the rules, on the pipeline's thread, and waits for the answer as long as `patience`.
  // Nothing when none came, or when others wait already. Any thread but the pipeline's.
  [[nodiscard]] std::optional<ExplainAnswer> explain(ExplainQuestion question, Duration patience);

  [[nodiscard]] ReportPtr latest() const;  // any thread; null before the first
  [[nodiscard]] Duration heartbeat_age()
      const;  // any thread; how long ago its thread last came round
  // Clusters and parts that were not yet observed: "prod/groups". Empty: the first complete round
  // is done.
  [[nodiscard]] std::vector<std::string> missing() const;

 private:
  struct Asked {
    ExplainQuestion question;
    std::promise<ExplainAnswer> answer;
  };

  struct Change {
    std::function<void(Now)> act;
    std::promise<void> done;
  };

  void run();
  void evaluate(Now now);
  bool age(Now now);
  void observe_self(Now now);
  void take(ObservationPtr observation);

  const Clock& clock_;
  const OnReport on_report_;
  const OnJudged on_judged_;

  // The pipeline's thread only.
  rules::Engine engine_;
  Snapshot current_;
  std::vector<Observe> observers_;
  std::map<Symbol, collectors::MonitorInterpreter> monitors_;
  SteadyTime next_self_{};

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Symbol> clusters_;                  // under mutex_; changed by the pipeline's thread
  bool node_alone_ = false;                       // under mutex_
  std::vector<ObservationPtr> pending_;           // under mutex_
  std::optional<rules::RuleSet> pending_rules_;   // under mutex_
  std::vector<std::shared_ptr<Asked>> asked_;     // under mutex_
  std::vector<std::shared_ptr<Change>> changes_;  // under mutex_
  ReportPtr latest_;                              // under mutex_
  SteadyTime heartbeat_;                          // under mutex_
  bool stopping_ = false;                         // under mutex_
  std::thread thread_;
};

}  // namespace highwater::agent
