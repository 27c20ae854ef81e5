// A server with handlers of all kinds and limits that no test waits for, and clients for it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "exporters/http/client.h"
#include "exporters/http/server.h"
#include "http_support.h"

namespace highwater::http {

class HttpServer : public testing::Test {
 protected:
  // Limits that no test waits for, unless it sets its own.
  static ServerLimits patient() {
    constexpr Duration kForever = std::chrono::hours(1);
    ServerLimits limits;
    limits.request_time = kForever;
    limits.reply_time = kForever;
    limits.crowded_reply_time = kForever;
    return limits;
  }

  void serve(ServerLimits limits = patient()) {
    server_ = Server::listen({"127.0.0.1", 0}, limits).value();
    server_->add("GET", "/hello", [](const ServerRequest&) {
      Reply reply;
      reply.body = "hello\n";
      return reply;
    });
    server_->add("GET", "/page", [](const ServerRequest& request) {
      Reply reply;
      reply.content_type = "text/html; charset=utf-8";
      reply.body = "<p>" + std::string(request.query_value("q"));
      return reply;
    });
    server_->add("GET", "/things/{name}", [](const ServerRequest& request) {
      Reply reply;
      reply.body = std::string(request.placeholder("name"));
      return reply;
    });
    server_->add("POST", "/echo", [](const ServerRequest& request) {
      Reply reply;
      reply.body = request.body;
      return reply;
    });
    server_->add("GET", "/large", [](const ServerRequest&) {
      Reply reply;
      reply.stream = [](const ReplySink& sink) {
        const std::string piece(65536, 'x');
        for (int i = 0; i < 1024 && sink(piece); ++i) {
        }
      };
      return reply;
    });
    server_->add("GET", "/page-of-10-mb", [](const ServerRequest&) {
      Reply reply;
      reply.body = std::string(10'000'000, 'x');
      return reply;
    });
    server_->add(
        "GET", "/health",
        [](const ServerRequest&) {
          Reply reply;
          reply.body = "ok\n";
          return reply;
        },
        Urgency::urgent);
    server_->add("GET", "/throws",
                 [](const ServerRequest&) -> Reply { throw std::runtime_error("secret inside"); });
    server_->add("GET", "/injects", [](const ServerRequest& request) {
      Reply reply;
      reply.headers.emplace_back("X-Name", std::string(request.query_value("q")));
      return reply;
    });
    server_->start();
  }

  std::string raw(std::string_view request) {
    RawClient client(server_->port());
    client.send(request);
    return client.read_all();
  }
  Response get(const std::string& target) {
    Request request;
    request.url = "http://127.0.0.1:" + std::to_string(server_->port()) + target;
    request.deadline = std::chrono::seconds(60);
    request.max_response_bytes = size_t{128} * 1024 * 1024;
    auto response = Client().send(request);
    EXPECT_TRUE(response) << response.error().message;
    return response.value_or(Response());
  }

  // Clients that ask for ten megabytes and take a few bytes of them.
  std::vector<std::unique_ptr<RawClient>> slow_readers(int count) {
    std::vector<std::unique_ptr<RawClient>> readers;
    for (int i = 0; i < count; ++i) {
      readers.push_back(std::make_unique<RawClient>(server_->port()));
      readers.back()->send("GET /page-of-10-mb HTTP/1.1\r\n\r\n");
      EXPECT_EQ(readers.back()->read_some(15), "HTTP/1.1 200 OK");
    }
    return readers;
  }

  std::unique_ptr<Server> server_;
};

}  // namespace highwater::http
