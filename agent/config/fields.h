// Readers of values that several sections of the configuration have. Each says what is wrong in the
// map's diagnostics and then leaves things as they are. Main's thread.
#pragma once

#include <string>
#include <vector>

#include "agent/core/pattern.h"
#include "agent/core/yaml.h"
#include "exporters/http/client.h"

namespace highwater::agent {

void read_duration(YamlMap& map, const std::string& key, Duration lowest, Duration highest,
                   Duration& into);
// As a path that begins at `file`'s folder when it is relative.
std::string from_folder_of(const std::string& file, const std::string& path);
void read_patterns(YamlMap& map, const std::string& key, std::vector<Pattern>& into);
// `ca_file`, `verify`, `certificate` and `key`; relative paths begin at `file`'s folder.
http::TlsOptions read_tls(YamlMap& map, const std::string& file);
// An absolute http or https URL; whatever it is comes back.
std::string check_url(YamlMap& map, const std::string& key, const std::string& url);

}  // namespace highwater::agent
