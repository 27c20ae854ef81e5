// How a client proves to a token server who it is without a shared secret: private_key_jwt of
// OpenID Connect, RFC 7523 section 2.2. Called on the thread of a Login's worker.
#pragma once

#include <string>

#include "agent/core/result.h"
#include "agent/core/time.h"

namespace highwater::kafka {

// The values of client_assertion_type and client_assertion.
inline constexpr const char* kAssertionType =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

// A JWT about `client_id` for `audience`, valid for a minute, signed with the key in `key_file`: an
// unencrypted private key as PEM, RSA of 2,048 bits or more (RS256) or on the curve P-256 (ES256).
// The file is read each time, so that a new key needs no restart. `key_id` ("": none) tells the
// server which of its public keys belongs to it. The error names the file, never what is in it.
[[nodiscard]] Result<std::string> client_assertion(const std::string& key_file,
                                                   const std::string& key_id,
                                                   const std::string& client_id,
                                                   const std::string& audience, WallTime now);

}  // namespace highwater::kafka
