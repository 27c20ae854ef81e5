// GSSAPI: the login by Kerberos (RFC 4752), with MIT's library. Used by Login, on its worker's
// thread: a step may ask a KDC.
#pragma once

#include <memory>
#include <string>

#include "collectors/kafka/login/sasl.h"
#include "collectors/kafka/login/security.h"

namespace highwater::kafka {

// `host` is the broker's, as it is connected to: its principal is "service/host", which no name
// server is asked to make longer or other. `cache` names a cache of tickets of the process, for
// tickets got by a keytab: "MEMORY:prod".
[[nodiscard]] std::unique_ptr<SaslExchange> make_gssapi(KerberosSettings settings, std::string host,
                                                        std::string cache);

// Of a cache of the process: what is asked for next comes from a KDC. For tickets that a broker
// refused.
void forget_tickets(const std::string& cache);

}  // namespace highwater::kafka
