// Answers of every API changed at random on their way from simulated brokers to the collector: it
// must neither crash nor say nonsense, and when it ends, nothing that was said may be believed any
// longer.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/collectors/simulated_watch.h"
#include "tests/simulator/answers/answer_mutator.h"

namespace highwater::collectors {
namespace {

using namespace std::chrono_literals;

// Nothing moves, so that what is right stays so. All kinds of groups, an open transaction, a
// compacted topic: every API is asked.
constexpr std::string_view kScenario = R"(
brokers: 3
topics:
  - {name: orders, partitions: 6, records: 600}
  - {name: audit, partitions: 6, replication_factor: 1, records: 60}
  - {name: state, records: 20, config: {cleanup.policy: compact}}
  - {name: payments, records: 10}
groups:
  - {name: classic-%d, topics: [orders, audit], consume: none, lag: 60, members: 2, count: 4}
  - {name: modern-%d, type: consumer, topics: [orders, state], consume: none, lag: 30, members: 2, count: 2}
  - {name: shared, type: share, topics: [audit]}
  - {name: marked, topics: [payments], isolation: read_committed, commits_last_record: true, commit_every: 200ms}
)";

const std::vector<std::string> kMeasures{"broker_up",
                                         "broker_listed",
                                         "partition_high_watermark",
                                         "partition_log_start_offset",
                                         "partition_last_stable_offset",
                                         "partition_leaderless",
                                         "partition_under_replicated",
                                         "partition_under_min_isr",
                                         "topic_partitions",
                                         "group_members",
                                         "group_committed_offset",
                                         "group_lag_records",
                                         "group_records_lost"};

constexpr auto kPoll = 200ms;
// How long a machine that is busy with something else may need for what takes a second.
constexpr auto kPatience = 120s;

using Rows = std::map<std::string, SimulatedWatch::Row>;

size_t number_from(const char* variable, size_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// The rows that are not known, and why.
std::string unknown_rows(const Rows& rows) {
  std::string text;
  for (const auto& [name, row] : rows) {
    if (row.reason != Unknown::known)
      text += fmt::format("{}: {}\n", name, unknown_name(row.reason));
  }
  return text;
}

// For people: what is not as it should be, or is too much.
std::string difference(const Rows& should, const Rows& is) {
  std::string text;
  int shown = 0;
  const auto say = [&](const std::string& what) {
    if (++shown <= 10) text += what + "\n";
  };
  for (const auto& [name, row] : should) {
    const auto found = is.find(name);
    if (found == is.end())
      say(name + " is not there");
    else if (!(found->second == row))
      say(fmt::format("{} is {} ({})", name, found->second.value,
                      unknown_name(found->second.reason)));
  }
  for (const auto& [name, row] : is) {
    if (!should.contains(name)) say(name + " should not be there");
  }
  return shown > 10 ? fmt::format("{}and {} more\n", text, shown - 10) : text;
}

// One cluster whose answers are changed, and what is right of it.
class MutatedCluster {
 public:
  explicit MutatedCluster(uint32_t seed) : mutator_(seed), watch_(kScenario, options()) {}

  // Before anything is changed.
  void learn() {
    const auto all_known = [&] {
      right_ = watch_.rows(kMeasures);
      return watch_.observations("groups") > 3 && unknown_rows(right_).empty() &&
             watch_.is("group_lag_records", {"marked", "payments", "0"}, 0);
    };
    ASSERT_TRUE(watch_.wait_for(all_known, kPatience)) << unknown_rows(right_);
    ASSERT_GT(right_.size(), 200U);
  }

  // A broker that greets with nonsense is left alone for a while, so most answers stay as they are.
  void begin() { mutator_.set_one_in(6); }
  [[nodiscard]] bool end_after(uint64_t changed) {
    const bool enough = watch_.wait_for([&] { return mutator_.changed() >= changed; },
                                        kPatience + std::chrono::milliseconds(100 * changed));
    mutator_.set_one_in(0);
    return enough;
  }

  // What was on its way when the changes ended: the rest of an answer whose length lies.
  void let_requests_time_out() {
    watch_.wait_for([] { return false; }, SimulatedWatch::Options().request_timeout + 400ms);
  }

  // From here on two polls, and the one under way, which may have begun before.
  void expect_right_soon() {
    // A broker that answered a greeting with nonsense is greeted again after the longest back-off.
    const auto up = [&] {
      return watch_.is("broker_up", {"1"}, 1) && watch_.is("broker_up", {"2"}, 1) &&
             watch_.is("broker_up", {"3"}, 1);
    };
    ASSERT_TRUE(watch_.wait_for(up, kPatience)) << difference(right_, watch_.rows(kMeasures));
    const auto lock = watch_.lock();
    begin_ = std::chrono::steady_clock::now();
    polls_ = watch_.observations("groups") + 3;
  }
  void expect_right_now() {
    std::string wrong = what_is_wrong();
    // On a busy machine brokers that are well answer late, and are left out of a poll.
    const auto busy = [&] {
      return took_ > 6 * kPoll || wrong.find("timed_out") != std::string::npos;
    };
    const SteadyTime until = std::chrono::steady_clock::now() + kPatience;
    while (!wrong.empty() && busy() && std::chrono::steady_clock::now() < until) {
      expect_right_soon();
      wrong = what_is_wrong();
    }
    EXPECT_EQ(wrong, "");
    EXPECT_EQ(watch_.nonsense(), std::vector<std::string>{});
  }

 private:
  [[nodiscard]] SimulatedWatch::Options options() {
    SimulatedWatch::Options made;
    made.poll = kPoll;
    made.longest_back_off = 300ms;
    made.before = {"open_transaction: {topic: payments, partition: 0}",
                   "end_transaction: {topic: payments, partition: 0}",
                   "open_transaction: {topic: state, partition: 0, records: 3}"};
    made.on_answer = [this](kafka::Bytes& frame) { mutator_.change(frame); };
    return made;
  }

  std::string what_is_wrong() {
    EXPECT_TRUE(
        watch_.wait_for([&] { return watch_.observations("groups") >= polls_; }, kPatience));
    const auto lock = watch_.lock();
    took_ = std::chrono::steady_clock::now() - begin_;
    std::string wrong = difference(right_, watch_.rows(kMeasures));
    if (!wrong.empty()) wrong += fmt::format("{}", fmt::join(watch_.problems("groups"), "\n"));
    return wrong;
  }

  simulator::AnswerMutator mutator_;
  SimulatedWatch watch_;
  Rows right_;
  int polls_ = 0;
  SteadyTime begin_{};
  Duration took_{};
};

// Several clusters side by side, because most of the time is spent waiting: for the next poll, and
// for the rest of answers whose length lies. After each round all of them must be right again.
TEST(MutatedAnswers, DoNoHarmAndAreForgottenTwoPollsAfterTheyEnd) {
  constexpr size_t kInRound = 50;  // of each cluster
  constexpr size_t kShort = 1200;
  const size_t count = number_from("HIGHWATER_MUTATED_CLUSTERS", 12);
  const auto seed =
      static_cast<uint32_t>(number_from("HIGHWATER_MUTATION_SEED", std::random_device()()));
  SCOPED_TRACE(fmt::format("HIGHWATER_MUTATION_SEED={}", seed));
  const size_t wanted = number_from("HIGHWATER_MUTATED_ANSWERS", kShort);

  std::vector<std::unique_ptr<MutatedCluster>> clusters;
  for (uint32_t i = 0; i < count; ++i) {
    clusters.push_back(std::make_unique<MutatedCluster>(seed + i));
    clusters.back()->learn();
    if (HasFatalFailure()) return;
  }
  const size_t rounds = (wanted + count * kInRound - 1) / (count * kInRound);
  for (size_t round = 1; round <= rounds && !HasFailure(); ++round) {
    SCOPED_TRACE(fmt::format("round {} of {}", round, rounds));
    for (const auto& cluster : clusters) cluster->begin();
    for (const auto& cluster : clusters) ASSERT_TRUE(cluster->end_after(round * kInRound));
    clusters.front()->let_requests_time_out();
    for (const auto& cluster : clusters) cluster->expect_right_soon();
    for (const auto& cluster : clusters) cluster->expect_right_now();
  }
}

}  // namespace
}  // namespace highwater::collectors
