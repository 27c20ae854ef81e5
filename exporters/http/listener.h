// The listening socket of the server. A port belongs to one process: SO_REUSEPORT, with which two
// agents would share it in silence, is not set.
#pragma once

#include "agent/core/result.h"
#include "exporters/http/address.h"
#include "exporters/http/socket.h"

namespace highwater::http {

struct Listener {
  Descriptor socket;  // listening, non-blocking
  int port = 0;
};

// The error says what to do: another port, another address, a right that is missing.
[[nodiscard]] Result<Listener> open_listener(const ListenAddress& address);

}  // namespace highwater::http
