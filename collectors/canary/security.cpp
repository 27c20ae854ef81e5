#include "collectors/canary/security.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>

namespace highwater::canary {
namespace {

using kafka::KerberosSettings;
using kafka::Mechanism;
using kafka::SaslSettings;
using kafka::SecuritySettings;
using kafka::TlsSettings;
using kafka::VerifyBroker;

// Before it the nonce of SCRAM was doubled, which Kafka refuses since 4.0.
constexpr std::array kScramRepaired{2, 6, 1};

std::array<int, 3> parts_of(const std::string& version) {
  std::array<int, 3> parts{};
  std::sscanf(version.c_str(), "%d.%d.%d", &parts[0], &parts[1], &parts[2]);
  return parts;
}

bool is_scram(Mechanism mechanism) {
  return mechanism == Mechanism::scram_sha_256 || mechanism == Mechanism::scram_sha_512;
}

std::string_view protocol_of(const SecuritySettings& security) {
  if (security.sasl) return security.tls ? "SASL_SSL" : "SASL_PLAINTEXT";
  return security.tls ? "SSL" : "PLAINTEXT";
}

Result<void> add_secret(ClientProperties& properties, const char* name, const Secret& secret) {
  auto text = secret.value();
  if (!text) return fail(text.error().message);
  if (!text->empty()) properties.emplace_back(name, std::move(*text));
  return {};
}

Result<void> add_tls(ClientProperties& properties, const TlsSettings& tls) {
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) properties.emplace_back(name, value);
  };
  add("ssl.ca.location", tls.ca);
  add("ssl.certificate.location", tls.certificate);
  add("ssl.key.location", tls.key.empty() ? tls.certificate : tls.key);
  add("ssl.keystore.location", tls.keystore);
  add("ssl.endpoint.identification.algorithm", tls.verify == VerifyBroker::full ? "https" : "none");
  if (tls.verify == VerifyBroker::nothing) add("enable.ssl.certificate.verification", "false");
  if (auto added = add_secret(properties, "ssl.key.password", tls.key_password); !added)
    return added;
  return add_secret(properties, "ssl.keystore.password", tls.keystore_password);
}

Result<void> add_login(ClientProperties& properties, const SaslSettings& sasl) {
  properties.emplace_back("sasl.mechanism", mechanism_name(sasl.mechanism));
  if (sasl.mechanism == Mechanism::gssapi) {
    const KerberosSettings& kerberos = sasl.kerberos;
    properties.emplace_back("sasl.kerberos.service.name", kerberos.service);
    if (!kerberos.keytab.empty()) properties.emplace_back("sasl.kerberos.keytab", kerberos.keytab);
    if (!kerberos.principal.empty())
      properties.emplace_back("sasl.kerberos.principal", kerberos.principal);
    return {};
  }
  properties.emplace_back("sasl.username", sasl.username);
  return add_secret(properties, "sasl.password", sasl.password);
}

}  // namespace

Result<ClientProperties> client_properties(const SecuritySettings& security) {
  ClientProperties properties{{"security.protocol", std::string(protocol_of(security))}};
  Result<void> added;
  if (security.tls) added = add_tls(properties, *security.tls);
  if (added && security.sasl) added = add_login(properties, *security.sasl);
  if (!added) return fail(added.error().message);
  return properties;
}

std::string not_spoken(const SecuritySettings& security) {
  if (security.sasl && kafka::wire_name(security.sasl->mechanism) == "OAUTHBEARER")
    return fmt::format(
        "the canary cannot log in by {}: give it a cluster entry of its own with "
        "another listener, or leave it out",
        mechanism_name(security.sasl->mechanism));
  if (security.tls && !security.tls->server_name.empty() &&
      security.tls->verify == VerifyBroker::full)
    return "the canary can verify a broker by the host it connects to alone, and not by "
           "`server_name`: leave it out, or set `verify: ca`";
  return "";
}

std::string spoken_in_part(const SecuritySettings& security, const std::string& library) {
  const bool repaired = parts_of(library) >= kScramRepaired;
  if (!security.sasl || !is_scram(security.sasl->mechanism) || repaired) return "";
  return fmt::format(
      "the canary was built with librdkafka {}, which cannot log in by SCRAM to Kafka "
      "4.0 and newer; 2.6.1 and newer can",
      library);
}

std::string library_version() {
  return HIGHWATER_RDKAFKA_VERSION;
}

}  // namespace highwater::canary
