// What the canary's client library is told of a cluster's security.
#include "collectors/canary/security.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/canary/report.h"

namespace highwater::canary {
namespace {

using kafka::Mechanism;
using kafka::SaslSettings;
using kafka::SecuritySettings;
using kafka::TlsSettings;
using kafka::VerifyBroker;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

SecuritySettings with_login(Mechanism mechanism) {
  SecuritySettings security;
  security.sasl.emplace();
  security.sasl->mechanism = mechanism;
  security.sasl->username = "highwater";
  security.sasl->password = Secret("s3cret");
  return security;
}

TEST(CanarySecurity, IsPlaintextWithoutAny) {
  EXPECT_THAT(client_properties({}).value(), ElementsAre(Pair("security.protocol", "PLAINTEXT")));
}

TEST(CanarySecurity, OfTlsWithACertificate) {
  SecuritySettings security;
  security.tls.emplace();
  security.tls->ca = "/ca.pem";
  security.tls->certificate = "/own.pem";
  security.tls->key_password = Secret("keypass");
  EXPECT_THAT(client_properties(security).value(),
              ElementsAre(Pair("security.protocol", "SSL"), Pair("ssl.ca.location", "/ca.pem"),
                          Pair("ssl.certificate.location", "/own.pem"),
                          Pair("ssl.key.location", "/own.pem"),
                          Pair("ssl.endpoint.identification.algorithm", "https"),
                          Pair("ssl.key.password", "keypass")));
}

TEST(CanarySecurity, OfALoginWithoutVerification) {
  SecuritySettings security = with_login(Mechanism::scram_sha_512);
  security.tls.emplace();
  security.tls->verify = VerifyBroker::nothing;
  EXPECT_THAT(client_properties(security).value(),
              ElementsAre(Pair("security.protocol", "SASL_SSL"),
                          Pair("ssl.endpoint.identification.algorithm", "none"),
                          Pair("enable.ssl.certificate.verification", "false"),
                          Pair("sasl.mechanism", "SCRAM-SHA-512"),
                          Pair("sasl.username", "highwater"), Pair("sasl.password", "s3cret")));
}

TEST(CanarySecurity, NamesASecretThatCannotBeRead) {
  SecuritySettings security = with_login(Mechanism::plain);
  security.sasl->password = Secret::in_file("/nonexistent/password");
  const auto properties = client_properties(security);
  ASSERT_FALSE(properties);
  EXPECT_THAT(properties.error().message, HasSubstr("/nonexistent/password"));
}

TEST(CanarySecurity, SaysWhatTheLibraryCannotDo) {
  EXPECT_EQ(not_spoken(with_login(Mechanism::plain)), "");
  EXPECT_THAT(not_spoken(with_login(Mechanism::oauthbearer)), HasSubstr("OAUTHBEARER"));
  SecuritySettings named;
  named.tls.emplace();
  named.tls->server_name = "kafka.internal";
  EXPECT_THAT(not_spoken(named), HasSubstr("`server_name`"));
  named.tls->verify = VerifyBroker::authority;
  EXPECT_EQ(not_spoken(named), "");
}

TEST(CanarySecurity, WarnsOfScramWithAnOldLibraryAlone) {
  const SecuritySettings scram = with_login(Mechanism::scram_sha_256);
  EXPECT_THAT(spoken_in_part(scram, "2.0.2"), HasSubstr("librdkafka 2.0.2"));
  EXPECT_THAT(spoken_in_part(scram, "2.6.0"), HasSubstr("Kafka 4.0 and newer"));
  EXPECT_EQ(spoken_in_part(scram, "2.6.1"), "");
  EXPECT_EQ(spoken_in_part(scram, "2.16.0"), "");
  EXPECT_EQ(spoken_in_part(with_login(Mechanism::plain), "2.0.2"), "");
  EXPECT_THAT(library_version(), HasSubstr("."));
}

TEST(CanarySecurity, ReachesTheProbeWithItsSettings) {
  ProbeSettings settings;
  settings.servers = "k:1";
  settings.properties = client_properties(with_login(Mechanism::plain)).value();
  const auto read = read_settings(write_settings(settings));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->properties, settings.properties);
}

}  // namespace
}  // namespace highwater::canary
