// Where the running agent is that `status`, `explain` and `incidents` ask. Main's thread.
#pragma once

#include <string>

#include "agent/core/result.h"

namespace highwater::agent {

// `url` when it is given; else HIGHWATER_URL; else `listen` of the configuration, which is the one
// given or, when there is one, that of find_config(); else http://127.0.0.1:9877. Of the
// configuration only `listen` is read: mistakes elsewhere do not keep anybody from asking. Fails
// when a configuration that was given cannot be read.
[[nodiscard]] Result<std::string> agent_address(const std::string& url, const std::string& config);

}  // namespace highwater::agent
