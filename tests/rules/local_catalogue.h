// A catalogue as the collectors fill it, for tests of the loader: every measure that a built-in
// rule looks at, and some more.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/diagnostic.h"
#include "agent/core/measure.h"

namespace highwater::rules {

[[nodiscard]] const Catalogue& local_catalogue();
// The names of the pages in runbooks/ of the repository.
[[nodiscard]] bool repository_has_runbook(std::string_view name);
// All of them, one a line.
[[nodiscard]] std::string text_of(const Diagnostics& diagnostics);
// The file's text; fails the test when it cannot be read. The path is relative to the repository.
[[nodiscard]] std::string read_repository_file(const std::string& path);

}  // namespace highwater::rules
