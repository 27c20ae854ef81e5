#include "agent/config/web_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/config/fields.h"
#include "agent/config/secrets.h"
#include "agent/core/yaml.h"
#include "exporters/http/access/bcrypt.h"

namespace highwater::agent {
namespace {

using http::ClientAuth;
using http::Role;
using http::TlsVersion;

constexpr std::pair<std::string_view, ClientAuth> kClientAuths[] = {
    {"NoClientCert", ClientAuth::none},
    {"RequestClientCert", ClientAuth::request},
    {"RequireAnyClientCert", ClientAuth::require_any},
    {"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
    {"RequireAndVerifyClientCert", ClientAuth::require_and_verify}};

// What narrows who comes in: without it the file would promise more than it holds.
constexpr std::pair<const char*, const char*> kRefusedOfTls[] = {
    {"cert", "write it into a file, and name that in 'cert_file'"},
    {"key", "write it into a file, and name that in 'key_file'"},
    {"client_ca", "write it into a file, and name that in 'client_ca_file'"},
    {"client_allowed_sans", "name an authority of its own in 'client_ca_file'"},
    {"cipher_suites", "leave it out: of TLS 1.2 and 1.3 only safe ones are offered"},
    {"curve_preferences", "leave it out: only safe ones are offered"}};

constexpr const char* kHashAdvice =
    "make one: htpasswd -nBC 10 NAME, of the package apache2-utils, asks for a password";

class Reader {
 public:
  Reader(const std::string& file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics) {
    config_.file = file;
  }

  std::optional<WebConfig> read(const YamlNode& root) {
    if (root.kind == YamlNode::Kind::null) return std::move(config_);
    YamlMap map(root, "the web configuration", file_, diagnostics_);
    if (!map.valid()) return std::nullopt;
    if (const YamlNode* const tls = map.get("tls_server_config")) read_tls(*tls);
    if (const YamlNode* const users = map.get("basic_auth_users")) read_users(map, *users);
    read_write_users(map);
    if (const YamlNode* const tokens = map.get("tokens")) read_tokens(map, *tokens);
    warn_of(map, "http_server_config", "HTTP/1.1 is spoken, and headers are the server's own");
    warn_of(map, "rate_limit", "connections and requests have limits of their own");
    warn_of(map, "auth_excluded_paths", "/healthz and /readyz need no login, all others do");
    map.finish();
    return std::move(config_);
  }

 private:
  void warn_of(YamlMap& map, const char* key, const char* instead) {
    if (const YamlNode* const node = map.get(key))
      config_.warnings.push_back({file_, node->line, node->column,
                                  fmt::format("'{}' has no effect: {}", key, instead), ""});
  }

  void read_tls(const YamlNode& node) {
    YamlMap map(node, "'tls_server_config'", file_, diagnostics_);
    if (!map.valid() || node.entries.empty()) return;
    http::ServerTlsSettings tls;
    if (map.require("cert_file") != nullptr) tls.certificate = path_of(map, "cert_file");
    if (map.require("key_file") != nullptr) tls.key = path_of(map, "key_file");
    tls.client_ca = path_of(map, "client_ca_file");
    read_client_auth(map, tls);
    read_versions(map, tls);
    for (const auto& [key, advice] : kRefusedOfTls) {
      if (const YamlNode* const refused = map.get(key))
        map.error(*refused, fmt::format("'{}' is not supported", key), advice);
    }
    warn_of(map, "prefer_server_cipher_suites", "it has none in Prometheus' exporters either");
    map.finish();
    config_.tls = std::move(tls);
  }

  std::string path_of(YamlMap& map, const std::string& key) {
    const auto path = map.text(key);
    if (!path) return "";
    if (!path->empty() && path->find('\0') == std::string::npos)
      return from_folder_of(file_, *path);
    map.error(*map.node().find(key), fmt::format("'{}' is empty", key), "name a file in PEM form");
    return "";
  }

  void read_client_auth(YamlMap& map, http::ServerTlsSettings& tls) {
    if (const auto text = map.text("client_auth_type")) {
      const auto* const found =
          std::ranges::find(kClientAuths, *text, [](const auto& entry) { return entry.first; });
      if (found == std::end(kClientAuths)) {
        std::vector<std::string> names;
        for (const auto& [name, auth] : kClientAuths) names.emplace_back(name);
        map.error(*map.node().find("client_auth_type"),
                  fmt::format("'client_auth_type' is '{}'", *text), did_you_mean(*text, names));
        return;
      }
      tls.client_auth = found->second;
    }
    const bool verifies = tls.client_auth == ClientAuth::verify_if_given ||
                          tls.client_auth == ClientAuth::require_and_verify;
    if (verifies && tls.client_ca.empty())
      map.error(map.node(), "clients' certificates are verified, and there is no 'client_ca_file'",
                "name the authorities that clients' certificates come from, as PEM");
    if (!verifies && !tls.client_ca.empty())
      map.error(*map.node().find("client_ca_file"),
                "there is a 'client_ca_file', and no clients' certificates are verified",
                "set 'client_auth_type' to RequireAndVerifyClientCert");
  }

  void read_versions(YamlMap& map, http::ServerTlsSettings& tls) {
    const auto read = [&](const char* key, TlsVersion& into) {
      const auto text = map.text(key);
      if (!text) return true;
      if (*text == "TLS13") into = TlsVersion::tls13;
      if (*text == "TLS12") into = TlsVersion::tls12;
      return *text == "TLS12" || *text == "TLS13";
    };
    const YamlNode* const lowest = map.get("min_version");
    if (!read("min_version", tls.lowest)) {
      if (lowest->scalar == "TLS10" || lowest->scalar == "TLS11")
        config_.warnings.push_back({file_, lowest->line, lowest->column,
                                    "'min_version': TLS 1.2 is the lowest that is spoken", ""});
      else
        map.error(*lowest, fmt::format("'min_version' is '{}'", lowest->scalar),
                  "one of: TLS12, TLS13");
    }
    const YamlNode* const highest = map.get("max_version");
    if (!read("max_version", tls.highest))
      map.error(*highest, fmt::format("'max_version' is '{}'", highest->scalar),
                "one of: TLS12, TLS13");
    else if (tls.highest < tls.lowest)
      map.error(*highest, "'max_version' is lower than 'min_version'", "leave it out");
  }

  // Mistakes are reported where the map begins: the line of a user may hold a password as it is.
  void read_users(YamlMap& map, const YamlNode& node) {
    YamlMap users(node, "'basic_auth_users'", file_, diagnostics_);
    if (!users.valid()) return;
    const auto error = [&](std::string what, std::string advice) {
      map.error(node, "'basic_auth_users': " + std::move(what), std::move(advice));
    };
    for (const auto& [key, value] : node.entries) {
      const std::string& name = key.scalar;
      const int cost = http::bcrypt_cost(value.scalar);
      if (!is_name(name) || name.find(':') != std::string::npos)
        error(fmt::format("'{}' cannot be the name of a user", name),
              "leave out colons and control characters");
      else if (cost == 0)
        error(fmt::format("what '{}' has is no bcrypt hash", name), kHashAdvice);
      else if (cost > http::kMostBcryptCost)
        error(fmt::format("the hash of '{}' has a cost of {}: each login would take {} s", name,
                          cost, 1U << static_cast<unsigned>(cost - http::kMostBcryptCost)),
              fmt::format("hash it again with a cost of 10 to {}", http::kMostBcryptCost));
      else
        config_.users.push_back({name, value.scalar, Role::read});
    }
  }

  void read_write_users(YamlMap& map) {
    for (const std::string& name : map.texts("write_users")) {
      const auto user = std::ranges::find(config_.users, name, &http::UserLogin::name);
      if (user != config_.users.end()) {
        user->role = Role::write;
        continue;
      }
      std::vector<std::string> names;
      for (const http::UserLogin& one : config_.users) names.push_back(one.name);
      map.error(*map.node().find("write_users"),
                fmt::format("'write_users': '{}' is not in 'basic_auth_users'", name),
                names.empty() ? "" : did_you_mean(name, names));
    }
  }

  void read_tokens(YamlMap& map, const YamlNode& node) {
    if (node.kind != YamlNode::Kind::list) {
      map.error(node, "'tokens' must be a list",
                "write it like tokens: [{name: ci, role: write, token: {file: ci-token}}]");
      return;
    }
    for (const YamlNode& item : node.items) read_token(item);
  }

  void read_token(const YamlNode& item) {
    YamlMap map(item, "a token", file_, diagnostics_);
    if (!map.valid()) return;
    WebToken token;
    if (map.require("name") != nullptr) token.name = map.text("name").value_or("");
    if (const auto role = map.text("role")) {
      if (*role == "write")
        token.role = Role::write;
      else if (*role != "read")
        map.error(*item.find("role"), fmt::format("'role' is '{}'", *role), "one of: read, write");
    }
    if (map.require("token") != nullptr)
      token.secret = read_secret(map, "token", file_, diagnostics_);
    if (item.find("name") != nullptr && !is_name(token.name))
      map.error(*item.find("name"), "'name' is empty or holds control characters",
                "it is what logs call the token");
    if (std::ranges::find(config_.tokens, token.name, &WebToken::name) != config_.tokens.end())
      map.error(item, fmt::format("there are two tokens '{}'", token.name), "rename one of them");
    map.finish();
    config_.tokens.push_back(std::move(token));
  }

  static bool is_name(std::string_view text) {
    return !text.empty() &&
           std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  }

  const std::string& file_;
  Diagnostics& diagnostics_;
  WebConfig config_;
};

}  // namespace

std::optional<WebConfig> read_web_config(const std::string& file, Diagnostics& diagnostics) {
  const std::optional<YamlNode> root = read_yaml(file, diagnostics);
  if (!root) return std::nullopt;
  return Reader(file, diagnostics).read(*root);
}

std::optional<WebConfig> parse_web_config(std::string_view text, const std::string& file,
                                          Diagnostics& diagnostics) {
  const std::optional<YamlNode> root = parse_yaml(text, file, diagnostics);
  if (!root) return std::nullopt;
  return Reader(file, diagnostics).read(*root);
}

}  // namespace highwater::agent
