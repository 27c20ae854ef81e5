// gather: several coroutines at once, with an end. On the cluster's thread.
#pragma once

#include <asio/awaitable.hpp>
#include <vector>

#include "agent/core/time.h"

namespace highwater::kafka {

// Starts every task and returns when all have ended, or after `patience`. Tasks that are late go on
// by themselves, so they must own what they touch. True when all ended in time.
asio::awaitable<bool> gather(std::vector<asio::awaitable<void>> tasks, Duration patience);

}  // namespace highwater::kafka
