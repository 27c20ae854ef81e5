#include <fmt/format.h>

#include <algorithm>

#include "agent/command_line/completion.h"
#include "agent/command_line/visit.h"

namespace highwater::command_line {
namespace {

constexpr std::string_view kHead =
    R"(# Completion of highwater for bash; made by 'highwater generate completion bash'.
_highwater_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

_highwater_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_highwater() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path="" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path/${COMP_WORDS[i]}" in
)";

// Where a value is completed: a call of one of the functions above, or ":" for nothing.
std::string call_for(Completes completes, const std::vector<std::string>& words) {
  if (!words.empty())
    return fmt::format(R"(_highwater_words "{}" "$current")", fmt::join(words, " "));
  switch (completes) {
    case Completes::nothing:
      return ":";
    case Completes::file:
      return R"(_highwater_files -f "$current")";
    case Completes::folder:
      return R"(_highwater_files -d "$current")";
  }
  return ":";
}

// `path` with slashes: spaces would need quotes in a pattern.
std::string pattern_of(std::string path) {
  std::ranges::replace(path, ' ', '/');
  return path;
}

std::string option_words(const Command& command) {
  std::string words = "--help";
  for (const Option& option : command.options) words += " --" + option.name;
  return words;
}

std::string values_of(const Visited& visited) {
  std::string out;
  for (const Option& option : visited.command->options) {
    if (option.value.empty()) continue;
    std::string patterns = fmt::format("\"{}:--{}\"", pattern_of(visited.path), option.name);
    if (!option.letter.empty())
      patterns += fmt::format(" | \"{}:-{}\"", pattern_of(visited.path), option.letter);
    out +=
        fmt::format("    {}) {}; return ;;\n", patterns, call_for(option.completes, option.words));
  }
  return out;
}

// The other arguments are completed as the first one with something to offer.
std::string words_of(const Visited& visited) {
  const Command& command = *visited.command;
  std::string rest = ":";
  std::vector<std::string> names;
  for (const Command& one : command.commands) names.push_back(one.name);
  if (!names.empty()) rest = call_for(Completes::nothing, names);
  for (const Argument& argument : command.arguments) {
    if (rest == ":" || !argument.words.empty() || argument.completes != Completes::nothing) {
      rest = call_for(argument.completes, argument.words);
      if (rest != ":") break;
    }
  }
  if (command.arguments.size() > 1)
    rest +=
        fmt::format("; ((${{#COMPREPLY[@]}})) || {}",
                    call_for(command.arguments.back().completes, command.arguments.back().words));
  return fmt::format(
      "    \"{}\") if [[ $current == -* ]]; then _highwater_words \"{}\" \"$current\"; else {}; fi "
      ";;\n",
      pattern_of(visited.path), option_words(command), rest);
}

}  // namespace

std::string bash_completion(const Command& program) {
  const std::vector<Visited> all = all_commands(program);
  std::string out(kHead);
  for (const Visited& visited : all) {
    if (visited.path.empty()) continue;
    const std::string path = pattern_of(visited.path);
    const bool nested = path.find('/') != std::string::npos;
    out += fmt::format("      \"{}{}\") path={} ;;\n", nested ? "" : "/", path, path);
  }
  out += "    esac\n  done\n  case \"$path:$previous\" in\n";
  for (const Visited& visited : all) out += values_of(visited);
  out += "  esac\n  case \"$path\" in\n";
  for (const Visited& visited : all) out += words_of(visited);
  out += "  esac\n}\ncomplete -F _highwater highwater\n";
  return out;
}

}  // namespace highwater::command_line
