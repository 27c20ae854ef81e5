// HttpQuestion: a request over HTTP whose answer a login needs: a token, or credentials of a cloud.
// How it gets there is the agent's matter.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"

namespace highwater {

struct HttpQuestion {
  std::string method = "GET";  // POST or PUT
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string content_type;
  std::string ca_file;  // "": the system's
  Duration within = std::chrono::seconds(5);
  std::stop_token stop;
};

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// Blocks; the error never holds a secret. Any thread.
using AskHttp = std::function<Result<HttpAnswer>(const HttpQuestion&)>;

}  // namespace highwater
