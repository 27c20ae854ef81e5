// `security:` of a cluster: how its connections are encrypted and who logs in. Main's thread.
#pragma once

#include <string>

#include "agent/config/config.h"
#include "agent/core/yaml.h"
#include "collectors/kafka/login/security.h"

namespace highwater::agent {

// Relative paths begin at the folder of `file`. A mistake is said, and whatever was read comes
// back.
[[nodiscard]] kafka::SecuritySettings read_security(const YamlNode& node, const std::string& file,
                                                    Config& config, Diagnostics& diagnostics);

}  // namespace highwater::agent
