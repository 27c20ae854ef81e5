#include <fmt/format.h>

#include <algorithm>

#include "agent/command_line/completion.h"
#include "agent/command_line/visit.h"

namespace highwater::command_line {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// A condition of fish: all words of the path have been written.
std::string seen(const std::string& path) {
  std::string condition;
  size_t begin = 0;
  while (begin < path.size()) {
    const size_t end = std::min(path.find(' ', begin), path.size());
    if (!condition.empty()) condition += "; and ";
    condition += "__fish_seen_subcommand_from " + path.substr(begin, end - begin);
    begin = end + 1;
  }
  return condition;
}

// ... and none of its commands.
std::string undecided(const Visited& visited) {
  if (visited.path.empty()) return "__fish_use_subcommand";
  std::string condition = seen(visited.path);
  if (visited.command->commands.empty()) return condition;
  condition += "; and not __fish_seen_subcommand_from";
  for (const Command& one : visited.command->commands) condition += " " + one.name;
  return condition;
}

std::string value_of(Completes completes, const std::vector<std::string>& words) {
  if (!words.empty()) return " -x -a " + quoted(fmt::format("{}", fmt::join(words, " ")));
  switch (completes) {
    case Completes::nothing:
      return " -x";
    case Completes::file:
      return " -r -F";
    case Completes::folder:
      return " -x -a '(__fish_complete_directories)'";
  }
  return "";
}

std::string lines_of(const Visited& visited) {
  const std::string start = fmt::format("complete -c highwater -n {}", quoted(undecided(visited)));
  std::string out;
  for (const Command& one : visited.command->commands)
    out += fmt::format("{} -a {} -d {}\n", start, one.name, quoted(one.summary));
  for (const Option& option : visited.command->options) {
    out += start + (option.letter.empty() ? "" : " -s " + option.letter) + " -l " + option.name;
    if (!option.value.empty()) out += value_of(option.completes, option.words);
    out += " -d " + quoted(option.help) + "\n";
  }
  for (const Argument& argument : visited.command->arguments) {
    if (!argument.words.empty())
      out += fmt::format("{} -a {} -d {}\n", start,
                         quoted(fmt::format("{}", fmt::join(argument.words, " "))),
                         quoted(argument.help));
    else if (argument.completes == Completes::file)
      out += start + " -F\n";
    else if (argument.completes == Completes::folder)
      out += start + " -a '(__fish_complete_directories)'\n";
  }
  return out;
}

}  // namespace

std::string fish_completion(const Command& program) {
  std::string out =
      "# Completion of highwater for fish; made by 'highwater generate completion fish'.\n"
      "complete -c highwater -f\ncomplete -c highwater -s h -l help -d 'Show this text.'\n";
  for (const Visited& visited : all_commands(program)) out += lines_of(visited);
  return out;
}

}  // namespace highwater::command_line
