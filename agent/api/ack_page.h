// The page behind the link in a message that acknowledges an incident: GET /acknowledge shows the
// incident and a button, and changes nothing; POST /acknowledge does it. The link itself is the
// right to it (rules/routing/ack_links.h), so that neither asks for a login.
#pragma once

#include <cstdint>
#include <string>

#include "agent/api/routing_api.h"

namespace highwater::agent {

// The address for an incident's messages.
[[nodiscard]] std::string ack_url(const std::string& external_url, uint64_t incident,
                                  const std::string& token);

// Before the server starts. `context` is copied.
void add_ack_page(http::Server& server, const RoutingContext& context);

}  // namespace highwater::agent
