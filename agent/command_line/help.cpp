#include "agent/command_line/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/core/wrap.h"

namespace highwater::command_line {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

// A left column as wide as its widest entry, up to a limit; what is longer has a line of its own.
std::string columns(const Rows& rows, size_t width, size_t left = 0) {
  const size_t most = std::min<size_t>(28, width / 3);
  for (const auto& [head, text] : rows) {
    if (head.size() <= most) left = std::max(left, head.size());
  }
  const size_t indent = left + 4;
  std::string out;
  for (const auto& [head, text] : rows) {
    out += "  " + head;
    const bool fits = head.size() <= left;
    out += fits ? std::string(indent - 2 - head.size(), ' ') : "\n" + std::string(indent, ' ');
    out += wrap(text, width, indent, indent) + "\n";
  }
  return out;
}

std::string commands_text(const Command& command, size_t width) {
  size_t widest = 0;
  for (const Command& one : command.commands) widest = std::max(widest, one.name.size());
  std::string out;
  for (const std::string& section : sections_of(command)) {
    Rows rows;
    for (const Command& one : command.commands) {
      if (one.section == section) rows.emplace_back(one.name, one.summary);
    }
    out += "\n" + (section.empty() ? "Commands" : section) + ":\n" + columns(rows, width, widest);
  }
  return out;
}

std::string options_text(const Command& command, size_t width) {
  Rows rows;
  for (const Option& option : command.options)
    rows.emplace_back(option_head(option), option_help(option));
  rows.emplace_back("-h, --help", "Show this text.");
  return "\nOptions:\n" + columns(rows, width);
}

std::string examples_text(const Command& command, size_t width) {
  if (command.examples.empty()) return "";
  std::string out = "\nExamples:\n";
  for (const Example& example : command.examples)
    out += "  " + example.command + "\n      " + wrap(example.means, width, 6, 6) + "\n";
  return out;
}

std::string exit_codes_text(const Command& command, size_t width) {
  if (command.exit_codes.empty()) return "";
  Rows rows;
  for (const ExitCode& code : command.exit_codes)
    rows.emplace_back(std::to_string(code.code), code.means);
  return "\nExit codes:\n" + columns(rows, width);
}

}  // namespace

std::string usage_line(const Command& command, std::string_view path) {
  std::string line = fmt::format("highwater{}{}", path.empty() ? "" : " ", path);
  if (!command.commands.empty()) return line + " COMMAND [OPTIONS]";
  line += " [OPTIONS]";
  for (const Argument& argument : command.arguments) {
    const std::string name = argument.name + (argument.repeatable ? "..." : "");
    line += argument.required ? " " + name : " [" + name + "]";
  }
  return line;
}

std::string option_head(const Option& option) {
  std::string head = option.letter.empty() ? "    " : "-" + option.letter + ", ";
  head += "--" + option.name;
  return option.value.empty() ? head : head + " " + option.value;
}

std::string option_help(const Option& option) {
  std::string text = option.help;
  if (!option.words.empty()) text += fmt::format(" One of: {}.", fmt::join(option.words, ", "));
  if (option.repeatable) text += " May be given several times.";
  return text;
}

std::string argument_help(const Argument& argument) {
  if (argument.words.empty()) return argument.help;
  return fmt::format("{} One of: {}.", argument.help, fmt::join(argument.words, ", "));
}

std::vector<std::string> sections_of(const Command& command) {
  std::vector<std::string> sections;
  for (const Command& one : command.commands) {
    if (std::ranges::find(sections, one.section) == sections.end()) sections.push_back(one.section);
  }
  return sections;
}

std::string help_text(const Command& command, std::string_view path, size_t width) {
  std::string out =
      wrap(command.description, width, 0, 0) + "\n\nUsage: " + usage_line(command, path) + "\n";
  out += commands_text(command, width);
  if (!command.arguments.empty()) {
    Rows rows;
    for (const Argument& argument : command.arguments)
      rows.emplace_back(argument.name, argument_help(argument));
    out += "\nArguments:\n" + columns(rows, width);
  }
  out += options_text(command, width);
  out += examples_text(command, width);
  out += exit_codes_text(command, width);
  if (!command.commands.empty()) {
    const std::string name = path.empty() ? "COMMAND" : std::string(path) + " COMMAND";
    out +=
        "\n" +
        wrap(fmt::format("'highwater help {}' shows the options and examples of a command.", name),
             width, 0, 0) +
        "\n";
  }
  return out;
}

}  // namespace highwater::command_line
