// What a client has not taken yet of its reply, in a memory that all replies of a server share.
// Filled by a worker, emptied by the worker or the ReplyWriter: one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "agent/core/time.h"
#include "exporters/http/access/connection.h"

namespace highwater::http {

// The bytes that all replies together may hold. Any thread.
class ReplyMemory {
 public:
  explicit ReplyMemory(size_t bytes) : free_(static_cast<int64_t>(bytes)) {}

  [[nodiscard]] bool take(size_t bytes);
  void give_back(size_t bytes) { free_ += static_cast<int64_t>(bytes); }

 private:
  std::atomic<int64_t> free_;
};

class PendingReply {
 public:
  // `memory` must outlive it.
  PendingReply(Connection connection, ReplyMemory& memory, SteadyTime now)
      : connection_(std::move(connection)), memory_(&memory), begun_(now) {}
  PendingReply(PendingReply&& other) noexcept;
  PendingReply& operator=(PendingReply&& other) noexcept;
  ~PendingReply();

  using Progress = Connection::Progress;
  // Gives the client what it takes without waiting.
  [[nodiscard]] Progress send();
  // As much of `bytes` as it takes now, when nothing is kept.
  [[nodiscard]] Progress send_new(std::string_view bytes, size_t& count) {
    return connection_.write(bytes, count);
  }
  // Behind what is there already. False: there is no memory left, and nothing was kept.
  [[nodiscard]] bool keep(std::string_view bytes);

  // Ends a reply that was taken whole: unread bytes of the client, such as a line break behind a
  // body, would reset the connection under it.
  void finish();
  // Ends it at once, with what the kernel holds of it.
  void drop();

  [[nodiscard]] bool empty() const { return pieces_.empty(); }
  [[nodiscard]] const Connection& connection() const { return connection_; }
  [[nodiscard]] SteadyTime begun() const { return begun_; }
  // Bytes a second that the client took; what was begun just now counts as quick.
  [[nodiscard]] double rate(SteadyTime now) const;

 private:
  void release();

  Connection connection_;
  ReplyMemory* memory_;
  SteadyTime begun_;
  std::deque<std::string> pieces_;
  size_t sent_ = 0;   // of the first piece
  size_t held_ = 0;   // of the memory
  size_t taken_ = 0;  // by the client
};

}  // namespace highwater::http
