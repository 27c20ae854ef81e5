// The commands of the command line, each returning the process's exit code. Main's thread.
#pragma once

#include <string>
#include <vector>

#include "agent/core/diagnostic.h"

namespace highwater::agent {

// On standard error, a line each.
void print_mistakes(const Diagnostics& diagnostics);
// The same, and the exit code.
int refused(const Diagnostics& diagnostics);

// 0: stopped in order; 1: refused to start (bad configuration, port in use).
int run_command(const std::string& config_path);

// 0: no mistake; 1: mistakes, each on a line of its own on standard output.
// With `explain` also what the rules mean.
int check_command(const std::vector<std::string>& paths, bool explain = false);

struct StatusOptions {
  std::string url = "http://127.0.0.1:9877";
  bool json = false;
  bool no_color = false;
};
// 0: healthy; 1: incidents are open; 2: cannot say.
int status_command(const StatusOptions& options);

struct GenerateOptions {
  std::vector<std::string> rule_files;  // files and directories; none: those of the configuration
  std::string config;                   // empty: as for run
  std::string measures;                 // with rule_files: a configuration that adds measures
  bool builtin = false;                 // also the built-in alert rules
  std::string interval;                 // how often Prometheus evaluates; empty: by the windows
  std::string url;                      // where runbooks are read; empty: as configured
};
// Writes the rules for Prometheus to standard output. 1: mistakes, on standard error.
int generate_prometheus_command(const GenerateOptions& options);
// Writes the JSON Schema of "config" or of "rules" to standard output.
// `config` may be empty: then only the measures of the program itself are known.
int generate_schema_command(const std::string& of, const std::string& config);
// Writes Grafana dashboards into the folder, and their names to standard output. `config` may be
// empty: then they are made of the built-in measures and rules.
int generate_dashboards_command(const std::string& folder, const std::string& config);
// Writes what Prometheus, or its operator, needs to scrape the agent to standard output.
int generate_scrape_command(const std::string& config, bool service_monitor);

struct TestOptions {
  std::vector<std::string> files;
  std::string config;  // whose measures are known as well; may be empty
  std::string junit;   // where to write a report in JUnit's form; empty: nowhere
};
// 0: all as expected; 1: some are not; 2: a file is wrong, nothing was tested. Prints TAP.
int test_command(const TestOptions& options);

struct ReplayOptions {
  std::vector<std::string> rules;    // files or directories
  std::vector<std::string> against;  // the same; empty: nothing is compared
  std::vector<std::string> data;     // recordings, files of series, test files
  std::string config;                // whose measures are known as well; may be empty
  bool builtin = false;              // with the built-in rules
  bool json = false;
};
// 0: played; 2: a file is wrong.
int replay_command(const ReplayOptions& options);

struct ImportOptions {
  std::string from;  // "sloth" or "openslo"
  std::string file;
  std::string config;  // whose measures are known as well; may be empty
};
// Prints rules on standard output, and on standard error what could not be taken over. 0: all of it
// was; 1: some was not; 2: the file cannot be read.
int import_command(const ImportOptions& options);

struct ExplainOptions {
  std::string name;    // of an alert rule or an SLO
  std::string entity;  // a piece of the entity's text; empty: every one
  std::string url = "http://127.0.0.1:9877";
  bool json = false;
  bool no_color = false;
};
// 0: quiet; 1: it fires; 2: cannot say, or there is no such rule.
int explain_command(const ExplainOptions& options);

}  // namespace highwater::agent
