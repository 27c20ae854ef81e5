// highwater: the command line. Parses arguments, blocks signals before any thread starts, and waits
// for them.
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "agent/commands/commands.h"
#include "agent/core/diagnostic.h"

namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  highwater check highwater.yaml        every mistake of a configuration at once\n"
    "  highwater run --config highwater.yaml\n"
    "  highwater test rules_test.yaml        what rules say of series of your own\n"
    "  highwater replay --rules new.yaml --against old.yaml /var/lib/highwater/recording\n"
    "  highwater status --url http://127.0.0.1:9877\n";

// CLI11 says of an unknown command only that one is required.
bool knows_command(const CLI::App& app, const std::string& name) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), name) != names.end()) return true;
  std::cerr << "highwater: there is no command '" << name
            << "': " << highwater::did_you_mean(name, names) << "\n";
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  // What one thread allocates another one frees, and most of them are idle: a heap for each of them
  // would cost half a megabyte and more, and give nothing.
  mallopt(M_ARENA_MAX, 1);
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
  bool explain_rules = false;
  check->add_flag("--explain", explain_rules,
                  "also what the rules mean: budgets, and how long a fault lasts until it fires");

  StatusOptions status_options;
  CLI::App* status = app.add_subcommand(
      "status",
      "what a running agent sees; exit code 0: healthy, 1: open incidents, 2: cannot say");
  status->add_option("--url", status_options.url, "where the agent listens")->capture_default_str();
  status->add_flag("--json", status_options.json, "the agent's own JSON instead of a table");
  status->add_flag("--no-color", status_options.no_color, "no colour, even on a terminal");

  GenerateOptions generate_options;
  std::string schema_of;
  CLI::App* generate = app.add_subcommand("generate", "write what other programs read");
  generate->require_subcommand(1);
  CLI::App* prometheus = generate->add_subcommand(
      "prometheus", "SLOs and alert rules as a rule file of Prometheus, on standard output");
  CLI::Option* const rule_files =
      prometheus->add_option("--rules", generate_options.rule_files,
                             "rule files and directories, instead of a configuration");
  prometheus
      ->add_option("-c,--config", generate_options.config,
                   "the configuration (default: as for run)")
      ->excludes(rule_files);
  prometheus->add_option("--measures", generate_options.measures,
                         "with --rules: a configuration whose measures are known as well");
  prometheus->add_flag("--builtin", generate_options.builtin, "also the built-in alert rules");
  prometheus->add_option("--interval", generate_options.interval,
                         "how often Prometheus evaluates them (default: by their windows)");
  prometheus->add_option("--url", generate_options.url,
                         "where the agent's runbooks are read (default: as configured)");
  CLI::App* schema = generate->add_subcommand("schema", "a JSON Schema for editors");
  constexpr const char* kMeasures = "a configuration whose measures are known as well";
  std::string schema_config;
  schema->add_option("-c,--config", schema_config, kMeasures);
  schema->add_option("file", schema_of, "config or rules")
      ->required()
      ->check(CLI::IsMember({"config", "rules"}));

  std::string dashboards_folder;
  std::string generate_config;
  CLI::App* dashboards = generate->add_subcommand(
      "dashboards", "dashboards for Grafana, with the limits of the rules and links to runbooks");
  dashboards->add_option("folder", dashboards_folder, "where the files are written")->required();
  dashboards->add_option("-c,--config", generate_config,
                         "whose rules and measures (default: the built-in ones)");
  bool service_monitor = false;
  CLI::App* scrape =
      generate->add_subcommand("scrape", "how Prometheus scrapes this agent, on standard output");
  scrape->add_option("-c,--config", generate_config, "the configuration (default: as for run)");
  scrape->add_flag("--service-monitor", service_monitor, "for the Prometheus Operator");

  TestOptions test_options;
  CLI::App* test = app.add_subcommand(
      "test", "try rules on series of your own: what should have fired, and what did; prints TAP");
  test->add_option("files", test_options.files, "test files")->required();
  test->add_option("-c,--config", test_options.config, kMeasures);
  test->add_option("--junit", test_options.junit,
                   "also write a report in JUnit's form to this file");
  test->footer("exit code 0: all as expected, 1: some are not, 2: a file is wrong");

  ReplayOptions replay_options;
  CLI::App* replay =
      app.add_subcommand("replay", "play what was seen to rules: when would they have fired?");
  replay
      ->add_option("--rules", replay_options.rules,
                   "a rule file or a directory of them; repeatable")
      ->required()
      ->allow_extra_args(false);
  replay
      ->add_option("--against", replay_options.against,
                   "rules to compare with; what only one of the two fires is marked")
      ->allow_extra_args(false);
  replay->add_option("-c,--config", replay_options.config, kMeasures);
  replay->add_flag("--builtin", replay_options.builtin, "with the built-in rules");
  replay->add_flag("--json", replay_options.json, "JSON instead of a table; times are in minutes");
  replay
      ->add_option("data", replay_options.data,
                   "recordings of an agent (folders or files), files of series, or test files")
      ->required();
  replay->footer("exit code 0: played, 2: a file is wrong");

  ExplainOptions explain_options;
  CLI::App* explain = app.add_subcommand(
      "explain", "why an alert or an SLO fires or is quiet, and what would clear it");
  explain->add_option("rule", explain_options.name, "the name of an alert rule or an SLO")
      ->required();
  explain->add_option("--entity", explain_options.entity,
                      "only entities with this in their name, like group=payments");
  explain->add_option("--url", explain_options.url, "where the agent listens")
      ->capture_default_str();
  explain->add_flag("--json", explain_options.json, "the agent's own JSON instead of text");
  explain->add_flag("--no-color", explain_options.no_color, "no colour, even on a terminal");
  explain->footer("exit code 0: quiet, 1: it fires, 2: cannot say");

  ImportOptions import_options;
  CLI::App* import = app.add_subcommand("import", "SLOs of other tools as a rule file");
  import->add_option("from", import_options.from, "sloth or openslo")
      ->required()
      ->check(CLI::IsMember({"sloth", "openslo"}));
  import->add_option("-c,--config", import_options.config, kMeasures);
  import->add_option("file", import_options.file, "their YAML")->required();
  import->footer("exit code 0: all was taken over, 1: some was not (it says what), 2: nothing was");

  CLI::App* version = app.add_subcommand("version", "print the version");
  CLI::App* help = app.add_subcommand("help", "this text");

  if (argc > 1 && argv[1][0] != '-' && !knows_command(app, argv[1])) return 2;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  if (*run) return run_command(config);
  if (*check) return check_command(files, explain_rules);
  if (*status) return status_command(status_options);
  if (*prometheus) return generate_prometheus_command(generate_options);
  if (*schema) return generate_schema_command(schema_of, schema_config);
  if (*dashboards) return generate_dashboards_command(dashboards_folder, generate_config);
  if (*scrape) return generate_scrape_command(generate_config, service_monitor);
  if (*test) return test_command(test_options);
  if (*replay) return replay_command(replay_options);
  if (*import) return import_command(import_options);
  if (*explain) return explain_command(explain_options);
  if (*version) {
    std::cout << "highwater " HIGHWATER_VERSION "\n";
    return 0;
  }
  if (*help) std::cout << app.help();
  return 0;
}
