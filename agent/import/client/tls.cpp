#include <fmt/format.h>

#include "agent/import/client/known_properties.h"
#include "agent/import/client/reading.h"
#include "agent/import/yaml_text.h"

namespace highwater::agent::client {
namespace {

void lose_what_is_inline(Reading& reading, std::initializer_list<std::string_view> keys,
                         const char* name_as) {
  for (const std::string_view key : keys) {
    if (reading.take(key))
      reading.lose(key, fmt::format("it is not written into a configuration: write it into a file, "
                                    "and name that as {}",
                                    name_as));
  }
}

void read_authorities(Reading& reading, Settings& security) {
  lose_what_is_inline(reading, {"ssl.truststore.certificates", "ssl.ca.pem"}, "'ca'");
  const std::string type = upper(reading.take("ssl.truststore.type").value_or("JKS"));
  (void)reading.take("ssl.truststore.password");
  // librdkafka looks for the system's where it says "probe".
  if (const auto file = reading.take("ssl.ca.location"); file && *file != "probe")
    security.emplace_back("ca", quoted(*file));
  const auto store = reading.take("ssl.truststore.location");
  if (!store) return;
  if (type == "PEM")
    security.emplace_back("ca", quoted(*store));
  else
    reading.lose(
        "ssl.truststore.location",
        fmt::format("'ca' is a file of certificates in PEM: make it by `keytool -exportcert -rfc "
                    "-alias ALIAS -keystore {} -file ca.pem` and set ca: ca.pem, or leave it out "
                    "where the system trusts the brokers' authority",
                    one_line(*store)));
}

void add_pem(Reading& reading, const std::string& file, Settings& security) {
  security.emplace_back("certificate", quoted(file));
  if (const auto key = reading.take("ssl.key.location")) security.emplace_back("key", quoted(*key));
  if (const auto password = reading.take("ssl.key.password"))
    security.emplace_back("key_password",
                          reading.secret("ssl.key.password", *password, "KAFKA_KEY_PASSWORD"));
}

void read_certificate(Reading& reading, Settings& security) {
  lose_what_is_inline(
      reading,
      {"ssl.keystore.certificate.chain", "ssl.keystore.key", "ssl.certificate.pem", "ssl.key.pem"},
      "'certificate' or 'key'");
  const auto type = reading.take("ssl.keystore.type");
  const auto password = reading.take("ssl.keystore.password");
  const auto store = reading.take("ssl.keystore.location");
  if (const auto certificate = reading.take("ssl.certificate.location"))
    return add_pem(reading, *certificate, security);
  if (!store) return;
  const bool named_so = store->ends_with(".p12") || store->ends_with(".pfx");
  const std::string kind = upper(type.value_or(named_so ? "PKCS12" : "JKS"));
  if (kind == "PEM") return add_pem(reading, *store, security);
  // The key inside has the store's password, or it cannot be read.
  (void)reading.take("ssl.key.password");
  if (kind == "PKCS12") {
    Settings keystore{{"keystore", quoted(*store)}};
    if (password)
      keystore.emplace_back("password", reading.secret("ssl.keystore.password", *password,
                                                       "KAFKA_KEYSTORE_PASSWORD"));
    security.emplace_back("certificate", flow_map(keystore));
  } else {
    reading.lose("ssl.keystore.location",
                 fmt::format("a JKS is read by Java alone: make it a PKCS#12 by `keytool "
                             "-importkeystore -srckeystore {} -destkeystore client.p12 "
                             "-deststoretype PKCS12` and set certificate: {{keystore: client.p12, "
                             "password: ...}}",
                             one_line(*store)));
  }
}

void read_verification(Reading& reading, Settings& security) {
  const bool there = reading.find("ssl.endpoint.identification.algorithm") != nullptr;
  const std::string algorithm =
      upper(reading.take("ssl.endpoint.identification.algorithm").value_or(""));
  const auto verified = reading.take("enable.ssl.certificate.verification");
  if (verified && upper(*verified) == "FALSE")
    security.emplace_back("verify", "none");
  else if (there && (algorithm.empty() || algorithm == "NONE"))
    security.emplace_back("verify", "ca");
}

void read_versions(Reading& reading) {
  for (const std::string_view key : {"ssl.protocol", "ssl.enabled.protocols"}) {
    const auto versions = reading.take(key);
    if (versions && (versions->find("TLSv1.1") != std::string::npos ||
                     versions->find("SSLv") != std::string::npos || *versions == "TLSv1"))
      reading.lose(key, "TLS 1.2 and 1.3 are spoken, nothing older");
  }
}

}  // namespace

void read_tls(Reading& reading, Settings& security) {
  read_authorities(reading, security);
  read_certificate(reading, security);
  read_verification(reading, security);
  read_versions(reading);
}

}  // namespace highwater::agent::client
