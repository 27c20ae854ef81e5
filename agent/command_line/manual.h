// Manual pages and docs/command-line.md, made of the definition of the command line. Pure; any
// thread.
#pragma once

#include <string>
#include <vector>

#include "agent/command_line/definition.h"

namespace highwater::command_line {

struct ManualPage {
  std::string file{};  // "highwater-generate-prometheus.1"
  std::string text{};  // in troff's man macros
};

// `date` and `version` stand in the pages' foot; both may be empty.
[[nodiscard]] std::vector<ManualPage> manual_pages(const Command& program, const std::string& date,
                                                   const std::string& version);

// Markdown.
[[nodiscard]] std::string command_line_reference(const Command& program);

}  // namespace highwater::command_line
