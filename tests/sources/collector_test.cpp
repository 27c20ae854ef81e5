#include "collectors/sources/collector.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "tests/sources/support.h"

namespace highwater::sources {
namespace {

using namespace std::chrono_literals;

// Pages by the source's name; a source without one hangs until it is told to stop.
class Pages {
 public:
  void set(const std::string& source, std::string text) {
    const std::lock_guard lock(mutex_);
    pages_[source] = std::move(text);
  }
  Transfer transfer() {
    return [this](const SourceSettings& source, const std::stop_token& stop) -> Read<Page> {
      std::unique_lock lock(mutex_);
      ++asked_[source.name.text()];
      changed_.notify_all();
      const auto found = pages_.find(source.name.text());
      if (found != pages_.end()) return Page{found->second, ""};
      changed_.wait(lock, stop, [] { return false; });
      return unreadable("it was told to stop");
    };
  }
  bool wait_for(const std::string& source, int times) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return asked_[source] >= times; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, std::string> pages_;
  std::map<std::string, int> asked_;
};

// What was published last.
class Published {
 public:
  SourcesCollector::Publish publish() {
    return [this](ObservationPtr observation) {
      const std::lock_guard lock(mutex_);
      last_ = std::move(observation);
      changed_.notify_all();
    };
  }
  template <class Condition>
  bool wait_for(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return last_ != nullptr && condition(*last_); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  ObservationPtr last_;
};

std::optional<double> value_of(const Observation& observation, const Measure& measure) {
  const Table* const table = observation.find(measure);
  if (table == nullptr || table->rows() != 1 || !table->known(0)) return std::nullopt;
  return table->values[0];
}

class Collector : public testing::Test {
 protected:
  SourcePlan plan(Duration every) {
    SourcePlan plan = one_source({metric_mapping(kDepth, "depth", "queue")});
    plan.sources.push_back(plan.sources[0]);
    plan.sources[1].name = Symbol("hangs");
    for (SourceSettings& source : plan.sources) source.every = every;
    return plan;
  }

  SystemClock clock_;
  Log log_{clock_, LogLevel::error, LogForm::json, null_sink()};
  Pages pages_;
  Published published_;
};

TEST_F(Collector, ASlowSourceDelaysNoOther) {
  pages_.set("app", "depth{queue=\"a\"} 1\n");
  SourcesCollector collector(plan(20ms), {Symbol("prod")}, pages_.transfer(), clock_, log_,
                             published_.publish());
  collector.start();
  EXPECT_TRUE(pages_.wait_for("hangs", 1));
  EXPECT_TRUE(
      published_.wait_for([](const Observation& seen) { return value_of(seen, kDepth) == 1; }));
  pages_.set("app", "depth{queue=\"a\"} 2\n");
  EXPECT_TRUE(
      published_.wait_for([](const Observation& seen) { return value_of(seen, kDepth) == 2; }));
  collector.stop();
}

// More sources than threads, and most of them hang.
TEST_F(Collector, ManySourcesThatHangDelayTheOthersOnceAtMost) {
  SourcePlan many = plan(20ms);
  many.mappings.clear();
  for (int i = 0; i < 100; ++i) {
    many.sources.push_back(many.sources[1]);
    many.sources.back().name = Symbol("hangs-" + std::to_string(i));
  }
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::atomic<int> quick{0};
  // A transfer that takes as long as its timeout.
  const Transfer transfer = [&](const SourceSettings& source,
                                const std::stop_token&) -> Read<Page> {
    const int now = ++running;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
    }
    const bool hangs = source.name.text().starts_with("hangs");
    if (hangs)
      std::this_thread::sleep_for(600ms);
    else
      ++quick;
    --running;
    return unreadable("it says nothing");
  };
  SourcesCollector collector(many, {Symbol("prod")}, transfer, clock_, log_, published_.publish());
  collector.start();
  // By then each was read once, and is known to be slow.
  std::this_thread::sleep_for(3s);
  const int before = quick;
  std::this_thread::sleep_for(1s);
  EXPECT_GT(quick - before, 20);
  EXPECT_LE(most, static_cast<int>(SourcesCollector::kMostThreads));
  collector.stop();
}

TEST_F(Collector, StoppingDoesNotWaitForTheNextTurn) {
  pages_.set("app", "depth{queue=\"a\"} 1\n");
  pages_.set("hangs", "depth{queue=\"b\"} 1\n");
  SourcesCollector collector(plan(1h), {Symbol("prod")}, pages_.transfer(), clock_, log_,
                             published_.publish());
  collector.start();
  EXPECT_TRUE(pages_.wait_for("app", 1));
  const auto begun = std::chrono::steady_clock::now();
  collector.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
}

TEST_F(Collector, WithoutSourcesNothingIsSaid) {
  SourcesCollector collector({}, {Symbol("prod")}, pages_.transfer(), clock_, log_,
                             [](ObservationPtr) { FAIL(); });
  collector.start();
  collector.stop();
}

}  // namespace
}  // namespace highwater::sources
