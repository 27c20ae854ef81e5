// Help texts for a terminal, made of the definition of the command line. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/command_line/definition.h"

namespace highwater::command_line {

// `path` is what the command is called by, without "highwater": "generate prometheus"; empty for
// the program itself. No line is longer than `width`, unless a single word is.
[[nodiscard]] std::string help_text(const Command& command, std::string_view path, size_t width);

// "highwater explain [OPTIONS] RULE"
[[nodiscard]] std::string usage_line(const Command& command, std::string_view path);
// "-c, --config FILE"
[[nodiscard]] std::string option_head(const Option& option);
// Its help, and the words it accepts.
[[nodiscard]] std::string option_help(const Option& option);
[[nodiscard]] std::string argument_help(const Argument& argument);
// In the order in which its commands name them first.
[[nodiscard]] std::vector<std::string> sections_of(const Command& command);

}  // namespace highwater::command_line
