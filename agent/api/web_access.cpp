#include "agent/api/web_access.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/config/reach.h"
#include "agent/config/web_config.h"
#include "agent/core/digest.h"
#include "agent/core/small_file.h"

namespace highwater::agent {
namespace {

constexpr Duration kSoon = std::chrono::days(21);
constexpr size_t kMaxFile = size_t{4} << 20;

bool others_may_read(const std::string& path) {
  const auto file = RegularFile::open(path);
  return file && file->others_may_read();
}

class Loader {
 public:
  Loader(const WebConfig& config, Diagnostics& diagnostics)
      : config_(config), diagnostics_(diagnostics), warnings_(config.warnings) {}

  WebAccess load(const http::ListenAddress& listen, WallTime now) {
    http::AccessPolicy policy;
    if (config_.tls) policy.tls = load_tls(*config_.tls, now);
    const std::vector<http::TokenLogin> tokens = load_tokens();
    if (!config_.users.empty() || !tokens.empty())
      policy.logins = std::make_shared<const http::Logins>(config_.users, tokens);
    warn_of_readers();
    if (policy.logins != nullptr && !config_.tls && !is_loopback(listen.host))
      warn("passwords and tokens go over the network as they are",
           "set 'cert_file' and 'key_file' of 'tls_server_config'");
    if (policy.logins == nullptr && !config_.tls)
      warn("it sets neither TLS nor a login", "see tls_server_config and basic_auth_users");
    return {std::make_shared<const http::AccessPolicy>(std::move(policy)), std::move(warnings_)};
  }

 private:
  void warn(std::string what, std::string advice) {
    warnings_.push_back({config_.file, 0, 0, std::move(what), std::move(advice)});
  }
  void refuse(std::string what, std::string advice) {
    diagnostics_.push_back({config_.file, 0, 0, std::move(what), std::move(advice)});
  }

  std::optional<http::ServerTls> load_tls(const http::ServerTlsSettings& settings, WallTime now) {
    auto tls = http::make_server_tls(settings);
    if (!tls) {
      refuse("'tls_server_config': " + tls.error().message, "");
      return std::nullopt;
    }
    const Duration left = tls->expiry - now;
    const std::string advice = "a renewed one is used without a restart";
    if (left <= Duration::zero())
      warn(fmt::format("the certificate in {} expired {} ago: nobody trusts it",
                       settings.certificate, describe_duration(-left)),
           advice);
    else if (left < kSoon)
      warn(fmt::format("the certificate in {} expires in {}", settings.certificate,
                       describe_duration(left)),
           advice);
    return std::move(*tls);
  }

  std::vector<http::TokenLogin> load_tokens() {
    std::vector<http::TokenLogin> tokens;
    for (const WebToken& token : config_.tokens) {
      auto value = token.secret.value();
      if (!value)
        refuse(fmt::format("token '{}': {}", token.name, value.error().message), "");
      else if (value->size() < http::kShortestToken || !http::is_token(*value))
        refuse(fmt::format("token '{}' is shorter than {} characters, or has others than letters, "
                           "digits and -._~+/=",
                           token.name, http::kShortestToken),
               "make one: openssl rand -hex 32");
      else
        tokens.push_back({token.name, std::move(*value), token.role});
    }
    return tokens;
  }

  void warn_of_readers() {
    if (config_.tls && others_may_read(config_.tls->key))
      warn(fmt::format("everybody on this machine can read the key in {}", config_.tls->key),
           "'chmod o-r' it");
    if (!others_may_read(config_.file)) return;
    const bool written = std::ranges::any_of(
        config_.tokens, [](const WebToken& token) { return !token.secret.is_elsewhere(); });
    if (written)
      refuse("it holds a token, and everybody on this machine can read it",
             "write the token as {file: PATH} or {env: NAME}, or 'chmod o-r' this file");
    else if (!config_.users.empty())
      warn("everybody on this machine can read the hashes of passwords, and guess from them",
           "'chmod o-r' it");
  }

  const WebConfig& config_;
  Diagnostics& diagnostics_;
  Diagnostics warnings_;
};

}  // namespace

std::optional<WallTime> WebAccess::certificate_expiry() const {
  if (!policy->tls) return std::nullopt;
  return policy->tls->expiry;
}

std::optional<WebAccess> load_web_access(const std::string& file, const http::ListenAddress& listen,
                                         WallTime now, Diagnostics& diagnostics) {
  if (file.empty()) return WebAccess{std::make_shared<const http::AccessPolicy>(), {}};
  const size_t before = diagnostics.size();
  const auto config = read_web_config(file, diagnostics);
  if (!config || diagnostics.size() != before) return std::nullopt;
  WebAccess access = Loader(*config, diagnostics).load(listen, now);
  if (diagnostics.size() != before) return std::nullopt;
  return access;
}

std::string digest_of_web_files(const std::string& file) {
  std::vector<std::string> paths{file};
  std::string text;
  Diagnostics ignored;
  if (const auto config = read_web_config(file, ignored)) {
    if (config->tls)
      paths.insert(paths.end(),
                   {config->tls->certificate, config->tls->key, config->tls->client_ca});
    for (const WebToken& token : config->tokens) {
      const auto value = token.secret.value();
      text += value ? sha256_hex(*value) : value.error().message;
    }
  }
  for (const std::string& path : paths) {
    const auto content = read_small_file(path, kMaxFile);
    text += path + " " + (content ? sha256_hex(*content) : content.error().message) + "\n";
  }
  return sha256_hex(text);
}

}  // namespace highwater::agent
