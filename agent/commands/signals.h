// Signals: what asks the daemon to read its rules again and to end. Waited for on a thread of their
// own from before the first part starts, so that the process ends in time whatever its other
// threads wait for: a disk, a name service, a receiver.
#pragma once

#include <functional>
#include <string>

#include "agent/core/log.h"

namespace highwater::agent {

class Signals {
 public:
  // From the first SIGTERM or SIGINT to the end of the process, whatever happens.
  static constexpr Duration kStopWithin = std::chrono::milliseconds(4700);

  // Blocks the signals in all threads that start from now on. `log` must outlive the process's
  // other threads. There is one object of this class.
  explicit Signals(Log& log);

  // Waits for the next: SIGHUP, SIGINT or SIGTERM. Main's thread.
  [[nodiscard]] int next();
  // What is being done, for the last words. Main's thread; a literal.
  void doing(const char* part);
  // Everything is delivered and written: what is left may be cut off.
  void done();

 private:
  struct State;
  State* const state_;  // never freed: its thread ends with the process
};

}  // namespace highwater::agent
