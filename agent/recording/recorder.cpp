#include "agent/recording/recorder.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "agent/recording/ring.h"

namespace highwater::agent {
namespace {

constexpr const char* kSlow = "the disk is too slow";

}  // namespace

class Recorder::Worker {
 public:
  Worker(std::unique_ptr<RecordingFolder> folder, RecorderOptions options, Log& log)
      : options_(options), log_(&log), ring_(std::move(folder), options.keep, TraceId::random()) {}

  static void start(const std::shared_ptr<Worker>& worker) {
    // The thread owns the worker as well, so that it may be left behind in a call that hangs.
    worker->thread_ = std::thread([worker] {
      pthread_setname_np(pthread_self(), "hw-record");
      worker->work();
    });
  }

  void take(SnapshotPtr snapshot, Now now) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      if (waiting_.size() >= options_.queue) {
        waiting_.pop_front();
        ++health_.dropped;
        if (health_.failure.empty()) health_.failure = kSlow;
        gap_ = true;
      }
      waiting_.push_back({std::move(snapshot), now});
    }
    changed_.notify_all();
  }

  [[nodiscard]] RecorderHealth health() const {
    const std::lock_guard lock(mutex_);
    return health_;
  }

  bool stop(Duration patience) {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    const bool ended = changed_.wait_for(lock, patience, [this] { return ended_; });
    lock.unlock();
    if (!thread_.joinable()) return ended;
    if (ended) {
      thread_.join();
    } else {
      const std::lock_guard silence(log_mutex_);
      log_ = nullptr;
      thread_.detach();
    }
    return ended;
  }

 private:
  struct Moment {
    SnapshotPtr snapshot;
    Now now;
  };

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) break;
      const Moment moment = std::move(waiting_.front());
      waiting_.pop_front();
      // Whatever was dropped stood before what is taken now.
      const bool gap = std::exchange(gap_, false);
      lock.unlock();
      std::optional<std::string> failure = write(moment, gap);
      lock.lock();
      if (failure) {
        ++health_.dropped;
        health_.failure = *failure;
      } else {
        health_.failure.clear();
      }
    }
    ended_ = true;
    changed_.notify_all();
  }

  // Why not; nothing when it was written.
  std::optional<std::string> write(const Moment& moment, bool gap) {
    owes_gap_ = owes_gap_ || gap;
    if (retry_at_ && moment.now.steady < *retry_at_) {
      owes_gap_ = true;
      return failure_;
    }
    const auto written = ring_.write(*moment.snapshot, moment.now, owes_gap_);
    if (written) {
      retry_at_.reset();
      owes_gap_ = false;
      say({}, gap);
      return std::nullopt;
    }
    retry_at_ = moment.now.steady + options_.retry;
    failure_ = written.error().message;
    owes_gap_ = true;
    say(failure_, false);
    return failure_;
  }

  void say(const std::string& failure, bool was_slow) {
    const std::lock_guard lock(log_mutex_);
    if (log_ == nullptr) return;
    if (!failure.empty()) {
      log_->on_change("record", failure, LogLevel::error,
                      "the recording cannot be written; nothing else is held up",
                      {{"why", failure}});
      said_ = true;
    } else if (was_slow) {
      log_->on_change("record", kSlow, LogLevel::warning, "the recording has gaps",
                      {{"why", kSlow}});
      said_ = true;
    } else if (said_) {
      log_->on_change("record", "", LogLevel::info, "the recording goes on",
                      {{"moments_lost", health().dropped}});
      said_ = false;
    }
  }

  const RecorderOptions options_;
  std::mutex log_mutex_;
  Log* log_;  // under log_mutex_; null: its owner no longer waits

  // The worker's thread only.
  RecordingRing ring_;
  std::optional<SteadyTime> retry_at_;
  std::string failure_;
  bool owes_gap_ = false;
  bool said_ = false;

  mutable std::mutex mutex_;  // guards all that follows
  std::condition_variable changed_;
  std::deque<Moment> waiting_;
  RecorderHealth health_;
  bool gap_ = false;  // something was dropped before the oldest that waits
  bool stopping_ = false;
  bool ended_ = false;
  std::thread thread_;  // of the owner alone
};

Recorder::Recorder(std::unique_ptr<RecordingFolder> folder, RecorderOptions options, Log& log)
    : worker_(std::make_shared<Worker>(std::move(folder), options, log)) {
  Worker::start(worker_);
}

Recorder::~Recorder() {
  worker_->stop(Duration::zero());
}

void Recorder::take(SnapshotPtr snapshot, Now now) {
  worker_->take(std::move(snapshot), now);
}

RecorderHealth Recorder::health() const {
  return worker_->health();
}

bool Recorder::stop(Duration patience) {
  return worker_->stop(patience);
}

}  // namespace highwater::agent
