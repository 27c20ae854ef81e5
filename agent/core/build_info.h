// What was built: the version, and the commit with its date. `highwater version`, the metrics page
// and the start's log line say it. Immutable; any thread.
#pragma once

#include <string>

namespace highwater {

struct BuildInfo {
  std::string version{};  // "0.1.0"
  std::string
      commit{};  // "3edbff6d1c20", with "-modified" behind it when files differed; or "unknown"
  std::string date{};  // of the commit: "2026-11-29"; or "unknown"
};

[[nodiscard]] const BuildInfo& build_info();

// "0.1.0 (commit 3edbff6d1c20, 2026-11-29)"
[[nodiscard]] std::string build_text(const BuildInfo& info);

}  // namespace highwater
