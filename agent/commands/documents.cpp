// `highwater generate completion`, `man` and `command-line`, which are made of the definition of the
// command line, and `openapi`.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "agent/command_line/completion.h"
#include "agent/command_line/manual.h"
#include "agent/commands/commands.h"
#include "agent/core/build_info.h"
#include "exporters/web/api.h"

namespace highwater::agent {

using command_line::definition;

int generate_completion_command(const std::string& shell) {
  std::cout << (shell == "bash"  ? command_line::bash_completion(definition())
                : shell == "zsh" ? command_line::zsh_completion(definition())
                                 : command_line::fish_completion(definition()))
            << std::flush;
  return std::cout ? 0 : 1;
}

int generate_man_command(const std::string& folder) {
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  const BuildInfo& build = build_info();
  const std::string date = build.date == "unknown" ? "" : build.date;
  for (const auto& page : command_line::manual_pages(definition(), date, build.version)) {
    const std::filesystem::path path = std::filesystem::path(folder) / page.file;
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << page.text << std::flush;
    if (!out) {
      std::cerr << "highwater generate man: " << path.string() << " cannot be written\n";
      return 1;
    }
    std::cout << path.string() << "\n";
  }
  return std::cout ? 0 : 1;
}

int generate_openapi_command() {
  std::cout << openapi_text() << std::flush;
  return std::cout ? 0 : 1;
}

int generate_command_line_command() {
  std::cout << command_line::command_line_reference(definition()) << std::flush;
  return std::cout ? 0 : 1;
}

}  // namespace highwater::agent
