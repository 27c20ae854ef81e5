// SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677) as a client. Used by Login, on its worker's
// thread.
//
// The password is hashed as often as the broker says, within bounds: fewer iterations than 4,096
// would betray it, more than a million would burn our CPU. Password and user are sent and hashed as
// the bytes of their UTF-8, as Kafka's own client and brokers do (no SASLprep).
#pragma once

#include <memory>
#include <string>

#include "collectors/kafka/login/sasl.h"

namespace highwater::kafka {

// The hashed password of the last login: the next one with the same salt needs no hashing. Shared
// by the logins of a cluster; on one thread.
struct ScramMemory {
  std::string of;      // mechanism, salt, iterations and a fingerprint of the password
  std::string salted;  // what the hashing gave
};

// `nonce` is for tests; "": a random one.
[[nodiscard]] std::unique_ptr<SaslExchange> make_scram(Mechanism mechanism, std::string username,
                                                       std::string password,
                                                       std::shared_ptr<ScramMemory> memory,
                                                       std::string nonce = "");

}  // namespace highwater::kafka
