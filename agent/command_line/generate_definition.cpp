// The definition of `highwater generate` and of `highwater import`.
#include "agent/command_line/common_options.h"

namespace highwater::command_line {
namespace {

constexpr const char* kMonitoring = "For Prometheus and Grafana";
constexpr const char* kKafka = "For Kafka";
constexpr const char* kEditing = "For editors and shells";
constexpr const char* kReference = "References";

Command prometheus() {
  Option config = config_option("The configuration whose rules are written");
  config.excludes = "rules";
  return {
      .name = "prometheus",
      .section = kMonitoring,
      .summary = "SLOs and alert rules as Prometheus rules",
      .description = "Writes SLOs and alert rules as a Prometheus rule file to standard output.",
      .options = {config,
                  {.name = "rules",
                   .value = "FILE",
                   .help = "A rule file or folder, instead of a configuration.",
                   .completes = Completes::file,
                   .repeatable = true},
                  {.name = "measures",
                   .value = "FILE",
                   .help = "With --rules: a configuration whose own measures are known as well.",
                   .completes = Completes::file},
                  {.name = "builtin", .help = "Also the built-in alert rules."},
                  {.name = "interval",
                   .value = "DURATION",
                   .help = "How often Prometheus evaluates the rules (default: by their windows)."},
                  {.name = "url",
                   .value = "URL",
                   .help = "Where people read the agent's runbooks (default: as configured)."}},
      .examples = {{"highwater generate prometheus > highwater.rules.yaml",
                    "the rules of ./highwater.yaml"},
                   {"highwater generate prometheus --rules slos.yaml --builtin",
                    "a rule file by itself, with the built-in rules"}},
      .exit_codes = {{0, "written"}, {1, "there are mistakes in a file"}}};
}

Command scrape() {
  return {.name = "scrape",
          .section = kMonitoring,
          .summary = "how Prometheus scrapes this agent",
          .description = "Writes a scrape configuration for Prometheus to standard output.",
          .options = {config_option("The configuration"),
                      {.name = "service-monitor", .help = "For the Prometheus Operator."}},
          .examples = {{"highwater generate scrape", "an entry of scrape_configs"},
                       {"highwater generate scrape --service-monitor | kubectl apply -f -",
                        "for the Prometheus Operator"}},
          .exit_codes = {{0, "written"}, {1, "there are mistakes in the configuration"}}};
}

Command dashboards() {
  return {
      .name = "dashboards",
      .section = kMonitoring,
      .summary = "Grafana dashboards with the thresholds of your rules",
      .description =
          "Writes Grafana dashboards into a folder, with the thresholds of the rules "
          "and links to runbooks.",
      .arguments = {{.name = "FOLDER",
                     .help = "Where the files are written.",
                     .completes = Completes::folder,
                     .required = true}},
      .options = {{.name = "config",
                   .letter = "c",
                   .value = "FILE",
                   .help = "Whose rules and measures (default: the built-in ones).",
                   .completes = Completes::file}},
      .examples = {{"highwater generate dashboards /var/lib/grafana/dashboards -c highwater.yaml",
                    "dashboards of your own rules"}},
      .exit_codes = {{0, "written"},
                     {1, "a mistake in the configuration, or a file cannot be written"}}};
}

Command acls() {
  return {
      .name = "acls",
      .section = kKafka,
      .summary = "the rights that the agent needs in Kafka",
      .description =
          "Writes commands or policies to standard output that grant the agent the rights it "
          "needs, and no others. Include lists of topics and groups make them narrow; a canary's "
          "topic is added.",
      .options = {config_option("The configuration"),
                  {.name = "cluster", .value = "NAME", .help = "One cluster of it (default: all)."},
                  {.name = "principal",
                   .value = "PRINCIPAL",
                   .help = "The agent's principal in Kafka (default: as it logs in, else "
                           "User:highwater)."},
                  {.name = "format",
                   .value = "FORMAT",
                   .help = "Commands of Kafka's or Confluent's tools, the authorization of a "
                           "KafkaUser, or a policy of AWS (default: kafka-acls).",
                   .words = {"kafka-acls", "strimzi", "aws-iam", "confluent"}}},
      .examples = {{"highwater generate acls", "for an administrator to run"},
                   {"highwater generate acls --format strimzi --principal User:highwater",
                    "for a KafkaUser"}},
      .exit_codes = {{0, "written"},
                     {1, "there are mistakes in the configuration, or no such cluster"}}};
}

Command schema() {
  return {.name = "schema",
          .section = kEditing,
          .summary = "JSON Schema of the configuration or of rule files",
          .description =
              "Writes a JSON Schema to standard output, for editors that complete and check.",
          .arguments = {{.name = "KIND",
                         .help = "Which kind of file.",
                         .words = {"config", "rules"},
                         .required = true}},
          .options = {measures_option()},
          .examples = {{"highwater generate schema rules > rules.schema.json", "for rule files"}},
          .exit_codes = {{0, "written"}, {1, "there are mistakes in the configuration"}}};
}

Command completion() {
  return {
      .name = "completion",
      .section = kEditing,
      .summary = "command completion for bash, zsh or fish",
      .description = "Writes a script that completes Highwater's command line to standard output.",
      .arguments = {{.name = "SHELL",
                     .help = "Which shell.",
                     .words = {"bash", "zsh", "fish"},
                     .required = true}},
      .examples = {
          {"source <(highwater generate completion bash)", "in this shell, now"},
          {"highwater generate completion fish > ~/.config/fish/completions/highwater.fish",
           "for every fish from now on"}}};
}

Command man() {
  return {.name = "man",
          .section = kReference,
          .summary = "manual pages of all commands",
          .description = "Writes manual pages into a folder: one for each command.",
          .arguments = {{.name = "FOLDER",
                         .help = "Where the files are written.",
                         .completes = Completes::folder,
                         .required = true}},
          .examples = {{"highwater generate man man1 && man ./man1/highwater.1", "read them"}},
          .exit_codes = {{0, "written"}, {1, "a file cannot be written"}}};
}

Command openapi() {
  return {
      .name = "openapi",
      .section = kReference,
      .summary = "the agent's HTTP API as OpenAPI 3.1",
      .description =
          "Writes the OpenAPI description of the agent's HTTP API to standard output. A running "
          "agent serves the same at /api/v1/openapi.yaml.",
      .examples = {{"highwater generate openapi > highwater-api.yaml", "for a client generator"}},
      .exit_codes = {{0, "written"}}};
}

Command reference(const std::string& name, const std::string& of) {
  return {.name = name,
          .section = kReference,
          .summary = of + " as Markdown",
          .description = "Writes the reference of " + of + " as Markdown to standard output.",
          .examples = {{"highwater generate " + name + " > " + name + ".md", "read it"}}};
}

}  // namespace

Command generate_definition() {
  return {.name = "generate",
          .section = kGenerateSection,
          .summary = "write Prometheus rules, dashboards, schemas, completions",
          .description =
              "Writes Prometheus rules, Grafana dashboards, JSON Schema, scrape "
              "configuration, shell completions and references.",
          .commands = {prometheus(), scrape(), dashboards(), acls(), schema(), completion(), man(),
                       openapi(), reference("metrics", "every metric"),
                       reference("command-line", "the command line")}};
}

const Command& import_definition() {
  static const Command command{
      .name = "import",
      .section = kGenerateSection,
      .summary = "take over SLOs, Alertmanager's routes, or a Kafka client's properties",
      .description =
          "Converts a file and writes the result to standard output: SLOs of Sloth or OpenSLO "
          "become a rule file; receivers, routes and muted hours of an Alertmanager become "
          "sections of a configuration; properties of a Kafka client (Java's or librdkafka's) "
          "become the connection and login of a cluster. Losses are listed on standard error and "
          "at the head of the output. The program highwater-import does the work.",
      .arguments = {{.name = "FROM",
                     .help = "What the file is.",
                     .words = {"sloth", "openslo", "alertmanager", "client-properties"},
                     .required = true},
                    {.name = "FILE",
                     .help = "The file; - is standard input.",
                     .completes = Completes::file,
                     .required = true}},
      .options = {{.name = "config",
                   .letter = "c",
                   .value = "FILE",
                   .help = "A configuration whose own measures, metrics, clusters and runbooks are "
                           "known as well.",
                   .completes = Completes::file},
                  {.name = "severity",
                   .value = "THEIRS=OURS",
                   .help = "Of Alertmanager: a value of its label severity, and what it is here: "
                           "page, ticket or info (default: critical=page, warning=ticket, "
                           "info=info; also page and ticket by their own names).",
                   .repeatable = true},
                  {.name = "version", .help = "Show the version."}},
      .examples = {{"highwater import sloth slos.yaml > rules.yaml", "a file of Sloth"},
                   {"cat *.yaml | highwater import openslo -", "OpenSLO from standard input"},
                   {"highwater import alertmanager --severity error=ticket alertmanager.yml",
                    "receivers, routes and maintenance"},
                   {"highwater import client-properties client.properties > highwater.yaml",
                    "how to connect to a secured cluster"}},
      .exit_codes = {{0, "everything was taken over"},
                     {1, "with losses, which are listed"},
                     {2, "nothing could be taken over, or the file cannot be read"}}};
  return command;
}

}  // namespace highwater::command_line
