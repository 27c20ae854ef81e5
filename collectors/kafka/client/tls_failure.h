// What went wrong in a TLS handshake, or ended a TLS connection, as a sentence with its remedy.
// Used by Transport, on the cluster's thread.
#pragma once

#include <openssl/ssl.h>

#include <system_error>

#include "agent/core/time.h"
#include "collectors/kafka/client/failure.h"

namespace highwater::kafka {

// Of the handshake. `error` is what the handshake ended with. untrusted: we do not accept the
// broker's certificate. credentials: it does not accept ours. malformed: it does not speak TLS as
// we do. lost: the connection ended.
[[nodiscard]] Failure handshake_failure(const SSL* ssl, const std::error_code& error, WallTime now);

// Of a connection afterwards, when a read or a write failed. With TLS 1.3 that is where a broker
// says that it does not accept our certificate. `answered`: whether anything was read before.
[[nodiscard]] Failure stream_failure(const SSL* ssl, const std::error_code& error, bool answered);

}  // namespace highwater::kafka
