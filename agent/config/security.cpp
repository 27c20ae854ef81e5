#include "agent/config/security.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <utility>

#include "agent/config/fields.h"
#include "agent/config/secrets.h"
#include "collectors/kafka/login/sasl.h"

namespace highwater::agent {
namespace {

using kafka::AwsSettings;
using kafka::KerberosSettings;
using kafka::Mechanism;
using kafka::OauthSettings;
using kafka::SaslSettings;
using kafka::SecuritySettings;
using kafka::TlsSettings;
using kafka::VerifyBroker;

constexpr Mechanism kMechanisms[] = {Mechanism::plain,         Mechanism::scram_sha_256,
                                     Mechanism::scram_sha_512, Mechanism::oauthbearer,
                                     Mechanism::gssapi,        Mechanism::aws_msk_iam};
constexpr std::string_view kKeysOfTls[] = {"ca",           "certificate", "key",
                                           "key_password", "verify",      "server_name"};
constexpr std::string_view kKeysOfLogin[] = {"mechanism", "username", "password",
                                             "oauth",     "kerberos", "aws"};

class SecurityReader {
 public:
  SecurityReader(const YamlNode& node, const std::string& file, Config& config,
                 Diagnostics& diagnostics)
      : file_(file),
        config_(config),
        diagnostics_(diagnostics),
        map_(node, "'security'", file, diagnostics) {}

  SecuritySettings read() {
    if (!map_.valid()) return {};
    const auto protocol = map_.text("protocol");
    const std::string name = protocol.value_or("PLAINTEXT");
    const bool known =
        name == "PLAINTEXT" || name == "SSL" || name == "SASL_PLAINTEXT" || name == "SASL_SSL";
    if (!known)
      map_.error(*map_.node().find("protocol"), fmt::format("'protocol' is '{}'", name),
                 "choose one of PLAINTEXT, SSL, SASL_PLAINTEXT and SASL_SSL, as the Java client "
                 "names it in security.protocol");
    SecuritySettings settings;
    if (known) {
      read_half(name.ends_with("SSL"), kKeysOfTls, "SSL or SASL_SSL",
                [&] { settings.tls = read_tls_settings(); });
      read_half(name.starts_with("SASL"), kKeysOfLogin, "SASL_SSL or SASL_PLAINTEXT",
                [&] { settings.sasl = read_login(); });
      map_.finish();
    }
    return settings;
  }

 private:
  // What the protocol does not use is a mistake: somebody believes that it is in force.
  template <size_t N, class Read>
  void read_half(bool used, const std::string_view (&keys)[N], std::string_view protocols,
                 Read read) {
    if (used) return read();
    for (const std::string_view key : keys) {
      if (const YamlNode* const node = map_.get(std::string(key)))
        map_.error(*node, fmt::format("'{}' has no effect with this protocol", key),
                   fmt::format("set `protocol` to {}, or leave it out", protocols));
    }
  }

  std::string path_of(YamlMap& map, const std::string& key) {
    const YamlNode* const node = map.get(key);
    if (node == nullptr) return "";
    const std::string path = map.text(key).value_or("");
    if (path.empty() || path.find('\0') != std::string::npos) {
      map.error(*node, fmt::format("'{}' is empty", key), "name a file");
      return "";
    }
    std::error_code ignored;
    return std::filesystem::absolute(std::filesystem::path(file_).parent_path() / path, ignored)
        .lexically_normal()
        .string();
  }

  // Written in the file itself, it must be a file that others cannot read.
  Secret secret_of(YamlMap& map, const std::string& key) {
    Secret secret = read_secret(map, key, file_, diagnostics_);
    if (const YamlNode* const node = map.get(key); node != nullptr && !secret.written().empty())
      note_written_secret(*node, fmt::format("'{}'", key), config_);
    return secret;
  }

  TlsSettings read_tls_settings() {
    TlsSettings tls;
    tls.ca = path_of(map_, "ca");
    const YamlNode* const certificate = map_.get("certificate");
    if (certificate != nullptr && certificate->kind == YamlNode::Kind::map)
      read_keystore(*certificate, tls);
    else
      tls.certificate = path_of(map_, "certificate");
    const YamlNode* const key = map_.get("key");
    if (key != nullptr && tls.certificate.empty())
      map_.error(*key, "there is a 'key', and no 'certificate' as PEM that it belongs to",
                 "name the client's certificate as well; a keystore has its key inside");
    tls.key = path_of(map_, "key");
    const YamlNode* const password = map_.get("key_password");
    if (password != nullptr && tls.certificate.empty())
      map_.error(*password, "there is a 'key_password', and no 'certificate' as PEM",
                 "the password of a keystore is written inside of 'certificate'");
    tls.key_password = secret_of(map_, "key_password");
    read_verification(tls);
    tls.server_name = map_.text("server_name").value_or("");
    return tls;
  }

  void read_keystore(const YamlNode& node, TlsSettings& tls) {
    YamlMap store(node, "'certificate'", file_, diagnostics_);
    if (store.require("keystore") != nullptr) tls.keystore = path_of(store, "keystore");
    tls.keystore_password = secret_of(store, "password");
    store.finish();
  }

  void read_verification(TlsSettings& tls) {
    const auto text = map_.text("verify");
    if (!text) return;
    if (*text == "full")
      tls.verify = VerifyBroker::full;
    else if (*text == "ca")
      tls.verify = VerifyBroker::authority;
    else if (*text == "none")
      tls.verify = VerifyBroker::nothing;
    else
      map_.error(*map_.node().find("verify"), fmt::format("'verify' is '{}'", *text),
                 "choose full (the default), ca (whatever name the broker has) or none");
  }

  SaslSettings read_login() {
    SaslSettings sasl;
    if (map_.require("mechanism") == nullptr) return sasl;
    const std::string name = map_.text("mechanism").value_or("");
    const auto* const found =
        std::ranges::find(kMechanisms, name, [](Mechanism m) { return mechanism_name(m); });
    if (found == std::end(kMechanisms)) {
      map_.error(*map_.node().find("mechanism"),
                 fmt::format("'mechanism' is '{}', which Highwater does not speak", name),
                 fmt::format("choose one of {}", fmt::join(mechanism_names(), ", ")));
      for (const std::string_view key : kKeysOfLogin) (void)map_.get(std::string(key));
      return sasl;
    }
    sasl.mechanism = *found;
    if (sasl.mechanism == Mechanism::oauthbearer) {
      refuse({"username", "password", "kerberos", "aws"},
             "say under 'oauth' where the token comes from");
      read_token_login(sasl);
    } else if (sasl.mechanism == Mechanism::gssapi) {
      refuse({"username", "password", "oauth", "aws"},
             "say under 'kerberos' whose tickets are used");
      read_ticket_login(sasl.kerberos);
    } else if (sasl.mechanism == Mechanism::aws_msk_iam) {
      refuse({"username", "password", "oauth", "kerberos"},
             "keys come from where Amazon's tools find them: see `aws`");
      read_aws_login(sasl.aws);
    } else {
      refuse({"oauth", "kerberos", "aws"}, "leave it out");
      read_password_login(sasl);
    }
    return sasl;
  }

  // What the mechanism does not use.
  void refuse(std::initializer_list<const char*> keys, const std::string& advice) {
    for (const char* const key : keys) {
      if (const YamlNode* const node = map_.get(key))
        map_.error(*node, fmt::format("'{}' has no effect with this mechanism", key), advice);
    }
  }

  void read_aws_login(AwsSettings& settings) {
    const YamlNode* const node = map_.get("aws");
    if (node == nullptr) return;
    YamlMap aws(*node, "'aws'", file_, diagnostics_);
    if (!aws.valid()) return;
    settings.region = aws.text("region").value_or("");
    settings.profile = aws.text("profile").value_or("");
    settings.role_arn = aws.text("role_arn").value_or("");
    const bool plain = std::ranges::all_of(settings.region, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
    if (!plain)
      aws.error(*aws.node().find("region"), fmt::format("'region' is '{}'", settings.region),
                "write it like eu-central-1");
    if (!settings.role_arn.empty() && !settings.role_arn.starts_with("arn:"))
      aws.error(*aws.node().find("role_arn"), fmt::format("'role_arn' is '{}'", settings.role_arn),
                "write it like arn:aws:iam::123456789012:role/highwater");
    aws.finish();
  }

  void read_ticket_login(KerberosSettings& settings) {
    const YamlNode* const node = map_.get("kerberos");
    if (node == nullptr) return;
    YamlMap kerberos(*node, "'kerberos'", file_, diagnostics_);
    if (!kerberos.valid()) return;
    settings.keytab = path_of(kerberos, "keytab");
    settings.principal = kerberos.text("principal").value_or("");
    settings.cache = kerberos.text("cache").value_or("");
    settings.service = kerberos.text("service").value_or(settings.service);
    if (const YamlNode* const cache = kerberos.get("cache");
        cache != nullptr && !settings.keytab.empty())
      kerberos.error(*cache, "'cache' has no effect with a 'keytab'",
                     "tickets got by a keytab are kept in memory: leave one of the two out");
    for (const std::string* const text :
         {&settings.principal, &settings.cache, &settings.service}) {
      if (text->find('\0') != std::string::npos)
        kerberos.error(*node, "a text under 'kerberos' holds a NUL", "leave it out");
    }
    if (settings.service.empty() || settings.service.find_first_of("/@") != std::string::npos)
      kerberos.error(*node, fmt::format("'service' is '{}'", settings.service),
                     "write the first part of the brokers' principals: kafka");
    kerberos.finish();
  }

  static std::vector<std::string_view> mechanism_names() {
    std::vector<std::string_view> names;
    for (const Mechanism mechanism : kMechanisms) names.push_back(mechanism_name(mechanism));
    return names;
  }

  void read_password_login(SaslSettings& sasl) {
    if (map_.require("username") != nullptr) sasl.username = map_.text("username").value_or("");
    if (map_.require("password") != nullptr) sasl.password = secret_of(map_, "password");
    if (sasl.username.find('\0') != std::string::npos)
      map_.error(*map_.node().find("username"), "'username' holds a NUL", "leave it out");
  }

  void read_token_login(SaslSettings& sasl) {
    const YamlNode* const node = map_.require("oauth");
    if (node == nullptr) return;
    YamlMap oauth(*node, "'oauth'", file_, diagnostics_);
    if (!oauth.valid()) return;
    read_oauth(oauth, sasl.oauth);
    oauth.finish();
  }

  void read_oauth(YamlMap& oauth, OauthSettings& settings) {
    const bool file = oauth.get("token_file") != nullptr;
    if (file == (oauth.get("token_url") != nullptr))
      oauth.error(oauth.node(), "'oauth' needs either 'token_file' or 'token_url'",
                  "write it like {token_file: /run/secrets/token} or {token_url: ..., client_id: "
                  "..., client_secret: {file: ...}}");
    const bool key = oauth.get("assertion_key") != nullptr;
    settings.token_file = path_of(oauth, "token_file");
    if (const auto url = oauth.text("token_url"))
      settings.token_url = check_url(oauth, "token_url", *url);
    if (file)
      refuse_in(oauth, "a 'token_file'",
                {"client_id", "client_secret", "assertion_key", "assertion_key_id",
                 "assertion_audience", "scope", "audience", "ca_file"});
    else if (key)
      refuse_in(oauth, "an 'assertion_key'", {"client_secret"});
    else
      refuse_in(oauth, "a 'client_secret'", {"assertion_key_id", "assertion_audience"});
    if (!file && oauth.require("client_id") != nullptr)
      settings.client_id = oauth.text("client_id").value_or("");
    if (!file && !key && oauth.require("client_secret") != nullptr)
      settings.client_secret = secret_of(oauth, "client_secret");
    settings.assertion_key = path_of(oauth, "assertion_key");
    settings.assertion_key_id = oauth.text("assertion_key_id").value_or("");
    settings.assertion_audience = oauth.text("assertion_audience").value_or("");
    settings.scope = oauth.text("scope").value_or("");
    settings.audience = oauth.text("audience").value_or("");
    settings.ca_file = path_of(oauth, "ca_file");
    if (const YamlNode* const extensions = oauth.get("extensions"))
      read_extensions(oauth, *extensions, settings);
  }

  static void refuse_in(YamlMap& map, const char* beside, std::initializer_list<const char*> keys) {
    for (const char* const key : keys) {
      if (const YamlNode* const node = map.get(key))
        map.error(*node, fmt::format("'{}' has no effect with {}", key, beside), "leave it out");
    }
  }

  void read_extensions(YamlMap& oauth, const YamlNode& node, OauthSettings& settings) {
    if (node.kind != YamlNode::Kind::map) {
      oauth.error(node, "'extensions' must be a map", "write it like {logicalCluster: lkc-1}");
      return;
    }
    for (const auto& [name, value] : node.entries) {
      const std::string wrong = kafka::check_extension(name.scalar, value.scalar);
      if (!wrong.empty())
        oauth.error(name, fmt::format("the extension '{}': {}", name.scalar, wrong),
                    "write it like {logicalCluster: lkc-1}");
      settings.extensions.emplace_back(name.scalar, value.scalar);
    }
  }

  const std::string& file_;
  Config& config_;
  Diagnostics& diagnostics_;
  YamlMap map_;
};

}  // namespace

SecuritySettings read_security(const YamlNode& node, const std::string& file, Config& config,
                               Diagnostics& diagnostics) {
  return SecurityReader(node, file, config, diagnostics).read();
}

}  // namespace highwater::agent
