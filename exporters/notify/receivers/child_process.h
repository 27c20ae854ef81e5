// A program that is started, given its input, and ended when it takes too long. Blocks its caller;
// any thread.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/core/time.h"

namespace highwater::notify {

class ChildProcess {
 public:
  struct Task {
    std::string program;  // an absolute path
    std::vector<std::string> arguments;
    std::vector<std::string> environment;  // "NAME=value", beside PATH, HOME, LANG and TZ of ours
    std::string input;
  };
  enum class How : uint8_t { exited, signalled, too_slow, stopped, not_started };
  struct Ended {
    How how = How::not_started;
    int code = 0;        // the exit code, or the signal
    std::string output;  // the first kMaxOutput bytes of what it wrote, errors included
    std::string why;     // it was not started
  };
  static constexpr size_t kMaxOutput = 4096;

  // It gets a process group of its own, which is ended with it when it is late: so are the programs
  // that it started. What it leaves running after it has exited is left alone.
  [[nodiscard]] static Ended run(const Task& task, Duration limit, const std::stop_token& stop);
};

}  // namespace highwater::notify
