// Parses arguments by the definition of the command line. Pure; any thread.
//
// Long options take their value as `--name value` or `--name=value`, short ones as `-c value` or
// `-cvalue`; options and arguments may be mixed; `--` ends the options. `--help` and `-h` win over
// every mistake behind and before them, as whoever asks for help should get it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/command_line/definition.h"
#include "agent/core/result.h"

namespace highwater::command_line {

struct Parsed {
  const Command* command = nullptr;
  std::string path;      // "generate prometheus"; empty for the program itself
  bool help = false;     // its help was asked for
  bool version = false;  // --version, of the program itself
  std::map<std::string, std::vector<std::string>, std::less<>>
      options;  // a flag has one empty value
  std::vector<std::string> arguments;

  [[nodiscard]] bool has(std::string_view option) const {
    return options.find(option) != options.end();
  }
  // The last one given, or `otherwise`.
  [[nodiscard]] std::string text(std::string_view option, std::string_view otherwise = "") const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view option) const;
  [[nodiscard]] std::string argument(size_t index) const;  // "" when there is none
};

// The error is whole lines for standard error, without the last line break.
[[nodiscard]] Result<Parsed> parse(const Command& program, std::span<const std::string> arguments);

// "highwater: there is no command 'statu': did you mean 'status'?"
[[nodiscard]] std::string no_such_command(const Command& parent, std::string_view path,
                                          const std::string& word);

}  // namespace highwater::command_line
