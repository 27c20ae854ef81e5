// Completion scripts for shells, made of the definition of the command line. Pure; any thread.
#pragma once

#include <string>

#include "agent/command_line/definition.h"

namespace highwater::command_line {

[[nodiscard]] std::string bash_completion(const Command& program);
[[nodiscard]] std::string zsh_completion(const Command& program);
[[nodiscard]] std::string fish_completion(const Command& program);

}  // namespace highwater::command_line
