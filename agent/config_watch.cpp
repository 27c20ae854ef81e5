#include "agent/config_watch.h"

#include <utility>

#include "agent/core/digest.h"
#include "agent/core/small_file.h"
#include "rules/language/rule_files.h"

namespace highwater::agent {
namespace {

constexpr size_t kMaxFileBytes = size_t{16} * 1024 * 1024;

}  // namespace

std::string digest_of_files(const std::string& config, const rules::RuleSettings& rules,
                            const std::vector<std::string>& calendars) {
  Diagnostics ignored;
  std::vector<std::string> files = rules::find_rule_files(rules, ignored);
  files.push_back(config);
  files.insert(files.end(), calendars.begin(), calendars.end());
  std::string text;
  for (const std::string& file : files) {
    const auto content = read_small_file(file, kMaxFileBytes);
    text += file + " " + (content ? sha256_hex(*content) : content.error().message) + "\n";
  }
  return sha256_hex(text);
}

ConfigWatch::ConfigWatch(std::function<std::string()> digest, std::function<void()> changed,
                         Duration every)
    : digest_(std::move(digest)), changed_(std::move(changed)), every_(every) {
  thread_ = std::thread([this] { run(); });
}

ConfigWatch::~ConfigWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void ConfigWatch::run() {
  std::string taken = digest_();
  std::string seen = taken;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, every_, [this] { return stopping_; })) {
    lock.unlock();
    std::string now = digest_();
    if (now != taken && now == seen) {
      taken = now;
      changed_();
    }
    seen = std::move(now);
    lock.lock();
  }
}

}  // namespace highwater::agent
