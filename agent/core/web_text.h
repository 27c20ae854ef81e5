// What addresses and requests over HTTP are made of. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace highwater {

// "kafka-1:9092", "[::1]:9092"
[[nodiscard]] std::string host_and_port(std::string_view host, int64_t port);

// RFC 3986: letters, digits and "-._~" as they are, every other byte as "%2F".
[[nodiscard]] std::string percent_encoded(std::string_view text);

// The Authorization header of basic authentication.
[[nodiscard]] std::string basic_authorization(std::string_view user, std::string_view password);

}  // namespace highwater
