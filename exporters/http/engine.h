// One collected request through cpp-httplib's parser and writer: what the library reads was
// collected before, and what it writes goes to the client as far as that takes it, and else into
// the pending reply. The only file that knows the library's server.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "exporters/http/intake.h"
#include "exporters/http/pending_reply.h"
#include "exporters/http/reply_writer.h"
#include "exporters/http/routes.h"
#include "exporters/http/server.h"

namespace highwater::http {

// How long a worker may still wait for its client; changed by other threads.
struct Pressure {
  std::atomic<size_t> waiting{0};           // complete requests without a thread
  std::atomic<int64_t> stop_by{INT64_MAX};  // steady nanoseconds: no reply goes on after this

  void stop_at(SteadyTime time) { stop_by = time.time_since_epoch().count(); }
  [[nodiscard]] SteadyTime limit(SteadyTime begun, const ServerLimits& limits) const {
    const Duration time = waiting > 0 ? limits.crowded_reply_time : limits.reply_time;
    return std::min(begun + time, SteadyTime(Duration(stop_by.load())));
  }
};

struct Served {
  std::string route;  // empty when no path fits
  int status = 0;
  bool broken = false;  // the client is gone, or took too long
};

// On a worker's thread. `reply` holds the job's connection; what it holds when this returns is to
// be sent.
[[nodiscard]] Served serve_request(Job& job, PendingReply& reply, const Routes& routes,
                                   ReplyWriter& others, const ServerLimits& limits,
                                   const Pressure& pressure);

}  // namespace highwater::http
