#include "exporters/http/routes.h"

#include <algorithm>
#include <optional>

#include "exporters/http/request_head.h"

namespace highwater::http {
namespace {

std::string_view next_segment(std::string_view& path) {
  path.remove_prefix(1);  // the slash
  const size_t length = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, length);
  path.remove_prefix(length);
  return segment;
}

// The values of the pattern's placeholders when it fits the path.
std::optional<HeaderList> match(std::string_view pattern, std::string_view path) {
  HeaderList values;
  while (!pattern.empty() && !path.empty() && path.front() == '/') {
    const std::string_view expected = next_segment(pattern);
    const std::string_view found = next_segment(path);
    if (expected.starts_with('{')) {
      if (found.empty()) return std::nullopt;
      values.emplace_back(expected.substr(1, expected.size() - 2), found);
    } else if (expected != found) {
      return std::nullopt;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return values;
}

Reply plain(int status, std::string_view text) {
  Reply reply;
  reply.status = status;
  reply.body = std::string(text) + "\n";
  return reply;
}

// Which Host may be asked for is checked before (host_check.h), so that no other site can have the
// same name.
bool from_own_page(const ServerRequest& request, Entry entry) {
  const std::string_view origin = request.header("Origin");
  const std::string_view host = request.header("Host");
  if (host.empty()) return false;
  if (!request.encrypted && origin == "http://" + std::string(host)) return true;
  // Where there are logins, or none is asked for, a proxy may add the TLS.
  const bool by_https = request.encrypted || !request.login.empty() || entry == Entry::open;
  return by_https && origin == "https://" + std::string(host);
}

Reply run(const Handler& handler, const ServerRequest& request) {
  try {
    return handler(request);
  } catch (...) {
    // What went wrong inside is nobody's business outside.
    return plain(500, "something went wrong inside");
  }
}

}  // namespace

void Routes::add(std::string method, std::string path, Handler handler, Urgency urgency,
                 Entry entry) {
  routes_.push_back({std::move(method), std::move(path), std::move(handler), urgency, entry});
}

bool Routes::is_urgent(std::string_view target) const {
  const std::string_view path = target.substr(0, target.find('?'));
  return std::ranges::any_of(routes_, [&](const Route& route) {
    return route.urgency == Urgency::urgent && route.path == path;
  });
}

bool Routes::is_open(std::string_view target) const {
  const std::string_view path = target.substr(0, target.find('?'));
  return std::ranges::any_of(routes_, [&](const Route& route) {
    return route.entry == Entry::open && route.path == path;
  });
}

Routes::Answer Routes::answer(ServerRequest& request) const {
  std::string_view known;
  std::string allowed;
  for (const Route& route : routes_) {
    auto values = match(route.path, request.path);
    if (!values) continue;
    known = route.path;
    if (route.method != request.method) {
      allowed += (allowed.empty() ? "" : ", ") + route.method;
      continue;
    }
    // Browsers send Origin with everything that changes something; only our own pages may.
    if (request.method != "GET" && !request.header("Origin").empty() &&
        !from_own_page(request, route.entry))
      return {plain(403, "not from a page of another site"), known};
    request.placeholders = std::move(*values);
    return {run(route.handler, request), known};
  }
  if (known.empty()) return {plain(404, "there is nothing here"), known};
  Reply reply = plain(405, "this method is not allowed here");
  reply.headers.emplace_back("Allow", allowed);
  return {std::move(reply), known};
}

}  // namespace highwater::http
