#include "agent/store/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace highwater::agent {
namespace {

using RecordName = std::pair<std::string, std::string>;  // kind and key

// Changes not yet on the disk: the newest of each record, ordered as the file is.
struct Waiting {
  std::map<RecordName, std::optional<std::string>> changes;
  uint64_t bytes = 0;
  uint64_t sequence = 0;  // of the newest submit in here
  bool whole = false;     // records that are not in here go

  void add(Change change) {
    RecordName name(std::move(change.kind), std::move(change.key));
    const auto [at, fresh] = changes.try_emplace(std::move(name));
    if (!fresh) bytes -= size(*at);
    if (whole && !change.value) {  // not being among the whole removes it already
      changes.erase(at);
      return;
    }
    at->second = std::move(change.value);
    bytes += size(*at);
  }

  // A submit made after all of these.
  void add(std::vector<Change> newer, uint64_t newer_sequence, bool newer_whole) {
    if (newer_whole) *this = {};
    sequence = newer_sequence;
    whole = whole || newer_whole;
    for (Change& change : newer) add(std::move(change));
  }

  std::vector<Change> take_changes() {
    std::vector<Change> taken;
    taken.reserve(changes.size());
    while (!changes.empty()) {
      auto node = changes.extract(changes.begin());
      taken.push_back(
          {std::move(node.key().first), std::move(node.key().second), std::move(node.mapped())});
    }
    bytes = 0;
    return taken;
  }

  static uint64_t size(const std::pair<const RecordName, std::optional<std::string>>& entry) {
    constexpr uint64_t kPerRecord = 160;  // what the map itself takes
    return kPerRecord + entry.first.first.size() + entry.first.second.size() +
           (entry.second ? entry.second->size() : 0);
  }
};

}  // namespace

class StoreWriter::Worker {
 public:
  Worker(std::unique_ptr<Committer> committer, StoreWriterOptions options)
      : committer_(std::move(committer)), options_(std::move(options)) {}

  static void start(const std::shared_ptr<Worker>& worker) {
    // The thread owns the worker as well, so that it may be left behind in a call that hangs.
    worker->thread_ = std::thread([worker] { worker->work(); });
  }

  void stop() {
    {
      const std::lock_guard callback(callback_mutex_);
      options_.on_committed = nullptr;
    }
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    const bool ended = changed_.wait_for(lock, options_.patience, [this] { return ended_; });
    lock.unlock();
    if (ended) {
      thread_.join();
    } else {
      thread_.detach();
    }
  }

  uint64_t submit(std::vector<Change> changes, bool whole) {
    const std::lock_guard lock(mutex_);
    const uint64_t sequence = ++health_.submitted;
    if (health_.wants_whole && !whole) {
      ++health_.discarded;
      return sequence;
    }
    waiting_.add(std::move(changes), sequence, whole);
    if (whole) health_.wants_whole = false;
    if (too_much_waits()) ask_for_whole();
    changed_.notify_all();
    return sequence;
  }

  bool flush(SteadyTime deadline) {
    std::unique_lock lock(mutex_);
    const uint64_t wanted = health_.submitted;
    // A try that is under way says nothing about what has come since it began.
    const uint64_t tries = started_tries_;
    hurry_ = true;
    changed_.notify_all();
    changed_.wait_until(lock, deadline, [&] {
      return ended_ || health_.committed >= wanted || health_.wants_whole || failed_try_ > tries;
    });
    return health_.committed >= wanted;
  }

  StoreHealth health() const {
    const std::lock_guard lock(mutex_);
    StoreHealth health = health_;
    health.waiting_records = waiting_.changes.size() + taken_records_;
    health.waiting_bytes = waiting_.bytes + taken_bytes_;
    const SteadyTime now = std::chrono::steady_clock::now();
    if (health.committing_since && now - *health.committing_since > options_.hangs_after)
      health.failure = fmt::format("the disk does not answer: a write has taken more than {}",
                                   format_duration(options_.hangs_after));
    return health;
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (wait_for_work(lock)) {
      Waiting batch = std::exchange(waiting_, {});
      taken_records_ = batch.changes.size();
      taken_bytes_ = batch.bytes;
      const uint64_t attempt = ++started_tries_;
      hurry_ = false;
      const SteadyTime begin = std::chrono::steady_clock::now();
      health_.committing_since = begin;
      lock.unlock();

      std::vector<Change> changes = batch.take_changes();
      const Result<void> done =
          batch.whole ? committer_->replace(changes) : committer_->commit(changes);
      const SteadyTime end = std::chrono::steady_clock::now();
      if (done) {
        report(batch.sequence);
      } else {
        for (Change& change : changes) batch.add(std::move(change));
      }

      lock.lock();
      health_.committing_since.reset();
      health_.last_commit = end - begin;
      taken_records_ = 0;
      taken_bytes_ = 0;
      if (done) {
        succeeded(batch.sequence);
      } else {
        failed(done.error().message, end, attempt);
        give_back(std::move(batch));
      }
      changed_.notify_all();
      if (done) {
        lock.unlock();
        committer_->tidy();
        lock.lock();
      }
    }
    lock.unlock();
    // Closing writes as well, and may hang: stop() must not wait for it without bound.
    committer_.reset();
    lock.lock();
    ended_ = true;
    changed_.notify_all();
  }

  // False: stop.
  bool wait_for_work(std::unique_lock<std::mutex>& lock) {
    while (!stopping_) {
      const bool something = waiting_.sequence > health_.committed && !health_.wants_whole;
      const bool may_try = !retry_at_ || hurry_ || std::chrono::steady_clock::now() >= *retry_at_;
      if (something && may_try) return true;
      if (something) {
        changed_.wait_until(lock, *retry_at_);
      } else {
        changed_.wait(lock);
      }
    }
    return false;
  }

  void report(uint64_t sequence) {
    const std::lock_guard callback(callback_mutex_);
    if (options_.on_committed) options_.on_committed(sequence);
  }

  void succeeded(uint64_t sequence) {
    health_.committed = sequence;
    ++health_.commits;
    health_.failure.clear();
    health_.failing_since.reset();
    retry_at_.reset();
  }

  void failed(const std::string& why, SteadyTime now, uint64_t attempt) {
    ++health_.failures;
    health_.failure = why;
    if (!health_.failing_since) {
      health_.failing_since = std::chrono::system_clock::now();
      retry_after_ = options_.first_retry;
    } else {
      retry_after_ = std::min(retry_after_ * 2, options_.longest_retry);
    }
    retry_at_ = now + retry_after_;
    failed_try_ = attempt;
  }

  // What could not be written waits again, and what came since goes over it.
  void give_back(Waiting batch) {
    if (waiting_.whole) return;
    if (health_.wants_whole || (committer_->wants_whole() && !batch.whole)) {
      ask_for_whole();
      return;
    }
    if (waiting_.sequence > batch.sequence) {
      for (auto& [name, value] : waiting_.changes)
        batch.add({name.first, name.second, std::move(value)});
      batch.sequence = waiting_.sequence;
    }
    waiting_ = std::move(batch);
    if (too_much_waits()) ask_for_whole();
  }

  // With the whole among it, what waits is the state itself and needs no other bound.
  [[nodiscard]] bool too_much_waits() const {
    return !waiting_.whole && waiting_.bytes > options_.max_waiting_bytes;
  }

  void ask_for_whole() {
    waiting_ = {};
    health_.wants_whole = true;
  }

  // Of the thread alone, but for its construction.
  std::unique_ptr<Committer> committer_;
  SteadyTime::duration retry_after_{};

  std::mutex callback_mutex_;  // guards options_.on_committed; held while it runs
  StoreWriterOptions options_;

  mutable std::mutex mutex_;  // guards all that follows; taken after callback_mutex_
  std::condition_variable changed_;
  Waiting waiting_;
  StoreHealth health_;
  uint64_t taken_records_ = 0;  // what the thread has in its hands
  uint64_t taken_bytes_ = 0;
  uint64_t started_tries_ = 0;
  uint64_t failed_try_ = 0;  // the newest that failed
  std::optional<SteadyTime> retry_at_;
  bool hurry_ = false;  // the next try need not wait for retry_at_
  bool stopping_ = false;
  bool ended_ = false;
  std::thread thread_;  // of the owner alone
};

StoreWriter::StoreWriter(std::unique_ptr<Committer> committer, StoreWriterOptions options)
    : worker_(std::make_shared<Worker>(std::move(committer), std::move(options))) {
  Worker::start(worker_);
}

StoreWriter::~StoreWriter() {
  worker_->stop();
}

uint64_t StoreWriter::submit(std::vector<Change> changes) {
  return worker_->submit(std::move(changes), false);
}

uint64_t StoreWriter::submit_whole(std::vector<Change> records) {
  return worker_->submit(std::move(records), true);
}

bool StoreWriter::flush(SteadyTime deadline) {
  return worker_->flush(deadline);
}

StoreHealth StoreWriter::health() const {
  return worker_->health();
}

}  // namespace highwater::agent
