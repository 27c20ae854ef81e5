// Fuzz target for files of other programs that become a configuration:  import_fuzz FOLDER
// -max_total_time=600
//
// Properties of a Kafka client, or the configuration of an Alertmanager. What is written has no
// secret of theirs and is YAML, whatever names were read.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "agent/core/yaml.h"
#include "agent/import/alertmanager/alertmanager.h"
#include "agent/import/client/client_properties.h"

namespace highwater::agent {
namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

void require_yaml(const std::string& text) {
  Diagnostics diagnostics;
  require(parse_yaml(text, "the output", diagnostics).has_value() && diagnostics.empty());
}

void check_properties(std::string_view input) {
  const auto import = import_client_properties(input, "client.properties");
  if (import) require_yaml(import->yaml);
  const auto with_secret = import_client_properties(
      "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.password=s3cr3t-of-theirs\n" +
          std::string(input),
      "client.properties");
  if (with_secret && input.find("s3cr3t") == std::string_view::npos)
    require(with_secret->yaml.find("s3cr3t-of-theirs") == std::string::npos);
}

void check_alertmanager(std::string_view input) {
  const alertmanager::KnownNames known{default_severities(), {"severity", "topic"}, {}};
  Diagnostics diagnostics;
  const auto import = import_alertmanager(input, "alertmanager.yml", known, diagnostics);
  require(import.has_value() == diagnostics.empty());
  if (import) require_yaml(import->yaml);
}

}  // namespace
}  // namespace highwater::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  if (input.front() == 'p')
    highwater::agent::check_properties(input.substr(1));
  else
    highwater::agent::check_alertmanager(input.substr(1));
  return 0;
}
