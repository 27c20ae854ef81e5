// Every command of a program with the path it is called by, parents before their children. Used by
// what is generated from the definition of the command line. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/command_line/definition.h"

namespace highwater::command_line {

struct Visited {
  const Command* command = nullptr;
  std::string path{};  // "generate prometheus"; empty for the program
};

inline void add_commands(const Command& command, const std::string& path,
                         std::vector<Visited>& all) {
  all.push_back({&command, path});
  for (const Command& one : command.commands)
    add_commands(one, path.empty() ? one.name : path + " " + one.name, all);
}

// Pointers into `program`.
[[nodiscard]] inline std::vector<Visited> all_commands(const Command& program) {
  std::vector<Visited> all;
  add_commands(program, "", all);
  return all;
}

}  // namespace highwater::command_line
