// What the forms of the pages are answered with, and whether a form was ours. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "exporters/http/server.h"

namespace highwater::agent {

[[nodiscard]] http::Reply page_reply(int status, std::string html);
// A page that says why something was not done.
[[nodiscard]] http::Reply sorry(int status, const std::string& why);
// Nothing when a browser says that the form was ours: a page of another site cannot send it in the
// name of whoever looks at that.
[[nodiscard]] std::optional<http::Reply> refuse_foreign_form(const http::ServerRequest& request);
// What an answer of the API gives as the reason.
[[nodiscard]] std::string why_not(const http::Reply& reply);

}  // namespace highwater::agent
