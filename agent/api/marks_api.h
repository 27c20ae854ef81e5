// POST /api/v1/marks, and /api/v1/marks/github for its webhooks: what somebody says of a change
// outside of Kafka, such as a deployment, so that it stands beside the incidents that follow. Set
// up by the agent; the server's threads run it.
#pragma once

#include <functional>

#include "agent/core/log.h"
#include "exporters/changes/ledger.h"
#include "exporters/http/server.h"

namespace highwater::agent {

// All of it outlives the server. `marked` is called after each mark, on the server's threads.
// Before the server starts.
void add_marks_api(http::Server& server, changes::Ledger& changes, std::function<void()> marked,
                   const Clock& clock, Log& log);

}  // namespace highwater::agent
