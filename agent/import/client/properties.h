// Files of Java's Properties, and what Kafka's clients have inside of them. Used by the import
// command; pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/result.h"

namespace highwater::agent::client {

struct Property {
  int line = 0;  // where it begins
  std::string key;
  std::string value;
};

// As java.util.Properties reads them: '#' and '!' begin comments; '=', ':' or blanks end a key; a
// line that ends with a backslash goes on in the next. Of a key that is there twice the last one
// is left. Bounded: 2,000 properties. The error says the line.
[[nodiscard]] Result<std::vector<Property>> read_properties(std::string_view text);

// An entry of sasl.jaas.config.
struct JaasEntry {
  std::string module;  // the class of the login module, without its package
  std::vector<std::pair<std::string, std::string>> options;
};
// "package.Module required key=\"value\" ...;". More than one entry is an error, as it is in
// Kafka's clients.
[[nodiscard]] Result<JaasEntry> read_jaas(std::string_view text);

}  // namespace highwater::agent::client
