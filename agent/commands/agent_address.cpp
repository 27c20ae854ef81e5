#include "agent/commands/agent_address.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "agent/commands/find_config.h"
#include "agent/config/fields.h"
#include "agent/config/web_config.h"
#include "agent/core/digest.h"
#include "agent/core/secret.h"
#include "agent/core/yaml.h"
#include "exporters/http/address.h"

namespace highwater::agent {
namespace {

constexpr const char* kUsual = "http://127.0.0.1:9877";

std::string variable(const char* name) {
  const char* const text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? "" : text;
}

// An address that takes connections from everywhere is reached from this machine by loopback.
std::string url_of(http::ListenAddress address, bool tls) {
  if (address.host.empty() || address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return (tls ? "https://" : "http://") + address.text();
}

// "user:password", or a token, which has no colon.
std::string authorization_of(const std::string& login) {
  if (login.find(':') != std::string::npos) return "Basic " + base64(login);
  return "Bearer " + login;
}

// The first token that may change things, else the first, of those that this user can read.
std::string own_token(const WebConfig& web) {
  std::string found;
  for (const WebToken& token : web.tokens) {
    const auto value = token.secret.value();
    if (!value) continue;
    if (token.role == http::Role::write) return *value;
    if (found.empty()) found = *value;
  }
  return found;
}

Result<void> use_web_config(const std::string& file, AgentAddress& agent, bool& tls) {
  Diagnostics diagnostics;
  const auto web = read_web_config(file, diagnostics);
  if (!web) return fail(diagnostics.front().text());
  tls = web->tls.has_value();
  if (tls && agent.tls.ca_file.empty())
    agent.tls.public_key = http::public_key_of(web->tls->certificate).value_or("");
  if (!agent.authorization.empty()) return {};
  if (const std::string token = own_token(*web); !token.empty())
    agent.authorization = authorization_of(token);
  return {};
}

// Fills in what the configuration says.
Result<void> use_config(const std::string& file, const YamlNode& root, AgentAddress& agent) {
  bool tls = false;
  if (const YamlNode* const web = root.find("web_config")) {
    auto used = use_web_config(from_folder_of(file, web->scalar), agent, tls);
    if (!used) return used;
  }
  http::ListenAddress listen{"127.0.0.1", 9877};
  if (const YamlNode* const text = root.find("listen")) {
    const auto address = http::parse_listen(text->scalar);
    if (!address) return fail(file + ": 'listen': " + address.error().message);
    listen = *address;
  }
  agent.url = url_of(listen, tls);
  return {};
}

// Of the options and the environment.
Result<AgentAddress> given(const AgentOptions& options) {
  AgentAddress agent;
  agent.tls.ca_file = options.ca.empty() ? variable("HIGHWATER_CA") : options.ca;
  agent.tls.certificate =
      options.certificate.empty() ? variable("HIGHWATER_CERT") : options.certificate;
  std::string login = variable("HIGHWATER_LOGIN");
  if (!options.login.empty()) {
    auto read = Secret::in_file(options.login).value();
    if (!read) return fail("--login: " + read.error().message);
    login = std::move(*read);
  }
  if (!login.empty()) agent.authorization = authorization_of(login);
  const bool by_option = !options.url.empty();
  agent.url = options.url;
  if (!by_option && options.config.empty()) agent.url = variable("HIGHWATER_URL");
  if (agent.url.empty()) return agent;
  if (const auto url = http::parse_url(agent.url); !url)
    return fail(fmt::format("{}: {}: write it like {}", by_option ? "--url" : "HIGHWATER_URL",
                            url.error().message, kUsual));
  return agent;
}

}  // namespace

Result<AgentAddress> agent_address(const AgentOptions& options) {
  Result<AgentAddress> agent = given(options);
  if (!agent || !agent->url.empty()) return agent;
  agent->url = kUsual;
  Diagnostics diagnostics;
  const auto file = find_config(options.config, diagnostics);
  const auto root = file ? read_yaml(*file, diagnostics) : std::nullopt;
  if (root && root->kind == YamlNode::Kind::map) {
    if (const auto used = use_config(*file, *root, *agent); !used)
      return tl::unexpected(used.error());
  } else if (file && !options.config.empty()) {
    return fail(diagnostics.empty() ? *file + ": it is no configuration"
                                    : diagnostics.front().text());
  }
  return agent;
}

}  // namespace highwater::agent
