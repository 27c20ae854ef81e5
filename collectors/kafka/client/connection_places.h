// ConnectionPlaces: how many connections a cluster may hold at a time, so that a cluster whose
// Metadata names a thousand silent brokers leaves open files to everybody else; and how many bytes
// of answers may be under way on all of them together. A service of the
// cluster's event loop: whoever connects on it takes a place. The cluster's thread.
#pragma once

#include <asio/execution_context.hpp>
#include <cstddef>
#include <memory>
#include <utility>

namespace highwater::kafka {

class ConnectionPlaces final : public asio::execution_context::service {
 public:
  using key_type = ConnectionPlaces;
  static inline asio::execution_context::id id;

  explicit ConnectionPlaces(asio::execution_context& context)
      : asio::execution_context::service(context) {}

  // Held by a connection for as long as it is open.
  using Place = std::shared_ptr<void>;

  void allow(size_t most) { most_ = most; }
  [[nodiscard]] size_t most() const { return most_; }
  // Null: all are taken.
  [[nodiscard]] Place take() {
    if (static_cast<size_t>(count_.use_count()) > most_) {
      lacking_ = true;
      return nullptr;
    }
    return count_;
  }
  // Bytes of answers that are being read, or were and are not used yet.
  void allow_answers(size_t bytes) { answer_bytes_left_ = bytes; }
  [[nodiscard]] bool take_answer(size_t bytes) {
    if (bytes > answer_bytes_left_) return false;
    answer_bytes_left_ -= bytes;
    return true;
  }
  void give_back_answer(size_t bytes) { answer_bytes_left_ += bytes; }

  // Whether there were too few since it was asked last.
  [[nodiscard]] bool were_lacking() { return std::exchange(lacking_, false); }

 private:
  void shutdown() override {}

  size_t most_ = 4096;
  size_t answer_bytes_left_ = size_t{1} << 40;
  bool lacking_ = false;
  const std::shared_ptr<int> count_ = std::make_shared<int>(0);  // one use is our own
};

}  // namespace highwater::kafka
