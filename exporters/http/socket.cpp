#include "exporters/http/socket.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace highwater::http {

Waited wait_for(int fd, int16_t events, const Limit& limit) {
  // Only a call that can be asked to stop has to look up now and then.
  const Duration slice =
      limit.stop.stop_possible() ? std::chrono::milliseconds(50) : Duration(std::chrono::hours(1));
  while (true) {
    if (limit.stop.stop_requested()) return Waited::stopped;
    const Duration left = limit.deadline - SteadyTime(std::chrono::steady_clock::now());
    if (left <= Duration::zero()) return Waited::timed_out;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(std::min(left, slice));
    pollfd entry{fd, events, 0};
    const int count = ::poll(&entry, 1, static_cast<int>(wait.count()));
    if (count > 0 || (count < 0 && errno != EINTR)) return Waited::ready;
  }
}

std::string errno_text(int error) {
  return std::generic_category().message(error);
}

}  // namespace highwater::http
