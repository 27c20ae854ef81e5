#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "agent/commands/commands.h"
#include "exporters/explain_text.h"
#include "exporters/http/client.h"

namespace highwater::agent {
namespace {

constexpr int kCannotSay = 2;
constexpr int kNotFound = 404;

// Everything but letters, digits and what never means anything in a query.
std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    encoded += plain ? std::string(1, c)
                     : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return encoded;
}

}  // namespace

int explain_command(const ExplainOptions& options) {
  http::Request request;
  request.url = fmt::format("{}{}api/v1/explain?name={}&entity={}", options.url,
                            options.url.ends_with('/') ? "" : "/", percent_encoded(options.name),
                            percent_encoded(options.entity));
  request.deadline = std::chrono::seconds(5);
  request.max_response_bytes = size_t{16} << 20;
  const Result<http::Response> response = http::Client().send(request);
  if (!response) {
    std::cerr << "highwater: " << response.error().message
              << "\n  is the agent running? its address is given with --url\n";
    return kCannotSay;
  }
  const bool colour = !options.no_color && isatty(STDOUT_FILENO) != 0;
  const Result<ExplainView> view = render_explanation(response->body, colour);
  if (!view || (response->status != 200 && response->status != kNotFound)) {
    std::cerr << "highwater: the agent answered " << response->status << ": "
              << response->body.substr(0, 200) << "\n";
    return kCannotSay;
  }
  std::cout << (options.json ? response->body : view->text);
  return view->exit_code;
}

}  // namespace highwater::agent
