// highwater: the command line. Parses arguments and starts the command they name.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/command_line/help.h"
#include "agent/command_line/parse.h"
#include "agent/command_line/terminal_settings.h"
#include "agent/commands/commands.h"

// libcurl brings GnuTLS along, for protocols that are never used here. It asks this when it is
// loaded, and would otherwise test itself and load its modules: memory and time at each start for
// nothing.
extern "C" int _gnutls_global_init_skip() {  // NOLINT(bugprone-reserved-identifier)
  return 1;
}

namespace {

using highwater::command_line::Parsed;
using namespace highwater::agent;
namespace command_line = highwater::command_line;

constexpr size_t kWidestHelp = 100;

int show_help(const command_line::Command& command, const std::string& path) {
  const size_t width = command_line::terminal_width(STDOUT_FILENO, kWidestHelp);
  std::cout << command_line::help_text(command, path, width) << std::flush;
  return std::cout ? 0 : 1;
}

int mistaken(const std::string& text) {
  std::cerr << text << "\n";
  return command_line::kUsageExit;
}

// `help generate prometheus` is `generate prometheus --help`.
int help_command(const Parsed& parsed) {
  const command_line::Command* command = &command_line::definition();
  std::string path;
  for (const std::string& word : parsed.arguments) {
    const command_line::Command* const found = command_line::find_command(*command, word);
    if (found == nullptr) return mistaken(command_line::no_such_command(*command, path, word));
    command = found;
    path += (path.empty() ? "" : " ") + word;
  }
  return show_help(*command, path);
}

// The program beside this one, with the same arguments.
int start_import(std::span<const std::string> arguments) {
  std::error_code ignored;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  std::vector<std::string> words{(self.parent_path() / "highwater-import").string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execv(words.front().c_str(), pointers.data());
  return mistaken("highwater: cannot start " + words.front() + ": " + std::strerror(errno) +
                  ": install highwater-import beside highwater");
}

AgentOptions agent_options(const Parsed& parsed) {
  return {parsed.text("url"), parsed.text("config"), parsed.has("json"),  parsed.has("no-color"),
          parsed.text("ca"),  parsed.text("cert"),   parsed.text("login")};
}

CheckOptions check_options(const Parsed& parsed) {
  return {parsed.arguments,   parsed.text("config"),  parsed.has("explain"),
          parsed.has("json"), parsed.has("no-color"), parsed.has("connect")};
}

GenerateOptions prometheus_options(const Parsed& parsed) {
  return {parsed.texts("rules"), parsed.text("config"),   parsed.text("measures"),
          parsed.has("builtin"), parsed.text("interval"), parsed.text("url")};
}

ReplayOptions replay_options(const Parsed& parsed) {
  return {parsed.texts("rules"), parsed.texts("against"), parsed.arguments,
          parsed.text("config"), parsed.has("builtin"),   parsed.has("json")};
}

using Run = std::function<int(const Parsed&)>;

// Every command that can be run, by its path.
const std::map<std::string, Run, std::less<>>& commands() {
  static const std::map<std::string, Run, std::less<>> all{
      {"init",
       [](const Parsed& p) {
         return init_command({p.text("bootstrap"), p.text("name", "kafka"), p.text("security"),
                              p.text("folder"), p.text("wait", "15s")});
       }},
      {"run", [](const Parsed& p) { return run_command(p.text("config")); }},
      {"check", [](const Parsed& p) { return check_command(check_options(p)); }},
      {"status", [](const Parsed& p) { return status_command(agent_options(p)); }},
      {"watch",
       [](const Parsed& p) { return watch_command(agent_options(p), p.text("interval", "2s")); }},
      {"top",
       [](const Parsed& p) { return watch_command(agent_options(p), p.text("interval", "2s")); }},
      {"explain",
       [](const Parsed& p) {
         return explain_command(agent_options(p), p.argument(0), p.text("entity"));
       }},
      {"incidents",
       [](const Parsed& p) { return incidents_command(agent_options(p), p.text("last", "7d")); }},
      {"test",
       [](const Parsed& p) {
         return test_command({p.arguments, p.text("config"), p.text("junit")});
       }},
      {"replay", [](const Parsed& p) { return replay_command(replay_options(p)); }},
      {"notify test",
       [](const Parsed& p) {
         return notify_test_command({p.arguments, p.text("config"), p.text("severity", "page")});
       }},
      {"notify log",
       [](const Parsed& p) {
         return notify_log_command(agent_options(p), p.text("incident"), p.text("limit"));
       }},
      {"mark",
       [](const Parsed& p) {
         return mark_command(
             agent_options(p),
             {p.argument(0), {p.arguments.begin() + 1, p.arguments.end()}, p.text("at")});
       }},
      {"ack",
       [](const Parsed& p) {
         return ack_command(agent_options(p),
                            {p.argument(0), p.text("by"), p.text("for"), p.has("end")});
       }},
      {"silence add",
       [](const Parsed& p) {
         return silence_add_command(agent_options(p),
                                    {p.arguments, p.text("for"), p.text("until"), p.text("from"),
                                     p.text("by"), p.text("comment"), p.has("preview")});
       }},
      {"silence list", [](const Parsed& p) { return silence_list_command(agent_options(p)); }},
      {"silence end",
       [](const Parsed& p) { return silence_end_command(agent_options(p), p.argument(0)); }},
      {"route",
       [](const Parsed& p) {
         return route_command({p.arguments, p.text("config"), p.text("at"), p.has("json")});
       }},
      {"maintenance next",
       [](const Parsed& p) {
         return maintenance_next_command(
             {p.text("config"), p.text("at"), p.text("for", "30d"), p.has("json")});
       }},
      {"generate prometheus",
       [](const Parsed& p) { return generate_prometheus_command(prometheus_options(p)); }},
      {"generate acls",
       [](const Parsed& p) {
         return generate_acls_command({p.text("config"), p.text("cluster"), p.text("principal"),
                                       p.text("format", "kafka-acls")});
       }},
      {"generate scrape",
       [](const Parsed& p) {
         return generate_scrape_command(p.text("config"), p.has("service-monitor"));
       }},
      {"generate dashboards",
       [](const Parsed& p) {
         return generate_dashboards_command(p.argument(0), p.text("config"));
       }},
      {"generate schema",
       [](const Parsed& p) { return generate_schema_command(p.argument(0), p.text("config")); }},
      {"generate completion",
       [](const Parsed& p) { return generate_completion_command(p.argument(0)); }},
      {"generate man", [](const Parsed& p) { return generate_man_command(p.argument(0)); }},
      {"generate metrics", [](const Parsed&) { return generate_metrics_command(); }},
      {"generate openapi", [](const Parsed&) { return generate_openapi_command(); }},
      {"generate command-line", [](const Parsed&) { return generate_command_line_command(); }},
      {"version", [](const Parsed& p) { return version_command(p.has("json")); }},
      {"help", help_command}};
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  // What one thread allocates another one frees, and most of them are idle: a heap for each of them
  // would cost half a megabyte and more, and give nothing.
  mallopt(M_ARENA_MAX, 1);
  // Large blocks go back to the system when they are freed. By itself glibc raises this to the
  // largest block that was ever freed, up to 32 MiB, and then what one answer took for a moment
  // stays as a hole between small blocks that live on.
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  mallopt(M_TRIM_THRESHOLD, 4 * 1024 * 1024);
  const std::vector<std::string> words(argv + 1, argv + std::max(argc, 1));
  if (!words.empty() && words.front() == "import") return start_import(std::span(words).subspan(1));
  const auto parsed = command_line::parse(command_line::definition(), words);
  if (!parsed) return mistaken(parsed.error().message);
  if (parsed->help) return show_help(*parsed->command, parsed->path);
  if (parsed->version) return version_command(false);
  return commands().at(parsed->path)(*parsed);
}
