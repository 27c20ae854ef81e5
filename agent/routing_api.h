// Silences and acknowledgements over HTTP: GET and POST /api/v1/silences, POST
// /api/v1/silences/{id}/end, POST /api/v1/incidents/{id}/ack. What a person changes is done on the
// pipeline's thread, and written to the disk before it is answered unless that takes too long.
//
// Until `listen` knows logins, only clients on this machine may change anything.
#pragma once

#include <functional>

#include "agent/core/log.h"
#include "agent/pipeline.h"
#include "agent/routing.h"
#include "exporters/http/server.h"

namespace highwater::agent {

// All of it outlives the server.
struct RoutingContext {
  Pipeline& pipeline;
  Routing& routing;
  const Clock& clock;
  Log& log;
};

// Does it on the pipeline's thread, and answers when it is judged and written. The server's
// threads.
[[nodiscard]] http::Reply on_pipeline(const RoutingContext& context,
                                      std::function<http::Reply(Now)> act);

// Before the server starts.
void add_routing_api(http::Server& server, const RoutingContext& context);

}  // namespace highwater::agent
