// `measures:` of the configuration: what of the sources' pages becomes a measure. Main's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/core/yaml.h"
#include "collectors/sources/mapping.h"

namespace highwater::agent {

struct ConfiguredSources {
  std::vector<sources::SourceSettings> settings;
  std::vector<bool> has_format;       // by source: it says so itself
  std::vector<std::string> clusters;  // all that are watched
};

struct ConfiguredMeasures {
  std::vector<const Measure*> measures;  // each once
  std::vector<sources::Mapping> mappings;
};

// Sources without a format get that of their first measure. Mistakes are diagnostics with advice.
[[nodiscard]] ConfiguredMeasures read_measures(const YamlNode& node, ConfiguredSources& sources,
                                               const std::string& file, Diagnostics& diagnostics);

// One entry of the list; nothing after a mistake. `others` are the measures declared before it.
[[nodiscard]] std::optional<sources::Mapping> read_measure(
    const YamlNode& node, const std::vector<const Measure*>& others, ConfiguredSources& sources,
    const std::string& file, Diagnostics& diagnostics);

}  // namespace highwater::agent
