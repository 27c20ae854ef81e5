// What `web_config` makes of the agent's own server: certificates and tokens read, each mistake and
// each danger named. Used by `run`, a reload and `check`, so that what one refuses the others
// refuse.
#pragma once

#include <optional>
#include <string>

#include "agent/core/diagnostic.h"
#include "agent/core/time.h"
#include "exporters/http/access/access_policy.h"
#include "exporters/http/address.h"

namespace highwater::agent {

struct WebAccess {
  http::AccessPolicyPtr policy;
  Diagnostics warnings;

  // When the server's own certificate ends; nothing without TLS.
  [[nodiscard]] std::optional<WallTime> certificate_expiry() const;
};

// `file`: of `web_config`; empty: everybody is let in, by plain HTTP. `listen` and `now` are what
// warnings go by. Nothing when there are mistakes, which are in the diagnostics.
[[nodiscard]] std::optional<WebAccess> load_web_access(const std::string& file,
                                                       const http::ListenAddress& listen,
                                                       WallTime now, Diagnostics& diagnostics);

// What stands in the file and in those that it names, as one text that is another one after any
// change. A file that cannot be read counts as well.
[[nodiscard]] std::string digest_of_web_files(const std::string& file);

}  // namespace highwater::agent
