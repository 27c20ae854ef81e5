// How Kafka logins get a token of OAUTHBEARER over HTTP: the client that also pushes, behind the port
// that the logins ask for. Called on the logins' threads.
#pragma once

#include "collectors/kafka/oauth_tokens.h"

namespace highwater::agent {

[[nodiscard]] kafka::PostTokenRequest make_token_request();

}  // namespace highwater::agent
