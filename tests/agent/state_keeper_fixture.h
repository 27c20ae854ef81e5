// An agent on a real SQLite file, which can be killed: what it had not yet written is thrown away.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/state_keeper.h"
#include "exporters/notify/receivers/registry.h"
#include "tests/rules/engine/engine_world.h"

namespace highwater::agent::testing {

using namespace std::chrono_literals;
using rules::testing::FakeCluster;

// In memory where there is such a place: thousands of commits are forced to the disk.
inline std::filesystem::path fast_folder() {
  const std::filesystem::path shared = "/dev/shm";
  const auto base =
      access(shared.c_str(), W_OK) == 0 ? shared : std::filesystem::temp_directory_path();
  return base / ("highwater-state-" + std::to_string(getpid()));
}

// An agent without its threads: engine, notifier and keeper, on one state.
class Mortal {
 public:
  Mortal(rules::RuleSet rules, std::string path, notify::Transport transport = {})
      : rules_(std::move(rules)), path_(std::move(path)), transport_(std::move(transport)) {
    begin();
  }
  ~Mortal() { end(); }

  Report step(Duration duration) {
    now.steady += duration;
    now.wall += duration;
    cluster.publish(snapshot_, now);
    auto report = std::make_shared<Report>(
        engine_->evaluate(std::make_shared<const Snapshot>(snapshot_), now));
    director_.direct(*report);
    keeper_->keep(*engine_, *report, *notifier_, director_);
    notifier_->publish(report);
    return *report;
  }
  void flush() { ASSERT_TRUE(keeper_->flush(20s)); }
  void release() { end(); }
  void stop() { keeper_->stop(*engine_, *notifier_, director_, 20s); }
  void kill() {
    end();
    now.steady = SteadyTime(1h);
    snapshot_ = {};
    begin();
  }
  [[nodiscard]] const notify::Notifier& notifier() const { return *notifier_; }
  rules::Director& director() { return director_; }
  [[nodiscard]] const rules::Engine& engine() const { return *engine_; }
  [[nodiscard]] std::string problem() const { return keeper_->problem(); }

  FakeCluster cluster;
  Now now{SteadyTime(100h), WallTime(490'000h)};
  std::vector<std::string> receivers{"oncall"};  // from the next begin on
  std::string kind = "webhook";                  // of them

 private:
  void begin() {
    engine_ = std::make_unique<rules::Engine>(rules_);
    director_ = rules::Director({});
    std::vector<notify::ReceiverConfig> configs;
    for (const std::string& name : receivers) {
      if (!transport_) break;
      notify::ReceiverConfig& receiver = configs.emplace_back();
      receiver.name = name;
      receiver.kind = notify::find_receiver_kind(kind);
      for (const char* key : {"url", "api"})
        receiver.settings.set(key, Secret("http://127.0.0.1:9/" + name));
    }
    notifier_ = std::make_unique<notify::Notifier>(
        notify::make_receivers(configs, {"http://agent", "", transport_}, log_),
        notify::NotifierOptions(), clock_, log_, notify::SpanSink());
    keeper_ = std::make_unique<StateKeeper>(path_, log_);
    keeper_->restore(*engine_, *notifier_, director_, now);
  }
  void end() {
    keeper_.reset();
    notifier_.reset();
    engine_.reset();
  }

  rules::RuleSet rules_;
  std::string path_;
  notify::Transport transport_;
  SystemClock clock_;
  Log log_{clock_, LogLevel::error, LogForm::json, null_sink()};
  Snapshot snapshot_;
  std::unique_ptr<rules::Engine> engine_;
  rules::Director director_{{}};
  std::unique_ptr<notify::Notifier> notifier_;
  std::unique_ptr<StateKeeper> keeper_;
};

class StateKeeperTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_ = fast_folder();
};

}  // namespace highwater::agent::testing
