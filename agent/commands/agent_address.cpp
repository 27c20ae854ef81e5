#include "agent/commands/agent_address.h"

#include <cstdlib>

#include "agent/commands/find_config.h"
#include "agent/core/yaml.h"
#include "exporters/http/address.h"

namespace highwater::agent {
namespace {

constexpr const char* kUsual = "http://127.0.0.1:9877";

// An address that takes connections from everywhere is reached from this machine by loopback.
std::string url_of(http::ListenAddress address) {
  if (address.host.empty() || address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return "http://" + address.text();
}

Result<std::string> listen_of(const std::string& file) {
  Diagnostics diagnostics;
  const auto root = read_yaml(file, diagnostics);
  if (!root)
    return fail(diagnostics.empty() ? file + ": cannot be read" : diagnostics.front().text());
  const YamlNode* const listen = root->kind == YamlNode::Kind::map ? root->find("listen") : nullptr;
  if (listen == nullptr) return std::string(kUsual);
  const auto address = http::parse_listen(listen->scalar);
  if (!address) return fail(file + ": 'listen': " + address.error().message);
  return url_of(*address);
}

}  // namespace

Result<std::string> agent_address(const std::string& url, const std::string& config) {
  if (!url.empty()) return url;
  if (config.empty()) {
    const char* const variable = std::getenv("HIGHWATER_URL");
    if (variable != nullptr && *variable != '\0') return std::string(variable);
  }
  Diagnostics ignored;
  const auto file = find_config(config, ignored);
  if (!file) return std::string(kUsual);
  Result<std::string> found = listen_of(*file);
  if (!found && config.empty()) return std::string(kUsual);
  return found;
}

}  // namespace highwater::agent
