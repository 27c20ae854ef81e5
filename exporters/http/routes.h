// Which handler answers which path. Filled before the server starts, then read by every worker.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporters/http/server.h"

namespace highwater::http {

class Routes {
 public:
  void add(std::string method, std::string path, Handler handler, Urgency urgency, Entry entry);
  // `target` as in the request line.
  [[nodiscard]] bool is_urgent(std::string_view target) const;
  [[nodiscard]] bool is_open(std::string_view target) const;

  struct Answer {
    Reply reply;
    std::string_view route;  // the pattern; empty when no path fits
  };
  // Runs the handler that fits; 404, 405 and 403 are answered here. Never throws: what a handler
  // throws is a 500.
  [[nodiscard]] Answer answer(ServerRequest& request) const;

 private:
  struct Route {
    std::string method;
    std::string path;
    Handler handler;
    Urgency urgency = Urgency::usual;
    Entry entry = Entry::by_login;
  };
  std::vector<Route> routes_;
};

}  // namespace highwater::http
