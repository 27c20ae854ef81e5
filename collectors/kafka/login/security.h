// How a cluster's connections are secured: what `security:` of its configuration says. Plain
// values, made once by the configuration; any thread.
//
// Files are named here and read where they are used, so that renewed ones need no restart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/secret.h"

namespace highwater::kafka {

// What of a broker's certificate is verified.
enum class VerifyBroker : uint8_t {
  full,       // its chain and its name
  authority,  // its chain alone
  nothing,
};

struct TlsSettings {
  std::string ca;           // PEM; "": the system's certificate authorities
  std::string certificate;  // PEM, ours with its chain; "": none, or in `keystore`
  std::string key;          // PEM; "": in the same file as the certificate
  Secret key_password;
  std::string keystore;  // PKCS#12 with certificate, chain and key, in place of the three above
  Secret keystore_password;
  VerifyBroker verify = VerifyBroker::full;
  std::string server_name;  // for SNI and the verification; "": the host that is connected to
};

enum class Mechanism : uint8_t {
  plain,
  scram_sha_256,
  scram_sha_512,
  oauthbearer,
  gssapi,
  aws_msk_iam
};
// As Kafka names it: "SCRAM-SHA-256".
[[nodiscard]] std::string_view mechanism_name(Mechanism mechanism);
// As the brokers know it: AWS_MSK_IAM is OAUTHBEARER with tokens of its own.
[[nodiscard]] std::string_view wire_name(Mechanism mechanism);

// Where the tokens of OAUTHBEARER come from: a file, or a token server (client credentials).
struct OauthSettings {
  std::string token_file;
  std::string token_url;  // absolute, http or https; "": the file
  std::string client_id;
  Secret client_secret;
  std::string assertion_key;       // a file: it signs who we are, in place of the secret
  std::string assertion_key_id;    // "kid" of what it signs; "": not sent
  std::string assertion_audience;  // whom it is for; "": the token server's address
  std::string scope;               // "": not sent
  std::string audience;            // likewise
  std::string ca_file;             // of the token server, PEM; "": the system's
  std::vector<std::pair<std::string, std::string>> extensions;  // sent to the broker with the token
};

// By whose tickets GSSAPI logs in. Without keytab and cache: those of the environment, as `kinit`
// leaves them.
struct KerberosSettings {
  std::string keytab;     // a file; tickets are got by it, and renewed
  std::string principal;  // "highwater@EXAMPLE.COM"; "": the first of the keytab, or the cache's
  std::string cache;      // "FILE:/run/krb5cc"; in place of a keytab
  std::string service = "kafka";  // of the brokers' principals: "kafka/kafka-1.example.com"
};

// Whose tokens AWS_MSK_IAM logs in by; see collectors/aws/credentials.h for what is left out.
struct AwsSettings {
  std::string region;    // "": of the broker's name, or the environment's
  std::string profile;   // of the shared files
  std::string role_arn;  // to assume with what was found
};

struct SaslSettings {
  Mechanism mechanism = Mechanism::plain;
  std::string username;  // of PLAIN and SCRAM
  Secret password;
  OauthSettings oauth;
  KerberosSettings kerberos;
  AwsSettings aws;
};

struct SecuritySettings {
  std::optional<TlsSettings> tls;    // nothing: no encryption
  std::optional<SaslSettings> sasl;  // nothing: no login
};

}  // namespace highwater::kafka
