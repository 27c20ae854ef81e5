#include "collectors/groups/client_replacement.h"

#include <algorithm>

namespace highwater::collectors {

bool ClientReplacement::follow(const std::vector<uint64_t>& clients, bool settled, SteadyTime now) {
  size_t gone = 0;
  std::erase_if(known_, [&](const Client& client) {
    if (std::ranges::binary_search(clients, client.id)) return false;
    return now - client.last > kWithin || ++gone > kMaxGone;
  });
  const auto before = static_cast<std::ptrdiff_t>(known_.size());
  for (const uint64_t id : clients) {
    const auto end = known_.begin() + before;
    const auto found = std::ranges::lower_bound(known_.begin(), end, id, {}, &Client::id);
    if (found != end && found->id == id)
      found->last = now;
    else
      known_.push_back({id, now, now});
  }
  std::ranges::inplace_merge(known_, known_.begin() + before, {}, &Client::id);
  if (!settled || clients.empty()) return false;
  SteadyTime oldest_there = now;
  SteadyTime oldest_gone = now;
  for (const Client& client : known_) {
    SteadyTime& oldest = client.last == now ? oldest_there : oldest_gone;
    oldest = std::min(oldest, client.first);
  }
  // Nobody is left of a moment within the last minute at which others were there.
  if (oldest_gone >= oldest_there || now - oldest_there > kWithin) return false;
  std::erase_if(known_, [&](const Client& client) { return client.last != now; });
  // The next replacement is one of those that are there now.
  for (Client& client : known_) client.first = now;
  return true;
}

}  // namespace highwater::collectors
