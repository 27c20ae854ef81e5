// `web_config`: the file, what is made of it, and what is said of it.
#include "agent/config/web_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "agent/api/web_access.h"
#include "agent/config/config.h"
#include "tests/exporters/http/http_identity.h"

namespace highwater::agent {
namespace {

using http::ClientAuth;
using http::Identity;
using http::Role;
using http::TlsVersion;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kHash = "$2y$04$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu";

std::string text_of(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) text += diagnostic.text() + "\n";
  return text;
}

WebConfig parse(const std::string& text) {
  Diagnostics diagnostics;
  const auto config = parse_web_config(text, "/etc/hw/web.yml", diagnostics);
  EXPECT_TRUE(config && diagnostics.empty()) << text_of(diagnostics);
  return config.value_or(WebConfig());
}

std::string mistakes(const std::string& text) {
  Diagnostics diagnostics;
  std::ignore = parse_web_config(text, "/etc/hw/web.yml", diagnostics);
  EXPECT_FALSE(diagnostics.empty()) << text;
  return text_of(diagnostics);
}

// As it stands in the documents of exporter-toolkit.
TEST(WebConfig, OfAnExporterIsReadAsItIs) {
  const WebConfig config = parse(std::string(R"(tls_server_config:
  cert_file: server.crt
  key_file: /keys/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: clients.crt
  min_version: TLS13
  prefer_server_cipher_suites: true
http_server_config:
  http2: true
basic_auth_users:
  alice: )") + kHash +
                                 "\n  bob: " + kHash + "\n");
  ASSERT_TRUE(config.tls);
  EXPECT_EQ(config.tls->certificate, "/etc/hw/server.crt");
  EXPECT_EQ(config.tls->key, "/keys/server.key");
  EXPECT_EQ(config.tls->client_ca, "/etc/hw/clients.crt");
  EXPECT_EQ(config.tls->client_auth, ClientAuth::require_and_verify);
  EXPECT_EQ(config.tls->lowest, TlsVersion::tls13);
  ASSERT_EQ(config.users.size(), 2U);
  EXPECT_EQ(config.users[0].name, "alice");
  EXPECT_EQ(config.users[0].role, Role::read) << "whoever scrapes changes nothing";
  EXPECT_THAT(text_of(config.warnings), AllOf(HasSubstr("'http_server_config' has no effect"),
                                              HasSubstr("'prefer_server_cipher_suites'")));
}

TEST(WebConfig, MayBeEmpty) {
  for (const char* text : {"", "{}", "tls_server_config: {}", "basic_auth_users: {}"}) {
    const WebConfig config = parse(text);
    EXPECT_FALSE(config.tls) << text;
    EXPECT_TRUE(config.users.empty()) << text;
  }
}

TEST(WebConfig, TellsWhoMayChangeThings) {
  const WebConfig config =
      parse(std::string("basic_auth_users: {alice: ") + kHash + ", bob: " + kHash + R"(}
write_users: [bob]
tokens:
  - {name: ci, role: write, token: {file: ci-token}}
  - {name: prometheus, token: {env: PROMETHEUS_TOKEN}}
)");
  EXPECT_EQ(config.users[0].role, Role::read);
  EXPECT_EQ(config.users[1].role, Role::write);
  ASSERT_EQ(config.tokens.size(), 2U);
  EXPECT_EQ(config.tokens[0].role, Role::write);
  EXPECT_EQ(config.tokens[0].secret, Secret::in_file("/etc/hw/ci-token"));
  EXPECT_EQ(config.tokens[1].role, Role::read);
}

TEST(WebConfig, MistakesSayWhatToDo) {
  const std::pair<std::string, std::string> cases[] = {
      {"tls_server_config: {cert_file: a}", "'tls_server_config' has no 'key_file'"},
      {"tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAll}",
       "'client_auth_type' is 'RequireAll'"},
      {"tls_server_config: {cert_file: a, key_file: b, client_auth_type: "
       "RequireAndVerifyClientCert}",
       "there is no 'client_ca_file'"},
      {"tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}",
       "no clients' certificates are verified"},
      {"tls_server_config: {cert_file: a, key_file: b, min_version: TLS14}",
       "one of: TLS12, TLS13"},
      {"tls_server_config: {cert_file: a, key_file: b, min_version: TLS13, max_version: TLS12}",
       "'max_version' is lower"},
      {"tls_server_config: {cert_file: a, key_file: b, cipher_suites: [x]}",
       "'cipher_suites' is not supported"},
      {"tls_server_config: {cert_file: a, key_file: b, client_allowed_sans: [x]}",
       "'client_allowed_sans' is not supported"},
      {"tls_server_confg: {}", "did you mean 'tls_server_config'"},
      {"basic_auth_users: [alice]", "must be a map"},
      {"basic_auth_users: {alice: wonderland}", "what 'alice' has is no bcrypt hash: make one"},
      {"basic_auth_users: {\"a:b\": x}", "'a:b' cannot be the name of a user"},
      {"basic_auth_users: {alice: " + std::string(kHash).replace(4, 2, "20") + "}",
       "a cost of 20: each login would take 64 s"},
      {"write_users: [bob]", "'bob' is not in 'basic_auth_users'"},
      {"tokens: {name: ci}", "'tokens' must be a list"},
      {"tokens: [{name: ci}]", "a token has no 'token'"},
      {"tokens: [{name: ci, role: admin, token: {file: x}}]", "one of: read, write"},
      {"tokens: [{name: ci, token: {file: x}}, {name: ci, token: {file: y}}]", "two tokens 'ci'"},
      {"[]", "must be a map"}};
  for (const auto& [text, expected] : cases)
    EXPECT_THAT(mistakes(text), HasSubstr(expected)) << text;
  EXPECT_THAT(mistakes("basic_auth_users: {alice: wonderland}"), Not(HasSubstr("wonderland")));
}

TEST(WebConfig, OldVersionsOfTlsAreNotSpokenAndThatIsSaid) {
  const WebConfig config =
      parse("tls_server_config: {cert_file: a, key_file: b, min_version: TLS10}");
  EXPECT_EQ(config.tls->lowest, TlsVersion::tls12);
  EXPECT_THAT(text_of(config.warnings), HasSubstr("TLS 1.2 is the lowest that is spoken"));
}

class WebAccessFiles : public testing::Test {
 protected:
  WebAccessFiles()
      : folder_(std::filesystem::temp_directory_path() /
                ("highwater-web-" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(folder_);
    save("server.pem", [](const Identity& i, const std::string& path) { i.save(path); });
    save("key.pem", [](const Identity& i, const std::string& path) { i.save_key(path); });
    write("token", "0123456789abcdef\n");
  }
  ~WebAccessFiles() override { std::filesystem::remove_all(folder_); }

  void save(const std::string& name, void (*how)(const Identity&, const std::string&)) {
    how(identity_, folder_ / name);
    ::chmod((folder_ / name).c_str(), 0600);
  }
  void write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    std::ofstream(folder_ / name) << text;
    ::chmod((folder_ / name).c_str(), mode);
  }
  std::optional<WebAccess> load(const std::string& text, mode_t mode = 0600,
                                const std::string& host = "127.0.0.1", Duration later = {}) {
    write("web.yml", text, mode);
    mistakes_.clear();
    auto access = load_web_access(folder_ / "web.yml", {host, 9877},
                                  SystemClock().now().wall + later, mistakes_);
    warnings_ = access ? text_of(access->warnings) : "";
    return access;
  }

  static constexpr const char* kTls =
      "tls_server_config: {cert_file: server.pem, key_file: key.pem}\n";
  const Identity identity_{"IP:127.0.0.1"};  // for an hour
  const std::filesystem::path folder_;
  Diagnostics mistakes_;
  std::string warnings_;
};

TEST_F(WebAccessFiles, WithoutAFileLetsEverybodyRead) {
  const auto access = load_web_access("", {"127.0.0.1", 9877}, {}, mistakes_);
  ASSERT_TRUE(access);
  EXPECT_FALSE(access->policy->tls);
  EXPECT_EQ(access->policy->logins, nullptr);
}

TEST_F(WebAccessFiles, AreRead) {
  const auto access =
      load(std::string(kTls) + "tokens: [{name: ci, role: write, token: {file: token}}]\n");
  ASSERT_TRUE(access) << text_of(mistakes_);
  EXPECT_EQ(access->policy->logins->recall("Bearer 0123456789abcdef")->role, Role::write);
  EXPECT_TRUE(access->certificate_expiry());
  EXPECT_THAT(warnings_, HasSubstr("server.pem expires in"));
}

TEST_F(WebAccessFiles, MakeTheAgentsAddressHttps) {
  const auto url_with = [&](const std::string& web) {
    write("web.yml", web);
    const auto config = parse_config(
        "clusters: [{name: a, bootstrap: \"k:1\"}]\nlisten: \":9877\"\nweb_config: web.yml\n",
        folder_ / "highwater.yaml", mistakes_);
    EXPECT_TRUE(config) << text_of(mistakes_);
    EXPECT_EQ(config->web_config, folder_ / "web.yml");
    return config->external_url;
  };
  EXPECT_EQ(url_with(kTls), "https://127.0.0.1:9877");
  EXPECT_EQ(url_with("basic_auth_users: {}\n"), "http://127.0.0.1:9877");
}

TEST_F(WebAccessFiles, ThatAreWrongAreMistakes) {
  EXPECT_FALSE(load("tls_server_config: {cert_file: none.pem, key_file: key.pem}"));
  EXPECT_THAT(text_of(mistakes_), HasSubstr("none.pem cannot be read: No such file"));
  Identity("IP:127.0.0.1").save_key(folder_ / "key.pem");
  EXPECT_FALSE(load(kTls));
  EXPECT_THAT(text_of(mistakes_), HasSubstr("does not belong to the certificate"));
  EXPECT_FALSE(load("tokens: [{name: ci, token: {file: nothing}}]"));
  EXPECT_THAT(text_of(mistakes_), HasSubstr("token 'ci': the secret in"));
  write("token", "short\n");
  EXPECT_FALSE(load("tokens: [{name: ci, token: {file: token}}]"));
  EXPECT_THAT(text_of(mistakes_), AllOf(HasSubstr("shorter than 16"), Not(HasSubstr("short\n"))));
  EXPECT_FALSE(load("tokens: [{name: ci, token: 0123456789abcdef}]", 0644));
  EXPECT_THAT(text_of(mistakes_),
              AllOf(HasSubstr("everybody on this machine"), Not(HasSubstr("0123456789abcdef"))));
  EXPECT_TRUE(load("tokens: [{name: ci, token: 0123456789abcdef}]", 0640));
}

TEST_F(WebAccessFiles, DangersAreWarnings) {
  const std::string users = std::string("basic_auth_users: {alice: ") + kHash + "}\n";
  ASSERT_TRUE(load(users, 0644));
  EXPECT_THAT(warnings_, HasSubstr("everybody on this machine can read the hashes"));
  ASSERT_TRUE(load(users, 0600, ""));
  EXPECT_THAT(warnings_, HasSubstr("go over the network as they are"));
  ASSERT_TRUE(load(users));
  EXPECT_EQ(warnings_, "");
  ASSERT_TRUE(load(""));
  EXPECT_THAT(warnings_, HasSubstr("neither TLS nor a login"));
  ::chmod((folder_ / "key.pem").c_str(), 0644);
  ASSERT_TRUE(load(kTls, 0600, "127.0.0.1", std::chrono::hours(3)));
  EXPECT_THAT(warnings_, AllOf(HasSubstr("can read the key in"), HasSubstr("server.pem expired ")));
}

TEST_F(WebAccessFiles, HaveADigestThatChangesWithAnyOfThem) {
  ASSERT_TRUE(load(std::string(kTls) + "tokens: [{name: ci, token: {file: token}}]\n"));
  const std::string web = folder_ / "web.yml";
  std::vector<std::string> seen{digest_of_web_files(web)};
  EXPECT_EQ(digest_of_web_files(web), seen.back());
  const auto changed = [&] {
    const std::string now = digest_of_web_files(web);
    EXPECT_EQ(std::ranges::count(seen, now), 0);
    seen.push_back(now);
  };
  write("token", "fedcba9876543210\n");
  changed();
  Identity("IP:127.0.0.1").save(folder_ / "server.pem");
  changed();
  Identity("IP:127.0.0.1").save_key(folder_ / "key.pem");
  changed();
  std::filesystem::remove(folder_ / "key.pem");
  changed();
}

}  // namespace
}  // namespace highwater::agent
