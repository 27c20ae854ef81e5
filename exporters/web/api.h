// What programs read over HTTP: GET /api/v1/..., as openapi.yaml beside this file describes it.
// What cannot be answered is {"error": why}. The server's threads.
#pragma once

#include <memory>

#include "exporters/http/server.h"
#include "exporters/web/web.h"

namespace highwater {

// Before the server starts.
void add_api(http::Server& server, const std::shared_ptr<const WebContext>& context);

// The description itself, as YAML: OpenAPI 3.1.
[[nodiscard]] std::string_view openapi_text();

}  // namespace highwater
