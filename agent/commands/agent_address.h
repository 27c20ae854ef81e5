// Where the running agent is that `status`, `explain`, `incidents` and the others ask, and how it
// is reached. Main's thread.
#pragma once

#include <string>

#include "agent/commands/commands.h"
#include "agent/core/result.h"
#include "exporters/http/client.h"

namespace highwater::agent {

struct AgentAddress {
  std::string url;
  http::TlsOptions tls;
  std::string authorization;  // the value of that header, a secret; empty: no login
};

// The URL is the option's; else HIGHWATER_URL; else made of `listen` and `web_config` of the
// configuration, which is the one given or, when there is one, that of find_config(); else
// http://127.0.0.1:9877. Of the configuration no more is read: mistakes elsewhere do not keep
// anybody from asking.
//
// Authorities, certificate and login are those of the options, else of HIGHWATER_CA,
// HIGHWATER_CERT and HIGHWATER_LOGIN. An agent that was found by its configuration is known
// by its own certificate, and logged in to with a token of its file, as far as this user can read
// them.
//
// Fails when a file that was given cannot be read.
[[nodiscard]] Result<AgentAddress> agent_address(const AgentOptions& options);

}  // namespace highwater::agent
