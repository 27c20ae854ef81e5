// How the canary's client library is told what `security:` of its cluster says. The agent's side:
// it reads the secrets, and hands them to the probe's process on its standard input. Any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/core/result.h"
#include "collectors/kafka/login/security.h"

namespace highwater::canary {

// Names and values of librdkafka's settings.
using ClientProperties = std::vector<std::pair<std::string, std::string>>;

// The error names the secret that cannot be read.
[[nodiscard]] Result<ClientProperties> client_properties(const kafka::SecuritySettings& security);

// What of the settings that library cannot do, and what to do; "" when it can do all.
[[nodiscard]] std::string not_spoken(const kafka::SecuritySettings& security);

// What it can do with older brokers alone; "" when there is nothing of the kind. `library` is its
// version: "2.0.2".
[[nodiscard]] std::string spoken_in_part(const kafka::SecuritySettings& security,
                                         const std::string& library);
// The version that the probe was built with.
[[nodiscard]] std::string library_version();

}  // namespace highwater::canary
