// The commands of the command line, each returning the process's exit code. Main's thread.
#pragma once

#include <string>
#include <vector>

#include "agent/core/diagnostic.h"

namespace highwater::agent {

// On standard error, each with the line it is on.
void print_mistakes(const Diagnostics& diagnostics);
// The same, and the exit code.
int refused(const Diagnostics& diagnostics);

struct InitOptions {
  std::string bootstrap;  // "kafka-1:9092", or several with commas; empty: whoever is at the
                          // terminal is asked
  std::string name = "kafka";
  std::string security;  // of the cluster, as YAML; empty: no TLS and no login
  std::string folder;
  std::string wait = "15s";  // how long the cluster is watched at most
};
// 0: the files were written; 1: one is there already, or the cluster cannot be read.
int init_command(const InitOptions& options);

// 0: stopped in order; 1: refused to start (bad configuration, port in use).
int run_command(const std::string& config_path);

struct CheckOptions {
  std::vector<std::string> files;  // none: the one of find_config()
  std::string config;
  bool explain = false;  // also what the rules mean
  bool json = false;
  bool no_color = false;
  bool connect = false;  // also try every cluster
};
// 0: no mistakes; 1: mistakes; 3: a broker cannot be used, or a right is missing. All on standard
// output.
int check_command(const CheckOptions& options);

// How a running agent is found, and how its answer is shown.
struct AgentOptions {
  std::string url;     // empty: see agent_address()
  std::string config;  // the same
  bool json = false;
  bool no_color = false;
  std::string ca;           // a file; empty: see agent_address()
  std::string certificate;  // the same
  std::string login;        // the same
};

// 0: healthy; 1: incidents are open; 2: cannot say.
int status_command(const AgentOptions& options);

// `interval`: between two requests, like "2s". 0: somebody quit; 2: no terminal, or a mistake.
int watch_command(const AgentOptions& options, const std::string& interval);

// `last`: how far back, like "7d". 0: listed; 2: cannot say.
int incidents_command(const AgentOptions& options, const std::string& last);

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

struct AclOptions {
  std::string config;
  std::string cluster;    // "": all
  std::string principal;  // "": by the configuration, else User:highwater
  std::string format;     // see access_text()
};
// 0: written; 1: there are mistakes, or no such cluster.
int generate_acls_command(const AclOptions& options);

// Writes docs/metrics.md, every family of the metrics page, to standard output.
int generate_metrics_command();
// Writes docs/command-line.md to standard output.
int generate_command_line_command();
// The description of the agent's API. 0: written; 1: standard output cannot be written.
int generate_openapi_command();
// Writes a completion script for "bash", "zsh" or "fish" to standard output.
int generate_completion_command(const std::string& shell);
// Writes manual pages into the folder, and their names to standard output.
int generate_man_command(const std::string& folder);

struct TestOptions {
  std::vector<std::string> files;
  std::string config;  // whose measures are known as well; may be empty
  std::string junit;   // where to write a report in JUnit's form; empty: nowhere
};
// 0: all as expected; 1: some are not; 2: a file is wrong, nothing was tested. Prints TAP.
int test_command(const TestOptions& options);

struct NotifyTestOptions {
  std::vector<std::string> receivers;  // their names; empty: all
  std::string config;                  // empty: as for run
  std::string severity = "page";       // of the made-up incident: "page", "ticket" or "info"
};
// Sends an incident that says it is a test, firing and resolved, and prints each answer.
// 0: all delivered; 1: some were not; 2: a mistake in the configuration or a name.
int notify_test_command(const NotifyTestOptions& options);
// Of one incident, or of all; `limit` is a number, or empty. 0: listed; 2: cannot say.
int notify_log_command(const AgentOptions& options, const std::string& incident,
                       const std::string& limit);

struct MarkOptions {
  std::string text;
  std::vector<std::string> labels;  // "group=payments"
  std::string at;                   // a moment; empty: now
};
// 0: done; 2: cannot say.
int mark_command(const AgentOptions& agent, const MarkOptions& options);

struct SilenceOptions {
  std::vector<std::string> matchers;  // "topic=payments-*"
  std::string lasts;                  // "2h"
  std::string until;                  // a moment, or "resolved"
  std::string from;                   // a moment; empty: now
  std::string author;                 // empty: as the environment says
  std::string comment;
  bool preview = false;
};
// 0: done; 2: no answer, or the agent refused it.
int silence_add_command(const AgentOptions& agent, const SilenceOptions& options);
int silence_list_command(const AgentOptions& options);
int silence_end_command(const AgentOptions& options, const std::string& id);

struct AckOptions {
  std::string incident;  // its number
  std::string by;        // empty: as the environment says
  std::string lasts;     // "2h"; empty: to its end
  bool end = false;      // withdraw it
};
// 0: done; 2: no answer, or the agent refused it.
int ack_command(const AgentOptions& agent, const AckOptions& options);

struct RouteOptions {
  std::vector<std::string> labels;  // "topic=orders"
  std::string config;               // empty: as for run
  std::string at;                   // a moment; empty: now
  bool json = false;
};
// Prints who hears of an alert with these labels. 0: somebody; 1: nobody, or not then; 2: mistakes.
int route_command(const RouteOptions& options);

struct MaintenanceOptions {
  std::string config;  // empty: as for run
  std::string at;      // a moment; empty: now
  std::string lasts;   // how far to look: "7d"
  bool json = false;
};
// Prints when the maintenance of a configuration is next. 0: printed; 2: mistakes.
int maintenance_next_command(const MaintenanceOptions& options);

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

// `name` is that of an alert rule or an SLO, `entity` a piece of the entity's text; empty: every
// one. 0: quiet; 1: it fires; 2: cannot say, or there is no such rule.
int explain_command(const AgentOptions& options, const std::string& name,
                    const std::string& entity);

int version_command(bool json);

}  // namespace highwater::agent
