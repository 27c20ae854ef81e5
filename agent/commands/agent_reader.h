// Asks an agent again and again, on a thread of its own, so that keys are never waited with. Used
// by `highwater watch`.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/commands/agent_address.h"
#include "agent/core/result.h"
#include "agent/core/time.h"
#include "exporters/watch/picture.h"
#include "exporters/watch/screen.h"

namespace highwater::agent {

// What came of a request: a picture, or an explanation.
struct AgentAnswer {
  WallTime at;
  std::optional<Result<watch::PicturePtr>> picture;
  std::optional<watch::Explanation> explanation;
};

class AgentReader {
 public:
  // Asks `agent` at once and then each `interval`. Any thread may destroy it; a request under way
  // is given up.
  AgentReader(AgentAddress agent, Duration interval);
  ~AgentReader();
  AgentReader(const AgentReader&) = delete;
  AgentReader& operator=(const AgentReader&) = delete;

  // Readable while answers wait; for poll(2).
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::vector<AgentAnswer> take();

  // Ask now.
  void refresh();
  // With each answer, have this explained as well; nothing: no more. A new question is asked now.
  void explain(std::optional<watch::Question> question);

 private:
  void run(const std::stop_token& stop);
  void add(AgentAnswer answer);

  const AgentAddress agent_;
  const Duration interval_;
  const int descriptor_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<AgentAnswer> answers_;         // under mutex_
  std::optional<watch::Question> question_;  // under mutex_
  bool refresh_ = true;                      // under mutex_
  bool ask_again_ = false;                   // under mutex_: the question is new

  std::jthread thread_;  // the last member: uses all others
};

}  // namespace highwater::agent
