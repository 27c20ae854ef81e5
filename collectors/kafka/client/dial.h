// dial: a TCP connection to whichever address of a host accepts first. Used by Connection, on the
// cluster's thread.
//
// Every address has its own attempt: the next one begins when an attempt fails, or a quarter of a
// second later beside it, so one that swallows packets costs the others no more than that.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <string>
#include <vector>

#include "agent/core/time.h"
#include "collectors/kafka/client/failure.h"

namespace highwater::kafka {

// `where` is what failures name. Fails with refused when some address refused, else with no_route.
// Of many addresses the first eight are tried.
asio::awaitable<Answer<asio::ip::tcp::socket>> dial(std::vector<asio::ip::tcp::endpoint> endpoints,
                                                    std::string where, Duration timeout);

}  // namespace highwater::kafka
