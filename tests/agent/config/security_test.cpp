// `security:` of a cluster, as it is read and refused.
#include "agent/config/security.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/config/config.h"

namespace highwater::agent {
namespace {

using kafka::Mechanism;
using kafka::VerifyBroker;
using testing::HasSubstr;

std::string with_security(const std::string& security) {
  return "clusters:\n  - name: a\n    bootstrap: [\"k:1\"]\n    security: " + security + "\n";
}

kafka::SecuritySettings read(const std::string& security) {
  Diagnostics diagnostics;
  const auto config = parse_config(with_security(security), "/etc/hw/highwater.yaml", diagnostics);
  EXPECT_TRUE(config) << diagnostics.front().text();
  return config ? config->clusters.front().security : kafka::SecuritySettings();
}

std::string mistakes(const std::string& security) {
  Diagnostics diagnostics;
  EXPECT_FALSE(parse_config(with_security(security), "/etc/hw/highwater.yaml", diagnostics))
      << security;
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) text += diagnostic.text() + "\n";
  return text;
}

TEST(Security, IsPlaintextUnlessSaidOtherwise) {
  for (const char* text : {"{}", "{protocol: PLAINTEXT}"}) {
    const auto settings = read(text);
    EXPECT_FALSE(settings.tls || settings.sasl) << text;
  }
}

TEST(Security, OfTlsIsReadWithPathsFromTheFolder) {
  const auto settings = read(
      "{protocol: SSL, ca: ca.pem, certificate: c.pem, key: /keys/c.key, key_password: {file: k}, "
      "verify: ca, server_name: kafka.internal}");
  ASSERT_TRUE(settings.tls);
  EXPECT_FALSE(settings.sasl);
  EXPECT_EQ(settings.tls->ca, "/etc/hw/ca.pem");
  EXPECT_EQ(settings.tls->certificate, "/etc/hw/c.pem");
  EXPECT_EQ(settings.tls->key, "/keys/c.key");
  EXPECT_EQ(settings.tls->key_password, Secret::in_file("/etc/hw/k"));
  EXPECT_EQ(settings.tls->verify, VerifyBroker::authority);
  EXPECT_EQ(settings.tls->server_name, "kafka.internal");
}

TEST(Security, TakesAKeystoreAsCertificate) {
  const auto settings =
      read("{protocol: SSL, certificate: {keystore: c.p12, password: {env: STORE}}}");
  ASSERT_TRUE(settings.tls);
  EXPECT_EQ(settings.tls->keystore, "/etc/hw/c.p12");
  EXPECT_EQ(settings.tls->keystore_password, Secret::in_environment("STORE"));
  EXPECT_EQ(settings.tls->certificate, "");
}

TEST(Security, OfALoginIsReadForEachMechanism) {
  const auto scram = read(
      "{protocol: SASL_SSL, mechanism: SCRAM-SHA-512, username: hw, password: {env: PASSWORD}}");
  ASSERT_TRUE(scram.tls && scram.sasl);
  EXPECT_EQ(scram.sasl->mechanism, Mechanism::scram_sha_512);
  EXPECT_EQ(scram.sasl->username, "hw");
  EXPECT_EQ(scram.sasl->password, Secret::in_environment("PASSWORD"));
  const auto token = read(
      "{protocol: SASL_PLAINTEXT, mechanism: OAUTHBEARER, oauth: {token_file: t, extensions: "
      "{logicalCluster: lkc-1}}}");
  ASSERT_TRUE(token.sasl);
  EXPECT_FALSE(token.tls);
  EXPECT_EQ(token.sasl->oauth.token_file, "/etc/hw/t");
  EXPECT_EQ(token.sasl->oauth.extensions.at(0),
            (std::pair<std::string, std::string>("logicalCluster", "lkc-1")));
  const auto server = read(
      "{protocol: SASL_SSL, mechanism: OAUTHBEARER, oauth: {token_url: \"https://id/t\", "
      "client_id: "
      "hw, client_secret: {file: s}, scope: kafka, audience: brokers, ca_file: id.pem}}");
  ASSERT_TRUE(server.sasl);
  EXPECT_EQ(server.sasl->oauth.token_url, "https://id/t");
  EXPECT_EQ(server.sasl->oauth.client_id, "hw");
  EXPECT_EQ(server.sasl->oauth.scope + server.sasl->oauth.audience, "kafkabrokers");
  EXPECT_EQ(server.sasl->oauth.ca_file, "/etc/hw/id.pem");
}

TEST(Security, OfATokenServerCanBeAKeyInPlaceOfASecret) {
  const auto server = read(
      "{protocol: SASL_SSL, mechanism: OAUTHBEARER, oauth: {token_url: \"https://id/t\", "
      "client_id: "
      "hw, assertion_key: hw.pem, assertion_key_id: k1, assertion_audience: \"https://id\"}}");
  ASSERT_TRUE(server.sasl);
  EXPECT_EQ(server.sasl->oauth.assertion_key, "/etc/hw/hw.pem");
  EXPECT_EQ(server.sasl->oauth.assertion_key_id, "k1");
  EXPECT_EQ(server.sasl->oauth.assertion_audience, "https://id");
}

TEST(Security, IsRefusedWithWhatToDo) {
  const std::pair<const char*, const char*> cases[] = {
      {"{protocol: TLS}", "choose one of PLAINTEXT, SSL, SASL_PLAINTEXT and SASL_SSL"},
      {"{protocol: ssl}", "'protocol' is 'ssl'"},
      {"{ca: ca.pem}", "'ca' has no effect with this protocol"},
      {"{protocol: SASL_PLAINTEXT, mechanism: PLAIN, username: u, password: {env: P}, verify: "
       "none}",
       "'verify' has no effect with this protocol"},
      {"{protocol: SSL, mechanism: PLAIN}", "set `protocol` to SASL_SSL or SASL_PLAINTEXT"},
      {"{protocol: SSL, verify: false}", "choose full (the default), ca"},
      {"{protocol: SSL, key: k.pem}", "there is a 'key', and no 'certificate'"},
      {"{protocol: SSL, certificate: {keystore: c.p12}, key: k.pem}",
       "a keystore has its key inside"},
      {"{protocol: SSL, certificate: {password: {env: P}}}", "has no 'keystore'"},
      {"{protocol: SASL_SSL}", "has no 'mechanism'"},
      {"{protocol: SASL_SSL, mechanism: NTLM, username: u}",
       "choose one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, GSSAPI, AWS_MSK_IAM"},
      {"{protocol: SASL_SSL, mechanism: GSSAPI, username: u}",
       "say under 'kerberos' whose tickets are used"},
      {"{protocol: SASL_SSL, mechanism: GSSAPI, kerberos: {keytab: k, cache: \"FILE:c\"}}",
       "'cache' has no effect with a 'keytab'"},
      {"{protocol: SASL_SSL, mechanism: GSSAPI, kerberos: {service: kafka/a}}",
       "write the first part of the brokers' principals"},
      {"{protocol: SASL_SSL, mechanism: AWS_MSK_IAM, password: {env: P}}",
       "keys come from where Amazon's tools find them"},
      {"{protocol: SASL_SSL, mechanism: AWS_MSK_IAM, aws: {region: \"a/b\"}}", "write it like eu-"},
      {"{protocol: SASL_SSL, mechanism: AWS_MSK_IAM, aws: {role_arn: highwater}}",
       "arn:aws:iam::123456789012:role/highwater"},
      {"{protocol: SASL_SSL, mechanism: PLAIN, username: u}", "has no 'password'"},
      {"{protocol: SASL_SSL, mechanism: PLAIN, username: u, password: {file: p, env: P}}",
       "'password' needs either 'file' or 'env'"},
      {"{protocol: SASL_SSL, mechanism: PLAIN, username: u, password: {env: P}, oauth: {}}",
       "'oauth' has no effect with this mechanism"},
      {"{protocol: SASL_SSL, mechanism: OAUTHBEARER, username: u, oauth: {token_file: t}}",
       "'username' has no effect with this mechanism"},
      {"{protocol: SASL_SSL, mechanism: OAUTHBEARER}", "has no 'oauth'"},
      {"{protocol: SASL_SSL, mechanism: OAUTHBEARER, oauth: {token_file: t, token_url: "
       "\"http://i\"}}",
       "either 'token_file' or 'token_url'"},
      {"{protocol: SASL_SSL, mechanism: OAUTHBEARER, oauth: {token_file: t, scope: s}}",
       "'scope' has no effect with a 'token_file'"},
      {"{protocol: SASL_SSL, mechanism: OAUTHBEARER, oauth: {token_file: t, assertion_key: k}}",
       "'assertion_key' has no effect with a 'token_file'"},
      {"{protocol: SASL_SSL, mechanism: OAUTHBEARER, oauth: {token_url: \"http://i\", client_id: "
       "c, "
       "client_secret: {env: S}, assertion_key: k}}",
       "'client_secret' has no effect with an 'assertion_key'"},
      {"{protocol: SASL_SSL, mechanism: OAUTHBEARER, oauth: {token_url: \"http://i\", client_id: "
       "c, "
       "client_secret: {env: S}, assertion_key_id: k}}",
       "'assertion_key_id' has no effect with a 'client_secret'"},
      {"{protocol: SASL_SSL, mechanism: OAUTHBEARER, oauth: {token_url: \"ftp://i\", client_id: c, "
       "client_secret: {env: S}}}",
       "'token_url'"},
      {"{protocol: SASL_SSL, mechanism: OAUTHBEARER, oauth: {token_file: t, extensions: {auth: "
       "x}}}",
       "the extension 'auth'"},
      {"{protocol: SSL, trustore: x}", "trustore"},
  };
  for (const auto& [security, expected] : cases)
    EXPECT_THAT(mistakes(security), HasSubstr(expected)) << security;
}

TEST(Security, SaysAnUnknownMechanismOnce) {
  EXPECT_THAT(mistakes("{protocol: SASL_SSL, mechanism: NTLM, username: u, password: {env: P}}"),
              testing::Not(HasSubstr("username")));
}

TEST(Security, IsTheCanarysAsWell) {
  const std::string head =
      "clusters:\n  - name: a\n    bootstrap: [\"k:1\"]\n    canary: {topic: c}\n";
  const std::string scram =
      "    security: {protocol: SASL_SSL, mechanism: SCRAM-SHA-256, username: u, password: {env: "
      "P}}\n";
  Diagnostics diagnostics;
  const auto config = parse_config(head + scram, "highwater.yaml", diagnostics);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->canaries.at(0).probe.security.sasl->username, "u");
  const std::string token =
      "    security: {protocol: SASL_SSL, mechanism: OAUTHBEARER, oauth: {token_file: t}}\n";
  EXPECT_FALSE(parse_config(head + token, "highwater.yaml", diagnostics));
  EXPECT_THAT(diagnostics.back().text(), HasSubstr("the canary cannot log in by OAUTHBEARER"));
}

TEST(Security, NotesASecretThatIsWrittenInTheFile) {
  Diagnostics diagnostics;
  const auto config = parse_config(
      with_security("{protocol: SASL_SSL, mechanism: PLAIN, username: u, password: s3cret}"),
      "highwater.yaml", diagnostics);
  ASSERT_TRUE(config);
  ASSERT_EQ(config->written_secrets.size(), 1U);
  EXPECT_THAT(config->written_secrets[0].text(), HasSubstr("'password' is a secret"));
  EXPECT_THAT(config->written_secrets[0].text(), testing::Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace highwater::agent
