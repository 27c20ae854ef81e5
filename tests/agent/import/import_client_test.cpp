// Properties of Kafka clients: how the file is read, what becomes of each, what is lost, and that
// no secret is written.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/config/config.h"
#include "agent/import/client/client_properties.h"
#include "agent/import/client/properties.h"

namespace highwater::agent {
namespace {

using client::Property;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kSecret = "s3cr3t-of-theirs";

std::vector<std::string> keys_and_values(std::string_view text) {
  std::vector<std::string> pairs;
  const auto properties = client::read_properties(text).value();
  for (const Property& property : properties)
    pairs.push_back(fmt::format("{} {}={}", property.line, property.key, property.value));
  return pairs;
}

TEST(ClientProperties, AreReadAsJavaReadsThem) {
  EXPECT_THAT(keys_and_values("# a comment\n\n! another\na=1\r\nb : 2\n  c 3\nd\ne=x=y:z \n"),
              ElementsAre("4 a=1", "5 b=2", "6 c=3", "7 d=", "8 e=x=y:z"));
  EXPECT_THAT(keys_and_values("a=one \\\n   two\\\\\nb=3\n# no \\\nc=4\\"),
              ElementsAre("1 a=one two\\", "3 b=3", "5 c=4"));
  EXPECT_THAT(keys_and_values("a\\ b\\=c=d\\te\nf=\\u00e4\\u20ac\\ud83d\\ude00|\\ud83d|\n"),
              ElementsAre("1 a b=c=d\te", "2 f=ä€😀|\xEF\xBF\xBD|"));
}

TEST(ClientProperties, OfAKeyThatIsThereTwiceTheLastOneCounts) {
  EXPECT_THAT(keys_and_values("a=1\nb=2\na=3\n"), ElementsAre("3 a=3", "2 b=2"));
}

TEST(ClientProperties, MistakesOfTheFileSayTheLine) {
  EXPECT_EQ(client::read_properties("a=1\nb=\\u12g4\n").error().message,
            "line 2: \\u without four hexadecimal digits");
  std::string many;
  for (int i = 0; i < 2001; ++i) many += fmt::format("key{}=1\n", i);
  EXPECT_EQ(client::read_properties(many).error().message, "line 2001: more than 2000 properties");
}

TEST(ClientProperties, JaasIsReadWithBothQuotesAndEscapes) {
  const auto entry = client::read_jaas(
      "org.apache.kafka.common.security.plain.PlainLoginModule required\n username=\"a\\\"b\" "
      "password='c d' debug=true;");
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(entry->module, "PlainLoginModule");
  EXPECT_THAT(entry->options,
              ElementsAre(testing::Pair("username", "a\"b"), testing::Pair("password", "c d"),
                          testing::Pair("debug", "true")));
}

TEST(ClientProperties, JaasThatIsBrokenSaysHow) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"", "no login module"},
      {"PlainLoginModule;", "'required' does not follow the login module"},
      {"PlainLoginModule required a=b", "it does not end with ';'"},
      {"PlainLoginModule required a;", "an option without '='"},
      {"PlainLoginModule required a=\"b;", "a quote is not closed"},
      {"PlainLoginModule required; PlainLoginModule required;", "it has more than one entry"}};
  for (const auto& [text, why] : rows)
    EXPECT_EQ(client::read_jaas(text).error().message, why) << text;
}

struct Imported {
  std::string yaml;
  std::vector<std::string> losses;
  std::vector<std::string> wrong;  // what `highwater check` says of it
};

Imported import(const std::string& text) {
  const Result<ImportedClient> read = import_client_properties(text, "client.properties");
  EXPECT_TRUE(read) << read.error().message;
  if (!read) return {};
  Imported imported{read->yaml, {}, {}};
  for (const Loss& loss : read->losses)
    imported.losses.push_back(fmt::format("{}: {}", loss.line, loss.what));
  Diagnostics diagnostics;
  (void)parse_config(read->yaml, "highwater.yaml", diagnostics);
  for (const Diagnostic& diagnostic : diagnostics) imported.wrong.push_back(diagnostic.text());
  EXPECT_THAT(imported.yaml, Not(HasSubstr(kSecret)));
  for (const std::string& loss : imported.losses) EXPECT_THAT(loss, Not(HasSubstr(kSecret)));
  return imported;
}

// From `security:` on, each line without its indentation.
std::string security_of(const std::string& yaml) {
  const size_t begin = yaml.find("    security:\n");
  if (begin == std::string::npos) return "";
  std::string text;
  for (size_t at = begin + 14; at < yaml.size();) {
    const size_t end = yaml.find('\n', at);
    text += yaml.substr(at + 6, end - at - 5);
    at = end + 1;
  }
  return text;
}

struct Row {
  const char* name;
  const char* properties;
  const char* security;
};

const Row kRows[] = {
    {"plaintext", "", ""},
    {"tls_of_the_system", "security.protocol=SSL\n", "protocol: SSL\n"},
    {"tls_with_pem",
     "security.protocol=SSL\nssl.truststore.type=PEM\nssl.truststore.location=/etc/ca.pem\n"
     "ssl.keystore.type=PEM\nssl.keystore.location=/etc/client.pem\n"
     "ssl.key.password=s3cr3t-of-theirs\nssl.endpoint.identification.algorithm=\n",
     "protocol: SSL\nca: \"/etc/ca.pem\"\ncertificate: \"/etc/client.pem\"\nkey_password: {env: "
     "KAFKA_KEY_PASSWORD}\nverify: ca\n"},
    {"tls_with_pkcs12",
     "security.protocol=SSL\nssl.keystore.location=/"
     "c.p12\nssl.keystore.password=s3cr3t-of-theirs\n",
     "protocol: SSL\ncertificate: {keystore: \"/c.p12\", password: {env: "
     "KAFKA_KEYSTORE_PASSWORD}}\n"},
    {"tls_of_librdkafka",
     "security.protocol=ssl\nssl.ca.location=/ca\nssl.certificate.location=/c\n"
     "ssl.key.location=/k\nenable.ssl.certificate.verification=false\n",
     "protocol: SSL\nca: \"/ca\"\ncertificate: \"/c\"\nkey: \"/k\"\nverify: none\n"},
    {"scram",
     "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n"
     "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\\n"
     "  username=\"alice\" password=\"s3cr3t-of-theirs\";\n",
     "protocol: SASL_SSL\nmechanism: SCRAM-SHA-512\nusername: \"alice\"\npassword: {env: "
     "KAFKA_PASSWORD}\n"},
    {"plain_of_librdkafka",
     "security.protocol=sasl_plaintext\nsasl.mechanisms=PLAIN\nsasl.username=a\n"
     "sasl.password=s3cr3t-of-theirs\n",
     "protocol: SASL_PLAINTEXT\nmechanism: PLAIN\nusername: \"a\"\npassword: {env: "
     "KAFKA_PASSWORD}\n"},
    {"password_of_a_provider",
     "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.username=a\n"
     "sasl.password=${env:KP}\n",
     "protocol: SASL_PLAINTEXT\nmechanism: PLAIN\nusername: \"a\"\npassword: {env: KP}\n"},
    {"password_of_a_directory",
     "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.username=a\n"
     "sasl.password=${directory:/run/secrets:kafka}\n",
     "protocol: SASL_PLAINTEXT\nmechanism: PLAIN\nusername: \"a\"\npassword: {file: "
     "\"/run/secrets/kafka\"}\n"},
    {"oauth",
     "security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\n"
     "sasl.oauthbearer.token.endpoint.url=https://idp.example/token\n"
     "sasl.login.callback.handler.class=org.apache.kafka.common.security.oauthbearer."
     "OAuthBearerLoginCallbackHandler\n"
     "sasl.jaas.config=x.OAuthBearerLoginModule required clientId='hw' "
     "clientSecret='s3cr3t-of-theirs' scope='kafka' extension_logicalCluster='lkc-1';\n",
     "protocol: SASL_SSL\nmechanism: OAUTHBEARER\noauth: {token_url: "
     "\"https://idp.example/token\", "
     "client_id: \"hw\", client_secret: {env: KAFKA_CLIENT_SECRET}, scope: \"kafka\", extensions: "
     "{logicalCluster: \"lkc-1\"}}\n"},
    {"oauth_of_librdkafka",
     "security.protocol=sasl_ssl\nsasl.mechanisms=OAUTHBEARER\nsasl.oauthbearer.method=oidc\n"
     "sasl.oauthbearer.client.id=hw\nsasl.oauthbearer.client.secret=s3cr3t-of-theirs\n"
     "sasl.oauthbearer.token.endpoint.url=https://idp.example/token\n"
     "sasl.oauthbearer.extensions=a=b,c=d\n",
     "protocol: SASL_SSL\nmechanism: OAUTHBEARER\noauth: {token_url: "
     "\"https://idp.example/token\", "
     "client_id: \"hw\", client_secret: {env: KAFKA_CLIENT_SECRET}, extensions: {a: \"b\", c: "
     "\"d\"}}\n"},
    {"token_in_a_file",
     "security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\n"
     "sasl.oauthbearer.token.endpoint.url=file:///run/token\n",
     "protocol: SASL_SSL\nmechanism: OAUTHBEARER\noauth: {token_file: \"/run/token\"}\n"},
    {"kerberos",
     "security.protocol=SASL_SSL\nsasl.kerberos.service.name=broker\n"
     "sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true "
     "storeKey=true keyTab=\"/k.keytab\" principal=\"hw@EXAMPLE.COM\";\n",
     "protocol: SASL_SSL\nmechanism: GSSAPI\nkerberos: {keytab: \"/k.keytab\", principal: "
     "\"hw@EXAMPLE.COM\", service: \"broker\"}\n"},
    {"kerberos_with_a_cache",
     "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=GSSAPI\nsasl.kerberos.service.name=kafka\n"
     "sasl.jaas.config=Krb5LoginModule required useTicketCache=true ticketCache=\"/run/cc\";\n",
     "protocol: SASL_PLAINTEXT\nmechanism: GSSAPI\nkerberos: {cache: \"FILE:/run/cc\", service: "
     "\"kafka\"}\n"},
    {"aws",
     "security.protocol=SASL_SSL\nsasl.mechanism=AWS_MSK_IAM\n"
     "sasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required "
     "awsProfileName=\"ops\";\nsasl.client.callback.handler.class="
     "software.amazon.msk.auth.iam.IAMClientCallbackHandler\n",
     "protocol: SASL_SSL\nmechanism: AWS_MSK_IAM\naws: {profile: \"ops\"}\n"},
};

TEST(ClientProperties, BecomeSecuritySettingsThatCheckAccepts) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    const Imported imported =
        import(fmt::format("bootstrap.servers=a:9092, SSL://b:9093\n{}", row.properties));
    EXPECT_EQ(security_of(imported.yaml), row.security);
    EXPECT_THAT(imported.yaml, HasSubstr("    bootstrap: [\"a:9092\", \"b:9093\"]\n"));
    EXPECT_THAT(imported.losses, IsEmpty());
    EXPECT_THAT(imported.wrong, IsEmpty());
  }
}

struct LossRow {
  const char* properties;
  const char* loss;
};

TEST(ClientProperties, WhatIsLostIsSaidWithItsLineAndWhatToDo) {
  const LossRow rows[] = {
      {"security.protocol=SSL\nssl.truststore.location=/t.jks\n",
       "3: ssl.truststore.location: 'ca' is a file of certificates in PEM: make it by `keytool "
       "-exportcert -rfc -alias ALIAS -keystore /t.jks -file ca.pem` and set ca: ca.pem, or leave "
       "it out where the system trusts the brokers' authority"},
      {"security.protocol=SSL\nssl.keystore.location=/k.jks\nssl.keystore.password="
       "s3cr3t-of-theirs\n",
       "3: ssl.keystore.location: a JKS is read by Java alone: make it a PKCS#12 by `keytool "
       "-importkeystore -srckeystore /k.jks -destkeystore client.p12 -deststoretype PKCS12` and "
       "set certificate: {keystore: client.p12, password: ...}"},
      {"security.protocol=SSL\nssl.cipher.suites=TLS_AES_128_GCM_SHA256\n",
       "3: ssl.cipher.suites: it has no counterpart"},
      {"security.protocol=SSL\nssl.enabled.protocols=TLSv1.1,TLSv1.2\n",
       "3: ssl.enabled.protocols: TLS 1.2 and 1.3 are spoken, nothing older"},
      {"security.protocol=SSL\nssl.truststore.certificates=-----BEGIN...\n",
       "3: ssl.truststore.certificates: it is not written into a configuration: write it "
       "into a file, and name that as 'ca'"},
      {"security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-256\nsasl.jaas.config=S required "
       "username=a password=s3cr3t-of-theirs tokenauth=true;\n",
       "4: sasl.jaas.config: 'tokenauth' has no counterpart"},
      {"security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=a\n"
       "sasl.password=${file:/etc/kafka.secrets:password}\n",
       "5: sasl.password: its value comes from a provider of Java's configuration: set "
       "KAFKA_PASSWORD"},
      {"client.dns.lookup=resolve_canonical_bootstrap_servers_only\n",
       "2: client.dns.lookup: it has no counterpart"},
  };
  for (const LossRow& row : rows) {
    const Imported imported = import(fmt::format("bootstrap.servers=a:9092\n{}", row.properties));
    EXPECT_THAT(imported.losses, ElementsAre(row.loss)) << row.properties;
    EXPECT_THAT(imported.yaml, HasSubstr("# Not taken over, or not exactly:\n#   line "));
    EXPECT_THAT(imported.wrong, IsEmpty());
  }
}

TEST(ClientProperties, WhatAMonitorDoesNotNeedIsNoLoss) {
  const Imported imported = import(
      "bootstrap.servers=a:9092\nacks=all\ngroup.id=x\nsasl.mechanism=PLAIN\n"
      "ssl.truststore.location=/t\n");
  EXPECT_THAT(imported.losses, IsEmpty());
  EXPECT_THAT(imported.yaml, HasSubstr("# Of no use to a monitor: acks, group.id\n"));
  EXPECT_THAT(imported.yaml, HasSubstr("# Without effect with this security.protocol: "
                                       "sasl.mechanism, ssl.truststore.location\n"));
}

TEST(ClientProperties, BrokersThatAreNotInItAreToBeWritten) {
  const Imported imported = import("security.protocol=SSL\n");
  EXPECT_THAT(
      imported.losses,
      ElementsAre("1: bootstrap.servers: it is not there: write the addresses of some brokers "
                  "in place of BROKER:9092"));
}

TEST(ClientProperties, AFileOfSomethingElseIsRefused) {
  EXPECT_EQ(import_client_properties("a: 1\nb: 2\n", "x.yaml").error().message,
            "x.yaml says nothing of how to connect: no bootstrap.servers, security.protocol, ssl.* "
            "or sasl.*");
}

TEST(ClientProperties, NamesCannotBreakOutOfTheirLines) {
  const Imported imported = import(
      "bootstrap.servers=a:9092\nsecurity.protocol=SASL_SSL\nsasl.mechanism=PLAIN\n"
      "sasl.username=\"\\n  evil: {\\u0000}\nsasl.password=x\nevil\\nkey=1\n");
  EXPECT_THAT(security_of(imported.yaml), HasSubstr("username: \"\\\"\\n  evil: {\\x00}\"\n"));
  EXPECT_THAT(imported.yaml, HasSubstr("# Of no use to a monitor: evil key\n"));
}

}  // namespace
}  // namespace highwater::agent
