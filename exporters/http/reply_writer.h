// ReplyWriter: gives slow clients the rest of their replies, all on one thread, so that each of
// them costs a buffer and a connection, and no worker. Who takes longer than the limit, or is the
// slowest when there is no room, is dropped.
#pragma once

#include <mutex>
#include <thread>
#include <vector>

#include "exporters/http/pending_reply.h"
#include "exporters/http/socket.h"

namespace highwater::http {

class ReplyWriter {
 public:
  explicit ReplyWriter(Duration reply_time);
  ~ReplyWriter();  // stops at once

  void start();
  // Goes on until `deadline` or until all is taken, and drops what is left.
  void stop(SteadyTime deadline);

  // Any thread.
  void add(PendingReply reply);
  [[nodiscard]] size_t size() const;
  // Drops the reply whose client takes it most slowly; false when there is none.
  bool make_room();

 private:
  struct Entry {
    uint64_t id;
    PendingReply reply;
  };

  void run();
  void wake() const;
  // When the next one is too late.
  [[nodiscard]] SteadyTime next_deadline() const;
  void write_to(uint64_t id);
  void drop_late(SteadyTime now);

  const Duration reply_time_;
  Descriptor wake_;  // an eventfd
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;              // under mutex_
  uint64_t next_id_ = 1;                    // under mutex_
  SteadyTime stop_at_ = SteadyTime::max();  // under mutex_
  std::thread thread_;
};

}  // namespace highwater::http
