// Silences and acknowledgements over HTTP: GET and POST /api/v1/silences, POST
// /api/v1/silences/{id}/end, POST /api/v1/incidents/{id}/ack. What a person changes is done on the
// pipeline's thread, and written to the disk before it is answered unless that takes too long.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "agent/core/log.h"
#include "agent/pipeline.h"
#include "agent/routing/routing.h"
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

// What the API answers; the forms of the pages do the same. Who asks was checked before.
[[nodiscard]] nlohmann::ordered_json silences_json(const RoutingContext& context);
[[nodiscard]] http::Reply add_silence(const RoutingContext& context, const std::string& json);
[[nodiscard]] http::Reply end_silence(const RoutingContext& context, std::string_view id);
[[nodiscard]] http::Reply acknowledge(const RoutingContext& context, std::string_view incident,
                                      const std::string& json);

struct WantedAck {
  uint64_t incident = 0;
  std::string by;
  std::optional<Duration> lasts{};  // nothing: to the incident's end
  bool end = false;                 // withdraw it
};
// The pipeline's thread.
[[nodiscard]] http::Reply acknowledge_now(const RoutingContext& context, const WantedAck& wanted,
                                          Now now);

// Before the server starts.
void add_routing_api(http::Server& server, const RoutingContext& context);

}  // namespace highwater::agent
