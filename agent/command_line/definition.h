// The command line as data: what each command takes, means and returns. The parser, the help texts,
// the shell completions, the manual pages and docs/command-line.md are all made of it. Immutable;
// any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace highwater::command_line {

// What a shell offers where a value is expected.
enum class Completes : uint8_t { nothing, file, folder };

struct Option {
  std::string name{};    // "config", written --config
  std::string letter{};  // "c", written -c; may be empty
  std::string value{};   // how help names the value: "FILE"; empty: the option is a flag
  std::string help{};
  Completes completes = Completes::nothing;
  std::vector<std::string> words{};  // the only values that are accepted; empty: any
  bool repeatable = false;
  bool required = false;
  std::string excludes{};  // the name of an option that cannot be given as well; may be empty
};

// A value without an option in front of it.
struct Argument {
  std::string name{};  // how help names it: "FILE"
  std::string help{};
  Completes completes = Completes::nothing;
  std::vector<std::string> words{};
  bool repeatable = false;  // the last one only
  bool required = false;
};

struct Example {
  std::string command{};
  std::string means{};
};

struct ExitCode {
  int code = 0;
  std::string means{};
};

struct Command {
  std::string name{};
  std::string section{};  // the heading in its parent's help
  std::string summary{};  // one line, no full stop
  std::string description{};
  std::vector<Argument> arguments{};
  std::vector<Option> options{};  // without --help, which every command has
  std::vector<Example> examples{};
  std::vector<ExitCode> exit_codes{};
  std::vector<Command> commands{};
};

// `highwater` with all its commands.
[[nodiscard]] const Command& definition();
// `highwater import`, which a program of its own runs.
[[nodiscard]] const Command& import_definition();

// Null when there is none.
[[nodiscard]] const Command* find_command(const Command& parent, std::string_view name);
[[nodiscard]] const Option* find_option(const Command& command, std::string_view name);

// Exit codes that every command may end with.
constexpr int kUsageExit = 2;
[[nodiscard]] const std::vector<ExitCode>& common_exit_codes();

// A variable of the environment, or a file, that the program reads.
struct Named {
  std::string name{};
  std::string means{};
};
[[nodiscard]] const std::vector<Named>& environment();
[[nodiscard]] const std::vector<Named>& files();

}  // namespace highwater::command_line
