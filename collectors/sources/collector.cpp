#include "collectors/sources/collector.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "collectors/sources/interpreter.h"

namespace highwater::sources {
namespace {

// How often the whole is said again when nothing was read, and how seldom when much is.
constexpr auto kRepeatAfter = std::chrono::seconds(5);
constexpr auto kGatherFor = std::chrono::milliseconds(200);
constexpr Duration kSlow = std::chrono::milliseconds(500);

}  // namespace

class SourcesCollector::Impl {
 public:
  Impl(SourcePlan plan, std::vector<Symbol> clusters, Transfer transfer, const Clock& clock,
       Log& log, Publish publish)
      : plan_(std::move(plan)),
        transfer_(std::move(transfer)),
        clock_(clock),
        log_(log),
        publish_(std::move(publish)),
        interpreter_(plan_, std::move(clusters)) {}

  void start() {
    if (plan_.sources.empty()) return;
    joiner_ = std::jthread([this](const std::stop_token& stop) { join(stop); });
    turns_.assign(plan_.sources.size(), {clock_.now().steady});
    const size_t threads = std::min(plan_.sources.size(), kMostThreads);
    // Where each has a thread, none can delay another.
    slow_places_ = threads == plan_.sources.size() ? threads : threads / 2;
    for (size_t i = 0; i < threads; ++i)
      readers_.emplace_back([this](const std::stop_token& stop) { read(stop); });
  }

  void stop() {
    for (std::jthread& reader : readers_) reader.request_stop();
    joiner_.request_stop();
    readers_.clear();
    if (joiner_.joinable()) joiner_.join();
  }

 private:
  // When a source is to be read next.
  struct Turn {
    SteadyTime due;
    bool busy = false;  // some thread reads it
    bool slow = false;  // it was, when it was read last
  };

  // One of the threads that read.
  void read(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "hw-source");
    while (const std::optional<size_t> number = next(stop)) {
      const SteadyTime begun = clock_.now().steady;
      Scrape done = scrape(plan_, *number, transfer_, clock_, stop);
      if (stop.stop_requested()) return;
      say(done);
      {
        const std::lock_guard lock(mutex_);
        scrapes_.push_back(std::move(done));
      }
      wake_.notify_all();
      finish(*number, begun);
    }
  }

  // Waits for a source that is due; nothing when told to stop.
  std::optional<size_t> next(const std::stop_token& stop) {
    std::unique_lock lock(turns_mutex_);
    while (!stop.stop_requested()) {
      const SteadyTime now = clock_.now().steady;
      SteadyTime until = SteadyTime::max();
      std::optional<size_t> first;
      for (size_t i = 0; i < turns_.size(); ++i) {
        const Turn& turn = turns_[i];
        if (turn.busy || (turn.slow && slow_busy_ >= slow_places_)) continue;
        if (turn.due > now) {
          until = std::min(until, turn.due);
        } else if (!first || turn.due < turns_[*first].due) {
          first = i;
        }
      }
      if (first) {
        turns_[*first].busy = true;
        if (turns_[*first].slow) ++slow_busy_;
        return first;
      }
      if (until == SteadyTime::max()) {
        turned_.wait(lock, stop, [&, seen = finished_] { return finished_ != seen; });
      } else {
        turned_.wait_until(lock, stop, until, [&, seen = finished_] { return finished_ != seen; });
      }
    }
    return std::nullopt;
  }

  void finish(size_t number, SteadyTime begun) {
    {
      const std::lock_guard lock(turns_mutex_);
      Turn& turn = turns_[number];
      if (turn.slow) --slow_busy_;
      turn.busy = false;
      // Slots that went by are skipped, not caught up.
      const Duration every = plan_.sources[number].every;
      const SteadyTime now = clock_.now().steady;
      turn.due += every;
      if (turn.due <= now) turn.due += every * ((now - turn.due) / every + 1);
      turn.slow = now - begun >= kSlow;
      ++finished_;
    }
    turned_.notify_all();
  }

  void say(const Scrape& done) {
    const std::string& name = plan_.sources[done.source].name.text();
    const std::string state = done.failure ? done.failure->what : "";
    const LogLevel level = done.failure ? LogLevel::warning : LogLevel::info;
    log_.on_change("source/" + name, state, level,
                   done.failure ? "a source cannot be read" : "a source can be read",
                   {{"source", name}, {"why", state}, {"samples", done.readings.samples}});
    std::string remarks;
    for (const std::string& remark : done.readings.remarks)
      remarks += (remarks.empty() ? "" : "; ") + remark;
    if (done.failure) return;
    std::string lacking;
    for (const Finding& finding : done.readings.findings) {
      if (finding.found == Found::lacking && !plan_.mappings[finding.mapping].may_be_absent)
        lacking += (lacking.empty() ? "" : "; ") + finding.why;
    }
    log_.on_change("source/" + name + "/lacking", lacking, LogLevel::warning,
                   lacking.empty() ? "a source has all that the measures name"
                                   : "a source lacks what a measure names",
                   {{"source", name}, {"why", lacking}});
    log_.on_change("source/" + name + "/remarks", remarks, LogLevel::warning,
                   remarks.empty() ? "a source is taken whole" : "a part of a source is left out",
                   {{"source", name}, {"why", remarks}});
  }

  void join(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "hw-sources");
    while (!stop.stop_requested()) {
      std::vector<Scrape> news;
      {
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, kRepeatAfter, [this] { return !scrapes_.empty(); });
        if (stop.stop_requested()) return;
        news = std::move(scrapes_);
        scrapes_.clear();
      }
      for (Scrape& one : news) interpreter_.take(std::move(one));
      for (Observation& observation : interpreter_.observe(clock_.now()))
        publish_(std::make_shared<const Observation>(std::move(observation)));
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, kGatherFor, [] { return false; });
    }
  }

  const SourcePlan plan_;
  const Transfer transfer_;
  const Clock& clock_;
  Log& log_;
  const Publish publish_;
  SourcesInterpreter interpreter_;  // the joining thread
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<Scrape> scrapes_;  // under mutex_: not joined yet
  std::mutex turns_mutex_;
  std::condition_variable_any turned_;
  std::vector<Turn> turns_;  // under turns_mutex_, by source
  size_t slow_places_ = 0;   // how many threads may read slow sources at a time
  size_t slow_busy_ = 0;     // under turns_mutex_
  uint64_t finished_ = 0;    // under turns_mutex_: readings that ended
  std::jthread joiner_;
  std::vector<std::jthread> readers_;
};

SourcesCollector::SourcesCollector(SourcePlan plan, std::vector<Symbol> clusters, Transfer transfer,
                                   const Clock& clock, Log& log, Publish publish)
    : impl_(std::make_unique<Impl>(std::move(plan), std::move(clusters), std::move(transfer), clock,
                                   log, std::move(publish))) {}

SourcesCollector::~SourcesCollector() {
  stop();
}

void SourcesCollector::start() {
  impl_->start();
}

void SourcesCollector::stop() {
  impl_->stop();
}

}  // namespace highwater::sources
