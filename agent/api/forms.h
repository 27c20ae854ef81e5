// The forms of the pages, over HTTP: GET and POST /silences, POST /incident. They do what the API
// does (routing_api.h), and show how it went.
//
// A form is taken from whoever may change things (api_reply.h), and from a browser that says that
// the form was ours: a page of another site cannot make a silence in the name of whoever looks at
// it.
#pragma once

#include "agent/api/routing_api.h"

namespace highwater::agent {

// Before the server starts. `context` is copied.
void add_forms(http::Server& server, const RoutingContext& context);

}  // namespace highwater::agent
