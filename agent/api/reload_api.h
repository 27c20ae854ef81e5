// POST /-/reload: reads the configuration again, as SIGHUP does, and says what came of it. Set up
// by the agent; the server's threads run it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "exporters/http/server.h"

namespace highwater::agent {

// `reload` returns the mistakes, of which any keeps everything as it was.
void add_reload_api(http::Server& server, std::function<std::vector<std::string>()> reload);

}  // namespace highwater::agent
