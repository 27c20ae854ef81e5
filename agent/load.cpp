#include "agent/load.h"

#include <algorithm>

#include "agent/agent.h"

namespace highwater::agent {

std::optional<Loaded> load(const Config& config, Diagnostics& diagnostics) {
  Result<Runbooks> runbooks = Runbooks::load(config.runbook_directories);
  if (!runbooks) {
    diagnostics.push_back({config.file, 0, 0, "'runbooks': " + runbooks.error().message, ""});
    return std::nullopt;
  }
  const size_t before = diagnostics.size();
  const auto exists = [&](std::string_view name) { return runbooks->exists(name); };
  std::vector<rules::AlertRule> rules =
      rules::load_rules(config.rules, catalogue(), exists, diagnostics);
  if (diagnostics.size() != before) return std::nullopt;
  return Loaded{std::move(*runbooks), std::move(rules)};
}

}  // namespace highwater::agent
