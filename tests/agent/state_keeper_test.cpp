// The state on a real SQLite file, through restarts and kills. A kill is a keeper that is thrown
// away with what it had not yet written.
#include "agent/state_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "exporters/notify/receivers/registry.h"
#include "tests/rules/engine/engine_world.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;
using rules::testing::FakeCluster;
using rules::testing::kLagSeconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// In memory where there is such a place: thousands of commits are forced to the disk.
std::filesystem::path fast_folder() {
  const std::filesystem::path shared = "/dev/shm";
  const auto base =
      access(shared.c_str(), W_OK) == 0 ? shared : std::filesystem::temp_directory_path();
  return base / ("highwater-state-" + std::to_string(getpid()));
}

rules::SloRule lag_slo() {
  rules::SloRule rule = rules::testing::make_slo("lag", kLagSeconds, 0.99);
  rule.sli.good.high = 300;
  return rule;
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

// What was committed last is at most a minute old. Kills come at any moment.
TEST_F(StateKeeperTest, AMonthWithTwoHundredKillsEndsLikeOneWithout) {
  const rules::RuleSet rules({}, {lag_slo()});
  Mortal calm(rules, ":memory:");
  Mortal rough(rules, path("state.db"));
  // Read each minute, and so known all the time.
  for (Mortal* world : {&calm, &rough}) world->cluster.set_cadence(1min);
  std::mt19937 random(77);
  constexpr int kSteps = 30 * 24 * 60;
  bool ill = false;
  int kills = 0;
  int open = 0;
  int opened = 0;
  int differing = 0;
  for (int i = 0; i < kSteps; ++i) {
    if (std::bernoulli_distribution(ill ? 0.03 : 0.0008)(random)) ill = !ill;
    for (Mortal* world : {&calm, &rough})
      world->cluster.set(kLagSeconds, {"payments"}, ill ? 400 : 10);
    const bool fires = !calm.step(1min).alerts.empty();
    const Report report = rough.step(1min);
    for (const Transition& transition : report.transitions) {
      if (transition.kind == TransitionKind::opened) ++open, ++opened;
      if (transition.kind == TransitionKind::resolved) --open;
      ASSERT_TRUE(open == 0 || open == 1) << "told twice, or forgotten, in minute " << i;
    }
    ASSERT_EQ(report.alerts.size(), static_cast<size_t>(open)) << "minute " << i;
    differing += fires != (open == 1) ? 1 : 0;
    // The minute's commit may or may not be on the disk when the kill comes.
    const bool killed = std::bernoulli_distribution(200.0 / kSteps)(random);
    if (!killed || random() % 2 == 0) rough.flush();
    if (!killed) continue;
    ++kills;
    rough.kill();
  }
  EXPECT_GT(kills, 150);
  EXPECT_GT(opened, 3);
  EXPECT_LT(differing, 2 * kills);
  const auto sums = [](Mortal& world) {
    for (const rules::StateRecord& record : world.engine().state(world.now, true)) {
      if (record.kind != rules::kBudgetKind) continue;
      const auto key = rules::decode_key(record.key);
      return (*rules::decode_saved_budget(key->entity, record.value))
          ->curve.between(world.now.wall - 24h * 29, world.now.wall);
    }
    return rules::Sums{};
  };
  const rules::Sums whole = sums(calm);
  const rules::Sums torn = sums(rough);
  EXPECT_GT(whole.bad, 3600);
  EXPECT_LE(torn.bad, whole.bad);
  EXPECT_NEAR(torn.bad, whole.bad, 121.0 * kills);
  EXPECT_NEAR(torn.total, whole.total, 121.0 * kills);
}

// A replay of what the agent recorded ends where its last judgement did; so must its state.
TEST_F(StateKeeperTest, AnOrderlyStopKeepsWhatWasJudgedLastAndNothingOfTheTimeSince) {
  Mortal world(rules::RuleSet({}, {lag_slo()}), path("state.db"));
  world.cluster.set_cadence(1min);
  world.cluster.set(kLagSeconds, {"payments"}, 400);
  for (int i = 0; i < 5; ++i) world.step(1min);
  std::map<std::string, std::string> judged;
  for (const rules::StateRecord& record : world.engine().state(world.now, true))
    if (record.kind == rules::kBudgetKind) judged[record.key] = record.value;
  ASSERT_EQ(judged.size(), 1U);
  world.now.steady += 40s;
  world.now.wall += 40s;
  world.stop();
  world.release();
  const Opened opened = Store::open(path("state.db"));
  ASSERT_TRUE(opened.store) << opened.problem;
  const auto kept = opened.store->read(rules::kBudgetKind);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->size(), 1U);
  for (const Record& record : *kept) EXPECT_TRUE(record.value == judged[record.key]);
}

// Answers as it is told to, and counts what it took, by the last part of the address.
class FakeReceivers {
 public:
  [[nodiscard]] notify::Transport transport() {
    return [this](const http::Request& request) -> Result<http::Response> {
      const std::lock_guard lock(mutex_);
      if (status_ == 0) return fail("connection refused");
      if (status_ == 200) ++taken_[request.url.substr(request.url.rfind('/') + 1)];
      http::Response response;
      response.status = status_;
      response.body = R"({"ok":true,"result":{"message_id":40}})";
      return response;
    };
  }
  void answer(int status) {  // 0: not at all
    const std::lock_guard lock(mutex_);
    status_ = status;
  }
  [[nodiscard]] int taken(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = taken_.find(name);
    return found == taken_.end() ? 0 : found->second;
  }

 private:
  mutable std::mutex mutex_;
  int status_ = 0;
  std::map<std::string, int> taken_;
};

// What the notifier's threads do comes soon, at some time.
template <class Condition>
bool comes(Condition condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    usleep(10'000);
  }
  return false;
}

class NotificationsOverAKill : public StateKeeperTest {
 protected:
  void break_broker() {
    agent_.cluster.set(rules::testing::kFailed, {"3"}, 1);
    agent_.step(1s);
  }
  // What happened since is on the disk before the kill.
  void kill() {
    agent_.step(2s);
    agent_.flush();
    agent_.kill();
  }
  static rules::RuleSet down() {
    rules::AlertRule rule =
        rules::testing::make_rule("Down", rules::testing::kFailed, rules::Comparison::equal, 1);
    rule.severity = Severity::page;
    return rules::RuleSet({rule});
  }

  FakeReceivers receivers_;
  Mortal agent_{down(), (std::filesystem::create_directories(fast_folder()), path("state.db")),
                receivers_.transport()};
};

TEST_F(NotificationsOverAKill, WhatWaitedIsDeliveredAndOnlyOnce) {
  break_broker();
  kill();
  EXPECT_EQ(agent_.notifier().undelivered().size(), 1U);
  receivers_.answer(200);
  agent_.step(1s);
  EXPECT_TRUE(comes([&] { return agent_.notifier().settled() == 1; }));
  kill();
  EXPECT_THAT(agent_.notifier().undelivered(), IsEmpty());
  EXPECT_EQ(receivers_.taken("oncall"), 1);
}

TEST_F(NotificationsOverAKill, WhatWasRefusedIsToldAgain) {
  receivers_.answer(401);
  break_broker();
  EXPECT_TRUE(comes([&] { return agent_.notifier().settled() == 1; }));
  receivers_.answer(200);
  kill();
  EXPECT_TRUE(comes([&] { return receivers_.taken("oncall") == 1; }));
  EXPECT_TRUE(comes([&] { return agent_.notifier().settled() == 1; }));
  kill();
  EXPECT_THAT(agent_.notifier().undelivered(), IsEmpty());
}

TEST_F(NotificationsOverAKill, AReceiverThatWasAddedHearsOfWhatIsOpenAndTheOthersNotAgain) {
  receivers_.answer(200);
  break_broker();
  EXPECT_TRUE(comes([&] { return agent_.notifier().settled() == 1; }));
  agent_.receivers = {"oncall", "second"};
  kill();
  agent_.step(1s);
  EXPECT_TRUE(comes([&] { return receivers_.taken("second") == 1; }));
  EXPECT_TRUE(comes([&] { return agent_.notifier().settled() == 1; }));
  kill();
  EXPECT_THAT(agent_.notifier().undelivered(), IsEmpty());
  EXPECT_EQ(receivers_.taken("oncall"), 1);
  EXPECT_EQ(receivers_.taken("second"), 1);
}

TEST_F(NotificationsOverAKill, WhereAMessageStandsIsKept) {
  receivers_.answer(200);
  agent_.kind = "telegram";
  kill();
  break_broker();
  EXPECT_TRUE(comes([&] { return agent_.notifier().settled() == 1; }));
  kill();
  const auto handles = agent_.notifier().handles();
  ASSERT_EQ(handles.size(), 1U);
  EXPECT_EQ(handles[0].receiver, "oncall");
  EXPECT_EQ(handles[0].text, "40");
}

TEST_F(NotificationsOverAKill, TheFirstReceiverHearsOfWhatIsOpen) {
  agent_.receivers = {};
  kill();
  break_broker();
  agent_.receivers = {"oncall"};
  receivers_.answer(200);
  kill();
  agent_.step(1s);
  EXPECT_TRUE(comes([&] { return receivers_.taken("oncall") == 1; }));
}

TEST_F(NotificationsOverAKill, ASilenceHidesOverTheKillAndTellsWhenItEnds) {
  receivers_.answer(200);
  rules::Silence silence;
  silence.matcher = *rules::Matcher::parse(std::vector<std::string>{"alertname=Down"});
  silence.ends = agent_.now.wall + 1h;
  silence.author = silence.comment = "test";
  ASSERT_TRUE(agent_.director().silences().add(silence, agent_.now.wall));
  break_broker();
  kill();
  agent_.step(1s);
  EXPECT_EQ(agent_.director().silences().all().size(), 1U);
  EXPECT_EQ(receivers_.taken("oncall"), 0);
  agent_.step(2h);
  EXPECT_TRUE(comes([&] { return receivers_.taken("oncall") == 1; }));
}

TEST_F(StateKeeperTest, ASecondAgentOnTheSameStateIsToldSoAndGoesOn) {
  Mortal first({}, path("state.db"));
  Mortal second({}, path("state.db"));
  EXPECT_EQ(first.problem(), "");
  EXPECT_NE(second.problem(), "");
  second.step(1s);
}

rules::AlertRule down_rule() {
  return rules::testing::make_rule("Down", rules::testing::kFailed, rules::Comparison::equal, 1);
}

double known_seconds(const rules::Engine& engine, Now now) {
  for (const rules::StateRecord& record : engine.state(now, true)) {
    if (record.kind != rules::kBudgetKind) continue;
    const auto key = rules::decode_key(record.key);
    return to_seconds((*rules::decode_saved_budget(key->entity, record.value))->lifetime.known);
  }
  return 0;
}

TEST_F(StateKeeperTest, AStateThatWasInUseIsTakenWhenItIsFreeAndNothingOfBothIsLost) {
  const rules::RuleSet rules({down_rule()}, {lag_slo()});
  Mortal world(rules, path("state.db"));
  world.cluster.set(kLagSeconds, {"payments"}, 10);
  world.cluster.set(rules::testing::kFailed, {"1"}, 0);
  for (int i = 0; i < 60; ++i) world.step(10s);
  world.flush();
  world.kill();
  const double before = known_seconds(world.engine(), world.now);
  EXPECT_GT(before, 500);

  world.release();
  Opened other = Store::open(path("state.db"));
  ASSERT_NE(other.store, nullptr);
  world.kill();
  EXPECT_THAT(world.problem(), ::testing::Not(IsEmpty()));
  world.cluster.set(rules::testing::kFailed, {"1"}, 1);
  for (int i = 0; i < 30; ++i) world.step(10s);
  EXPECT_THAT(world.problem(), ::testing::Not(IsEmpty())) << "it is in use";
  EXPECT_EQ(other.store->read(rules::kIncidentKind)->size(), 0U) << "nothing was written there";
  other.store.reset();

  const auto give_up = std::chrono::steady_clock::now() + 20s;
  int steps = 30;
  for (; !world.problem().empty() && std::chrono::steady_clock::now() < give_up; ++steps) {
    world.step(10s);
    std::this_thread::yield();
  }
  ASSERT_THAT(world.problem(), IsEmpty());
  const double together = known_seconds(world.engine(), world.now);
  EXPECT_NEAR(together, before + 10.0 * (steps - 1), 1);
  world.flush();
  world.kill();
  EXPECT_NEAR(known_seconds(world.engine(), world.now), together, 1);
  ASSERT_EQ(world.engine().open_incidents().size(), 1U) << "it opened while there was no state";
}

}  // namespace
}  // namespace highwater::agent
