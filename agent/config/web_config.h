// The file that `web_config` names: how the agent's own server is reached. It has the form of
// Prometheus' exporters (exporter-toolkit), so that one made for them does, and beside it `tokens`
// and `write_users`. Read at the start, and again when it changes; also by commands that ask the
// agent.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/diagnostic.h"
#include "agent/core/secret.h"
#include "exporters/http/access/logins.h"
#include "exporters/http/access/server_tls.h"

namespace highwater::agent {

struct WebToken {
  std::string name;
  http::Role role = http::Role::read;
  Secret secret;
};

struct WebConfig {
  std::string file;
  std::optional<http::ServerTlsSettings> tls;  // nothing: plain HTTP
  std::vector<http::UserLogin> users;
  std::vector<WebToken> tokens;
  Diagnostics warnings;  // what has no effect here
};

// As far as it can be read; every mistake is in the diagnostics. Nothing when it is no YAML map.
// Neither certificates nor the files of tokens are opened.
[[nodiscard]] std::optional<WebConfig> read_web_config(const std::string& file,
                                                       Diagnostics& diagnostics);
// The same from a text; relative paths begin at the file's folder.
[[nodiscard]] std::optional<WebConfig> parse_web_config(std::string_view text,
                                                        const std::string& file,
                                                        Diagnostics& diagnostics);

}  // namespace highwater::agent
