// highwater: the command line. Parses arguments, blocks signals before any thread starts, and waits
// for them.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <thread>

#include "agent/commands.h"

namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  highwater check highwater.yaml        every mistake of a configuration at once\n"
    "  highwater run --config highwater.yaml\n"
    "  highwater status --url http://127.0.0.1:9877\n";

}  // namespace

int main(int argc, char** argv) {
  using namespace highwater::agent;
  CLI::App app{"Highwater watches Kafka, judges what it sees, and pages with cause and runbook."};
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_help_flag("-h,--help", "this text");

  std::string config;
  CLI::App* run = app.add_subcommand(
      "run", "watch the clusters of a configuration until told to stop (SIGTERM, Ctrl-C)");
  run->add_option(
      "-c,--config", config,
      "the configuration file (default: highwater.yaml here, then /etc/highwater/highwater.yaml)");

  std::vector<std::string> files;
  CLI::App* check = app.add_subcommand("check",
                                       "say every mistake of a configuration, and of the rule "
                                       "files it names; exit code 1 when there is one");
  check->add_option("files", files, "configuration files (default: as for run)");

  StatusOptions status_options;
  CLI::App* status = app.add_subcommand(
      "status",
      "what a running agent sees; exit code 0: healthy, 1: open incidents, 2: cannot say");
  status->add_option("--url", status_options.url, "where the agent listens")->capture_default_str();
  status->add_flag("--json", status_options.json, "the agent's own JSON instead of a table");
  status->add_flag("--no-color", status_options.no_color, "no colour, even on a terminal");

  CLI::App* version = app.add_subcommand("version", "print the version");
  CLI::App* help = app.add_subcommand("help", "this text");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  if (*run) return run_command(config);
  if (*check) return check_command(files);
  if (*status) return status_command(status_options);
  if (*version) {
    std::cout << "highwater " HIGHWATER_VERSION "\n";
    return 0;
  }
  if (*help) std::cout << app.help();
  return 0;
}
