// ConfigWatch: notices that the configuration, a rule file or a calendar was changed on the disk,
// also when a folder of them was exchanged at once, as Kubernetes does it with a ConfigMap. A
// thread of its own reads the files every few seconds. Made and stopped by main's thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/core/time.h"
#include "rules/language/load.h"

namespace highwater::agent {

// What stands in these files, as one text that is another one after any change. A file that cannot
// be read counts as well.
[[nodiscard]] std::string digest_of_files(const std::string& config,
                                          const rules::RuleSettings& rules,
                                          const std::vector<std::string>& calendars);

class ConfigWatch {
 public:
  static constexpr Duration kEvery = std::chrono::seconds(5);

  // `digest` is asked each time; `changed` is called when it has been another one twice in a row,
  // so that nothing is read while it is being written.
  ConfigWatch(std::function<std::string()> digest, std::function<void()> changed,
              Duration every = kEvery);
  ~ConfigWatch();
  ConfigWatch(const ConfigWatch&) = delete;
  ConfigWatch& operator=(const ConfigWatch&) = delete;

 private:
  void run();

  const std::function<std::string()> digest_;
  const std::function<void()> changed_;
  const Duration every_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // under mutex_
  std::thread thread_;
};

}  // namespace highwater::agent
