// The properties of a Kafka client, Java's or librdkafka's, as `clusters:` of a configuration of
// ours. Used by the import command; pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "agent/import/fields.h"

namespace highwater::agent {

struct ImportedClient {
  std::string yaml;          // without any secret: those are named as variables of the environment
  std::vector<Loss> losses;  // by their lines
};

// An error when it is no such file, or says nothing of how to connect.
[[nodiscard]] Result<ImportedClient> import_client_properties(std::string_view text,
                                                              const std::string& file);

}  // namespace highwater::agent
