#include "agent/command_line/manual.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/command_line/help.h"
#include "agent/command_line/visit.h"

namespace highwater::command_line {
namespace {

// As troff reads it: a dash is a minus, a backslash begins a command, a dot at the start of a line
// as well.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
      out += c;
    }
  }
  return out;
}

std::string dashed(std::string path) {
  std::ranges::replace(path, ' ', '-');
  return path.empty() ? "highwater" : "highwater-" + path;
}

std::string item(const std::string& head, const std::string& text) {
  return ".TP\n.B " + roff(head) + "\n" + roff(text) + "\n";
}

std::string sentence(const std::string& text) {
  return text.ends_with('?') || text.ends_with('.') ? text : text + ".";
}

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(' '));
  return text;
}

std::string commands_part(const Visited& visited) {
  std::string out;
  for (const std::string& section : sections_of(*visited.command)) {
    if (!section.empty()) out += ".SS " + roff(section) + "\n";
    for (const Command& one : visited.command->commands) {
      if (one.section != section) continue;
      const std::string path = visited.path.empty() ? one.name : visited.path + " " + one.name;
      out += item("highwater " + path,
                  one.name == "help"
                      ? sentence(one.summary)
                      : fmt::format("{} See {}(1).", sentence(one.summary), dashed(path)));
    }
  }
  return out.empty() ? "" : ".SH COMMANDS\n" + out;
}

std::string options_part(const Command& command) {
  std::string out;
  for (const Argument& argument : command.arguments)
    out += item(argument.name, argument_help(argument));
  for (const Option& option : command.options)
    out += item(trimmed(option_head(option)), option_help(option));
  return ".SH OPTIONS\n" + out + item("-h, --help", "Show the help.");
}

std::string examples_part(const Command& command) {
  if (command.examples.empty()) return "";
  std::string out = ".SH EXAMPLES\n";
  for (const Example& example : command.examples)
    out += item(example.command, sentence(example.means));
  return out;
}

std::string exit_part(const Command& command) {
  std::string out = ".SH EXIT STATUS\n";
  for (const ExitCode& code : command.exit_codes)
    out += item(std::to_string(code.code), sentence(code.means));
  for (const ExitCode& code : common_exit_codes())
    out += item(std::to_string(code.code), sentence(code.means));
  return out;
}

std::string named_part(const std::string& heading, const std::vector<Named>& all) {
  std::string out = ".SH " + heading + "\n";
  for (const Named& one : all) out += item(one.name, one.means);
  return out;
}

std::string see_also(const Visited& visited) {
  if (visited.path.empty()) return "";
  const size_t space = visited.path.rfind(' ');
  const std::string parent = space == std::string::npos ? "" : visited.path.substr(0, space);
  return ".SH SEE ALSO\n.BR " + roff(dashed(parent)) + " (1)\n";
}

std::string escaped_cell(std::string text) {
  for (size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2))
    text.insert(at, "\\");
  return text;
}

std::string table(const std::string& first, const std::string& second,
                  const std::vector<Named>& rows, bool code) {
  if (rows.empty()) return "";
  std::string out = fmt::format("| {} | {} |\n|---|---|\n", first, second);
  for (const Named& row : rows)
    out += fmt::format("| {0}{1}{0} | {2} |\n", code ? "`" : "", escaped_cell(row.name),
                       escaped_cell(row.means));
  return out + "\n";
}

std::string reference_of(const Visited& visited) {
  const Command& command = *visited.command;
  std::string out = fmt::format("## highwater {}\n\n{}\n\n```\n{}\n```\n\n", visited.path,
                                command.description, usage_line(command, visited.path));
  std::vector<Named> rows;
  for (const Argument& argument : command.arguments)
    rows.push_back({argument.name, argument_help(argument)});
  for (const Option& option : command.options)
    rows.push_back({trimmed(option_head(option)), option_help(option)});
  out += table("argument or option", "meaning", rows, true);
  if (!command.examples.empty()) {
    out += "```sh\n";
    for (const Example& example : command.examples)
      out += "# " + example.means + "\n" + example.command + "\n";
    out += "```\n\n";
  }
  return out;
}

std::string exit_table(const std::vector<Visited>& all) {
  std::string out = "## Exit codes\n\n| command | code | meaning |\n|---|---|---|\n";
  for (const ExitCode& code : common_exit_codes())
    out += fmt::format("| every command | {} | {} |\n", code.code, code.means);
  for (const Visited& visited : all) {
    for (const ExitCode& code : visited.command->exit_codes)
      out += fmt::format("| `{}` | {} | {} |\n", visited.path, code.code, code.means);
  }
  return out + "\nCommands that are not listed end with 0.\n\n";
}

}  // namespace

std::vector<ManualPage> manual_pages(const Command& program, const std::string& date,
                                     const std::string& version) {
  std::vector<ManualPage> pages;
  for (const Visited& visited : all_commands(program)) {
    if (visited.path == "help") continue;
    const std::string name = dashed(visited.path);
    std::string title = name;
    std::ranges::transform(title, title.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
    std::string text =
        fmt::format(".TH {} 1 \"{}\" \"Highwater {}\" \"Highwater\"\n", roff(title), date, version);
    text += fmt::format(".SH NAME\n{} \\- {}\n", roff(name), roff(visited.command->summary));
    text += ".SH SYNOPSIS\n.B " + roff(usage_line(*visited.command, visited.path)) + "\n";
    text += ".SH DESCRIPTION\n" + roff(visited.command->description) + "\n";
    text += commands_part(visited) + options_part(*visited.command);
    text += examples_part(*visited.command) + exit_part(*visited.command);
    if (visited.path.empty())
      text += named_part("ENVIRONMENT", environment()) + named_part("FILES", files());
    pages.push_back({name + ".1", text + see_also(visited)});
  }
  return pages;
}

std::string command_line_reference(const Command& program) {
  const std::vector<Visited> all = all_commands(program);
  std::string out =
      "# Command line\n\n<!-- Written by `highwater generate command-line`: do not edit. -->\n\n" +
      program.description + "\n\n";
  std::vector<Named> rows;
  for (const Visited& visited : all) {
    if (!visited.path.empty() && visited.command->commands.empty())
      rows.push_back({"highwater " + visited.path, visited.command->summary});
  }
  out += table("command", "what for", rows, true);
  out +=
      "`highwater help COMMAND` and `--help` show what follows on a terminal; "
      "`highwater generate man FOLDER` writes it as manual pages.\n\n";
  for (const Visited& visited : all) {
    if (!visited.path.empty() && visited.command->commands.empty()) out += reference_of(visited);
  }
  out += exit_table(all);
  out += "## Environment\n\n" + table("variable", "meaning", environment(), true);
  out += "## Files\n\n" + table("file", "meaning", files(), true);
  out.pop_back();
  return out;
}

}  // namespace highwater::command_line
