// Under which names the agent is reached, and whether people can follow the links of notifications:
// a note of `highwater check`. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"

namespace highwater::agent {

// The names in `Host` under which the agent answers on loopback: of its configuration, beside
// localhost and addresses in digits.
[[nodiscard]] std::vector<std::string> own_names(const Config& config);

// Only the own machine reaches it: "localhost", 127.0.0.0/8, ::1. The host without brackets.
[[nodiscard]] bool is_loopback(std::string_view host);

// What to say of an external_url that is a loopback address while receivers are on other machines;
// empty when there is nothing to say.
[[nodiscard]] std::string unreachable_links(const Config& config);

}  // namespace highwater::agent
