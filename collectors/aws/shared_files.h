// The files that Amazon's tools share: ~/.aws/credentials and ~/.aws/config. Any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "agent/core/result.h"

namespace highwater::aws {

using Profile = std::map<std::string, std::string, std::less<>>;
using Profiles = std::map<std::string, Profile, std::less<>>;

// "[name]" or, in the config file, "[profile name]"; then "key = value". Comments begin with # or
// ;. Indented lines belong to nested settings, which are left out.
[[nodiscard]] Profiles parse_profiles(std::string_view text);

// Both files together; what stands in both is taken from `credentials`. A file that is missing is
// no error, one that cannot be read is.
[[nodiscard]] Result<Profiles> read_profiles(const std::string& credentials,
                                             const std::string& config);

}  // namespace highwater::aws
