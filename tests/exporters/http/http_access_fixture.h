// A server that says who asks it, with certificates and logins as a test wants them.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "exporters/http/client.h"
#include "exporters/http/server.h"
#include "http_identity.h"
#include "http_support.h"

namespace highwater::http {

// Of "wonderland" and "tea: time", with the lowest cost.
constexpr const char* kWonderland = "$2y$04$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu";
constexpr const char* kTeaTime = "$2b$04$ABCDEFGHIJKLMNOPQRSTUuR8Pg9xOyTaO1G8.iGzChCUfrdE/JgfC";

class HttpAccess : public testing::Test {
 protected:
  HttpAccess()
      : folder_(std::filesystem::temp_directory_path() /
                ("highwater-access-" + std::to_string(::getpid()))) {
    std::signal(SIGPIPE, SIG_IGN);
    std::filesystem::create_directory(folder_);
  }
  ~HttpAccess() override { std::filesystem::remove_all(folder_); }

  void serve(const AccessPolicy& access, ServerLimits limits = {}) {
    server_ = Server::listen({"127.0.0.1", 0}, limits).value();
    const Handler who = [](const ServerRequest& request) {
      Reply reply;
      reply.body = request.login + (request.may_change() ? " may change" : " may read");
      return reply;
    };
    server_->add("GET", "/who", who);
    server_->add("POST", "/who", who);
    server_->add("POST", "/echo", [](const ServerRequest& request) {
      Reply reply;
      reply.body = request.body;
      return reply;
    });
    server_->add("GET", "/large", [](const ServerRequest&) {
      Reply reply;
      reply.body = std::string(10'000'000, 'x');
      return reply;
    });
    server_->add(
        "GET", "/healthz",
        [](const ServerRequest&) {
          Reply reply;
          reply.body = "ok";
          return reply;
        },
        Urgency::urgent);
    server_->set_access(std::make_shared<const AccessPolicy>(access));
    server_->start();
  }

  // The files of an identity, and settings that name them.
  [[nodiscard]] ServerTlsSettings files_of(const Identity& identity) const {
    ServerTlsSettings settings;
    settings.certificate = folder_ / "server.pem";
    settings.key = folder_ / "server-key.pem";
    identity.save(settings.certificate);
    identity.save_key(settings.key);
    return settings;
  }
  [[nodiscard]] static AccessPolicy with(const ServerTlsSettings& settings) {
    AccessPolicy access;
    access.tls = make_server_tls(settings).value();
    return access;
  }
  [[nodiscard]] TlsOptions trusting(const Identity& identity) const {
    TlsOptions options;
    options.ca_file = folder_ / "trusted.pem";
    identity.save(options.ca_file);
    return options;
  }

  [[nodiscard]] std::string url(const std::string& target, bool tls = true) const {
    return (tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(server_->port()) +
           target;
  }
  [[nodiscard]] static Result<Response> get(const std::string& url, const TlsOptions& tls = {},
                                            const HeaderList& headers = {}) {
    Request request;
    request.url = url;
    request.tls = tls;
    request.headers = headers;
    request.deadline = std::chrono::seconds(60);
    request.max_response_bytes = size_t{16} << 20;
    return Client().send(request);
  }
  [[nodiscard]] std::string raw(std::string_view request) const {
    RawClient client(server_->port());
    client.send(request);
    return client.read_all();
  }

  const std::filesystem::path folder_;
  std::unique_ptr<Server> server_;
};

}  // namespace highwater::http
