#include <fmt/format.h>

#include <algorithm>

#include "agent/command_line/completion.h"
#include "agent/command_line/visit.h"

namespace highwater::command_line {
namespace {

std::string function_of(std::string path) {
  for (char& c : path) {
    if (c == ' ' || c == '-') c = '_';
  }
  return path.empty() ? "_highwater" : "_highwater_" + path;
}

// Inside of single quotes in an argument of _arguments, where brackets and colons mean something.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

std::string action_for(Completes completes, const std::vector<std::string>& words) {
  if (!words.empty()) return fmt::format("({})", fmt::join(words, " "));
  switch (completes) {
    case Completes::nothing:
      return "";
    case Completes::file:
      return "_files";
    case Completes::folder:
      return "_files -/";
  }
  return "";
}

std::string option_spec(const Option& option) {
  const std::string value = option.value.empty()
                                ? ""
                                : fmt::format(":{}:{}", escaped(option.value),
                                              action_for(option.completes, option.words));
  const std::string help = escaped(option.help);
  const std::string star = option.repeatable ? "*" : "";
  if (option.letter.empty()) return fmt::format("'{}--{}[{}]{}'", star, option.name, help, value);
  return fmt::format("'(-{0} --{1})'{{-{0},--{1}}}'[{2}]{3}'", option.letter, option.name, help,
                     value);
}

std::string argument_spec(const Argument& argument, size_t index) {
  const std::string place = argument.repeatable ? "*" : std::to_string(index + 1);
  return fmt::format("'{}:{}:{}'", place, escaped(argument.name),
                     action_for(argument.completes, argument.words));
}

std::string specs(const Command& command) {
  std::string out = " \\\n    '(-h --help)'{-h,--help}'[Show this text.]'";
  for (const Option& option : command.options) out += " \\\n    " + option_spec(option);
  for (size_t i = 0; i < command.arguments.size(); ++i)
    out += " \\\n    " + argument_spec(command.arguments[i], i);
  return out;
}

std::string group_function(const Visited& visited) {
  const Command& command = *visited.command;
  std::string out =
      function_of(visited.path) + "() {\n  local line state curcontext=\"$curcontext\"\n";
  out += "  local -a commands=(\n";
  for (const Command& one : command.commands)
    out += fmt::format("    '{}:{}'\n", one.name, escaped(one.summary));
  out += "  )\n  _arguments -C" + specs(command) +
         " \\\n    '1:command:->command' '*::argument:->argument'\n  case $state in\n"
         "    command) _describe command commands ;;\n    argument)\n      case $line[1] in\n";
  for (const Command& one : command.commands) {
    const std::string path = visited.path.empty() ? one.name : visited.path + " " + one.name;
    out += fmt::format("        {}) {} ;;\n", one.name, function_of(path));
  }
  return out + "      esac ;;\n  esac\n}\n\n";
}

}  // namespace

std::string zsh_completion(const Command& program) {
  std::string out =
      "#compdef highwater\n# Completion of highwater for zsh; made by 'highwater generate "
      "completion "
      "zsh'.\n\n";
  for (const Visited& visited : all_commands(program)) {
    out += visited.command->commands.empty()
               ? fmt::format("{}() {{\n  _arguments{}\n}}\n\n", function_of(visited.path),
                             specs(*visited.command))
               : group_function(visited);
  }
  // Both as a file of fpath, whose text is the function's, and sourced.
  out +=
      "if [[ $funcstack[1] == _highwater ]]; then _highwater \"$@\"; else compdef _highwater "
      "highwater; fi\n";
  return out;
}

}  // namespace highwater::command_line
