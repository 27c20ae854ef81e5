// The Authorization header of HTTP's basic authentication. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace highwater::agent {

[[nodiscard]] std::string basic_authorization(std::string_view user, std::string_view password);

}  // namespace highwater::agent
