#include <unistd.h>

#include <iostream>

#include "agent/commands/commands.h"
#include "exporters/http/client.h"
#include "exporters/status_text.h"

namespace highwater::agent {
namespace {

constexpr int kCannotSay = 2;

}  // namespace

int status_command(const StatusOptions& options) {
  http::Request request;
  request.url = options.url + (options.url.ends_with('/') ? "api/v1/status" : "/api/v1/status");
  request.deadline = std::chrono::seconds(5);
  request.max_response_bytes = size_t{16} << 20;
  const Result<http::Response> response = http::Client().send(request);
  if (!response) {
    std::cerr << "highwater: " << response.error().message
              << "\n  is the agent running? its address is given with --url\n";
    return kCannotSay;
  }
  if (response->status != 200) {
    std::cerr << "highwater: the agent answered " << response->status << ": "
              << response->body.substr(0, 200) << "\n";
    return kCannotSay;
  }
  const bool colour = !options.no_color && isatty(STDOUT_FILENO) != 0;
  const Result<StatusView> status = render_status(response->body, {colour});
  if (!status) {
    std::cerr << "highwater: " << status.error().message << "\n";
    return kCannotSay;
  }
  std::cout << (options.json ? response->body + "\n" : status->text);
  return status->exit_code;
}

}  // namespace highwater::agent
