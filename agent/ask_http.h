// How Kafka logins ask token servers and Amazon's services: the client that also pushes, behind the
// port that the logins ask for. Called on the logins' threads.
#pragma once

#include "collectors/http_question.h"

namespace highwater::agent {

[[nodiscard]] AskHttp make_ask_http();

}  // namespace highwater::agent
