#include "collectors/sources/collector.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "collectors/sources/interpreter.h"

namespace highwater::sources {
namespace {

// How often the whole is said again when nothing was read, and how seldom when much is.
constexpr auto kRepeatAfter = std::chrono::seconds(5);
constexpr auto kGatherFor = std::chrono::milliseconds(200);

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
    for (size_t i = 0; i < plan_.sources.size(); ++i)
      readers_.emplace_back([this, i](const std::stop_token& stop) { read(i, stop); });
  }

  void stop() {
    for (std::jthread& reader : readers_) reader.request_stop();
    joiner_.request_stop();
    readers_.clear();
    if (joiner_.joinable()) joiner_.join();
  }

 private:
  // The thread of one source.
  void read(size_t number, const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "hw-source");
    const Duration every = plan_.sources[number].every;
    SteadyTime due = clock_.now().steady;
    std::mutex asleep;
    std::condition_variable_any never;
    while (!stop.stop_requested()) {
      Scrape done = scrape(plan_, number, transfer_, clock_, stop);
      if (stop.stop_requested()) return;
      say(done);
      {
        const std::lock_guard lock(mutex_);
        scrapes_.push_back(std::move(done));
      }
      wake_.notify_all();
      // Slots that went by are skipped, not caught up.
      due += every;
      const SteadyTime now = clock_.now().steady;
      if (due <= now) due += every * ((now - due) / every + 1);
      std::unique_lock lock(asleep);
      never.wait_until(lock, stop, due, [] { return false; });
    }
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
