// ChildProcess: a program of which we read lines and to which we write one. Owned and used by one
// thread. Destroying it ends the process.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"

namespace highwater::canary {

class ChildProcess {
 public:
  // A longer line ends the conversation: the other side is not what we took it for.
  static constexpr size_t kMaxLine = size_t{1} << 20U;

  // Starts `command` (a path and its arguments) with `input` as the first line it reads; its
  // standard input stays open until it is to end. What it says on standard error is ours.
  [[nodiscard]] static Result<ChildProcess> start(const std::vector<std::string>& command,
                                                  const std::string& input);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  enum class Outcome : uint8_t { line, nothing_yet, ended };
  // Waits for a line, without its line feed, as long as `patience`.
  [[nodiscard]] Outcome read_line(Duration patience, std::string& line);

  // Closes its input, gives it a moment, then kills it. Says how it ended: "exit code 1",
  // "signal 6".
  std::string end(Duration patience);

 private:
  ChildProcess(pid_t pid, int input, int output) : pid_(pid), input_(input), output_(output) {}
  [[nodiscard]] bool take_line(std::string& line);
  [[nodiscard]] std::optional<int> wait_for(Duration patience) const;

  pid_t pid_ = -1;  // -1: it was waited for
  int input_ = -1;
  int output_ = -1;
  std::string buffer_;
};

}  // namespace highwater::canary
