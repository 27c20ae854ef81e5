#include "exporters/http/socket.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace highwater::http {

bool wait_for(int fd, int16_t events, SteadyTime deadline) {
  while (true) {
    const Duration left = deadline - SteadyTime(std::chrono::steady_clock::now());
    if (left <= Duration::zero()) return false;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(
        std::min<Duration>(left, std::chrono::hours(1)));
    pollfd entry{fd, events, 0};
    const int count = ::poll(&entry, 1, static_cast<int>(wait.count()));
    if (count > 0 || (count < 0 && errno != EINTR)) return true;
  }
}

std::string errno_text(int error) {
  return std::generic_category().message(error);
}

}  // namespace highwater::http
