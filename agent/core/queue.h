// BoundedQueue: hands values from one thread to another, and never makes the producer wait: when it
// is full the oldest value goes and is counted. Every exporter that may lose data (metrics, traces,
// logs) sits behind one.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "agent/core/time.h"

namespace highwater {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

  // Any thread. Never blocks for long, never fails; after close() the value is dropped and counted.
  void push(T value) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) {
        ++dropped_;
        return;
      }
      if (values_.size() >= capacity_) {
        values_.pop_front();
        ++dropped_;
      }
      values_.push_back(std::move(value));
    }
    ready_.notify_one();
  }

  // The consumer's thread. Waits until a value is there, `deadline` has passed, or the queue is
  // closed and empty.
  std::optional<T> pop_until(SteadyTime deadline) {
    std::unique_lock lock(mutex_);
    ready_.wait_until(lock, deadline, [this] { return closed_ || !values_.empty(); });
    if (values_.empty()) return std::nullopt;
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }

  // No more values; the consumer may still take what is there.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
  }

  [[nodiscard]] bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  [[nodiscard]] uint64_t dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }
  [[nodiscard]] size_t size() const {
    const std::lock_guard lock(mutex_);
    return values_.size();
  }

 private:
  const size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<T> values_;
  uint64_t dropped_ = 0;
  bool closed_ = false;
};

}  // namespace highwater
