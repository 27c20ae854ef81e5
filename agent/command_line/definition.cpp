#include "agent/command_line/definition.h"

#include <algorithm>

#include "agent/command_line/common_options.h"

namespace highwater::command_line {
namespace {

constexpr const char* kStart = "Get started";
constexpr const char* kAsk = kAskSection;
constexpr const char* kRules = "Work on rules";
constexpr const char* kOther = "Other";

Command init() {
  return {
      .name = "init",
      .section = kStart,
      .summary = "look at a cluster and write a first configuration for it",
      .description =
          "Reads a Kafka cluster for a few seconds and writes highwater.yaml, and rules.yaml with "
          "SLOs for its busiest consumer groups. Both files are commented. Existing files are "
          "never overwritten.",
      .options = {{.name = "bootstrap",
                   .letter = "b",
                   .value = "HOST:PORT",
                   .help = "A broker of the cluster. On a terminal it is asked for when it is "
                           "not given."},
                  {.name = "name",
                   .value = "NAME",
                   .help = "What the cluster is called in alerts and metrics (default: kafka)."},
                  {.name = "security",
                   .value = "YAML",
                   .help = "TLS and login, as 'security' of a cluster in the configuration: "
                           "'{protocol: SSL, ca: /etc/ssl/kafka.pem}'."},
                  {.name = "folder",
                   .letter = "d",
                   .value = "FOLDER",
                   .help = "Where the files are written (default: the working directory).",
                   .completes = Completes::folder},
                  {.name = "wait",
                   .value = "DURATION",
                   .help = "How long the cluster is watched at most (default: 15s)."}},
      .examples = {{"highwater init --bootstrap kafka-1:9092", "a first configuration, here"},
                   {"highwater init -b kafka-1:9092 --name prod -d /etc/highwater",
                    "the same for the cluster 'prod', where the service looks for it"}},
      .exit_codes = {{0, "the files were written"},
                     {1, "a file exists already, or the cluster could not be read"}}};
}

Command check() {
  return {.name = "check",
          .section = kStart,
          .summary = "validate a configuration and its rule files",
          .description =
              "Validates configurations and all the rule files they name, and lists every mistake "
              "with its line and what to do. Nothing is contacted, unless you ask for it.",
          .arguments = {{.name = "FILE",
                         .help = "Configurations to validate (default: as for --config).",
                         .completes = Completes::file,
                         .repeatable = true}},
          .options = {config_option("The configuration to validate"),
                      {.name = "explain",
                       .help = "Also say what the rules mean: error budgets, and how long a fault "
                               "lasts until each rule fires."},
                      {.name = "connect",
                       .help = "Also connect to every broker of every cluster, once, and show each "
                               "step: the connection, TLS, the login, who answers, and what our "
                               "login may read. Ends within 15 seconds."},
                      json_option("JSON instead of text."),
                      no_color_option()},
          .examples = {{"highwater check", "validate ./highwater.yaml"},
                       {"highwater check --connect", "why can a broker not be reached?"},
                       {"highwater check --explain /etc/highwater/highwater.yaml",
                        "also: what do these rules mean?"},
                       {"highwater check --json highwater.yaml | jq '.mistakes[].what'",
                        "for a program that reads the mistakes"}},
          .exit_codes = {{0, "no mistakes; there may be warnings"},
                         {1, "there are mistakes"},
                         {3, "a broker cannot be used, or our login lacks a right (--connect)"}}};
}

Command run() {
  return {
      .name = "run",
      .section = kStart,
      .summary = "watch the clusters of a configuration until stopped",
      .description =
          "Watches the clusters of a configuration, judges them by its rules and notifies its "
          "receivers, until SIGTERM or Ctrl-C. SIGHUP reloads the configuration.",
      .options = {config_option("The configuration")},
      .examples = {{"highwater run", "with ./highwater.yaml"},
                   {"highwater run --config /etc/highwater/highwater.yaml", "as a service does"}},
      .exit_codes = {{0, "stopped by SIGTERM or Ctrl-C"},
                     {1,
                      "refused to start (mistakes in the configuration, port in use), or a "
                      "part did not stop in time"},
                     {130, "stopped by a second Ctrl-C, before everything was delivered"}}};
}

Command status() {
  return {
      .name = "status",
      .section = kAsk,
      .summary = "open incidents, brokers, the groups that lag most, error budgets",
      .description =
          "Shows what a running agent sees: open incidents first, then each cluster "
          "with its brokers, the groups that lag most and the error budgets.",
      .options = agent_options(),
      .examples = {{"highwater status", "the agent of ./highwater.yaml, or the one on this host"},
                   {"highwater status --url http://monitor:9877", "an agent elsewhere"},
                   {"highwater status --json | jq .incidents", "for a program"}},
      .exit_codes = {{0, "healthy"},
                     {1, "incidents are open"},
                     {2, "cannot say: no answer, or what was read is too old"}}};
}

Command watch() {
  std::vector<Option> options = agent_options();
  std::erase_if(options, [](const Option& option) { return option.name == "json"; });
  options.insert(options.begin(), {.name = "interval",
                                   .value = "DURATION",
                                   .help = "How often the agent is asked: 500ms to 1h (default: "
                                           "2s)."});
  return {
      .name = "watch",
      .section = kAsk,
      .summary = "what status shows, live: lists to search, sort and open",
      .description =
          "A live, full-screen view: open incidents, unknown values, clusters with their brokers, "
          "the error budgets with least left and the groups that lag most. Enter opens a row: an "
          "incident's whole text, why a budget burns, all topics of a group. '/' filters, 's' "
          "sorts, '?' lists the keys, 'q' quits. While the agent does not answer, the last answer "
          "stays, marked as old.",
      .options = std::move(options),
      .examples = {{"highwater watch", "the agent of ./highwater.yaml, or the one on this host"},
                   {"highwater watch --url http://monitor:9877 --interval 5s",
                    "an agent elsewhere, every five seconds"}},
      .exit_codes = {{0, "somebody quit"},
                     {2, "no terminal, one that cannot be drawn on, or a mistaken option"}}};
}

// What a hand types that knows top(1).
Command top() {
  Command command = watch();
  command.name = "top";
  command.summary = "another name of watch";
  command.examples = {{"highwater top", "as highwater watch"}};
  return command;
}

Command explain() {
  std::vector<Option> options = agent_options();
  options.insert(options.begin(),
                 {.name = "entity",
                  .value = "TEXT",
                  .help = "Only entities with all of these words in their text, such as "
                          "'group=payments topic=orders'."});
  return {.name = "explain",
          .section = kAsk,
          .summary = "why a rule fires or not, and what would end it",
          .description =
              "Explains an alert rule or an SLO on a running agent: what it judges, the "
              "values it sees, why it fires or is quiet, and what would end it.",
          .arguments = {{.name = "RULE",
                         .help = "The name of an alert rule or an SLO.",
                         .required = true}},
          .options = std::move(options),
          .examples = {{"highwater explain BrokerDown", "is any broker down, and why?"},
                       {"highwater explain consumer-lag --entity group=payments",
                        "the error budget of one group"}},
          .exit_codes = {{0, "quiet"},
                         {1, "it fires"},
                         {2, "cannot say: no answer, no such rule, or nothing of it is known"}}};
}

Command incidents() {
  std::vector<Option> options = agent_options();
  options.insert(options.begin(),
                 {.name = "last",
                  .value = "DURATION",
                  .help = "How far back: 12h, 7d (default: 7d). Thirty days are kept."});
  return {.name = "incidents",
          .section = kAsk,
          .summary = "incidents of the last days, open and ended",
          .description = "Lists the incidents of a running agent, open and ended, newest first.",
          .options = std::move(options),
          .examples = {{"highwater incidents", "the last seven days"},
                       {"highwater incidents --last 30d --json",
                        "everything that is kept, for a program"}},
          .exit_codes = {{0, "listed"}, {2, "cannot say: no answer"}}};
}

Command test() {
  return {.name = "test",
          .section = kRules,
          .summary = "test rules on series of your own, and who is notified",
          .description =
              "Runs rule tests, which compare what fires on given series with what should, and "
              "routing tests, which compare the receivers of an alert with those that it should "
              "have. Prints TAP.",
          .arguments = {{.name = "FILE",
                         .help = "Files of rule tests or routing tests.",
                         .completes = Completes::file,
                         .repeatable = true,
                         .required = true}},
          .options = {{.name = "config",
                       .letter = "c",
                       .value = "FILE",
                       .help = "A configuration whose own measures are known as well, and whose "
                               "maintenance excludes time from error budgets.",
                       .completes = Completes::file},
                      {.name = "junit",
                       .value = "FILE",
                       .help = "Also write a report in JUnit's format.",
                       .completes = Completes::file}},
          .examples = {{"highwater test rules_test.yaml", "run the tests of a file"},
                       {"highwater test --junit report.xml tests/*.yaml", "in a build pipeline"}},
          .exit_codes = {{0, "all tests passed"},
                         {1, "a test failed"},
                         {2, "a file has mistakes; nothing was tested"}}};
}

Command replay() {
  return {.name = "replay",
          .section = kRules,
          .summary = "when would these rules have fired on recorded data?",
          .description =
              "Plays recorded data to rules and lists when each would have fired and what "
              "was left of the error budgets. With --against it compares two sets of rules.",
          .arguments = {{.name = "DATA",
                         .help = "Recordings of an agent (folders or files), files of series, or "
                                 "rule tests.",
                         .completes = Completes::file,
                         .repeatable = true,
                         .required = true}},
          .options = {{.name = "rules",
                       .value = "FILE",
                       .help = "A rule file, or a folder of them.",
                       .completes = Completes::file,
                       .repeatable = true,
                       .required = true},
                      {.name = "against",
                       .value = "FILE",
                       .help = "Rules to compare with; what only one of the two fires is marked.",
                       .completes = Completes::file,
                       .repeatable = true},
                      {.name = "builtin", .help = "With the built-in rules."},
                      measures_option(),
                      json_option("JSON instead of tables.")},
          .examples = {{"highwater replay --rules rules.yaml /var/lib/highwater/recording",
                        "what these rules would have said"},
                       {"highwater replay --rules new.yaml --against old.yaml recording",
                        "what the change makes of it"}},
          .exit_codes = {{0, "played"}, {2, "a file has mistakes"}}};
}

Command version() {
  return {.name = "version",
          .section = kOther,
          .summary = "show version, commit and date",
          .description = "Shows the version, and the commit it was built from with its date.",
          .options = {json_option("JSON instead of text.")},
          .examples = {{"highwater version", "for a bug report"}}};
}

Command help() {
  return {
      .name = "help",
      .section = kOther,
      .summary = "show the help of a command",
      .description = "Shows the help of a command.",
      .arguments = {{.name = "COMMAND", .help = "The command.", .repeatable = true}},
      .examples = {{"highwater help generate prometheus", "options and examples of one command"}}};
}

Command program() {
  return {.name = "highwater",
          .summary = "Kafka monitoring and SLO alerting",
          .description =
              "Highwater watches Kafka, judges service-level objectives and notifies people "
              "with cause and runbook.",
          .options = {{.name = "version", .letter = "V", .help = "Show version, commit and date."}},
          .examples = {{"highwater init --bootstrap kafka-1:9092", "write a first configuration"},
                       {"highwater check", "validate it"},
                       {"highwater run", "watch, with metrics and a status page on port 9877"},
                       {"highwater status", "what is wrong now?"}},
          .commands = {init(),
                       check(),
                       run(),
                       status(),
                       watch(),
                       top(),
                       explain(),
                       incidents(),
                       silence_definition(),
                       ack_definition(),
                       mark_definition(),
                       test(),
                       replay(),
                       import_definition(),
                       generate_definition(),
                       notify_definition(),
                       route_definition(),
                       maintenance_definition(),
                       version(),
                       help()}};
}

}  // namespace

const Command& definition() {
  static const Command program_definition = program();
  return program_definition;
}

const Command* find_command(const Command& parent, std::string_view name) {
  const auto found = std::ranges::find(parent.commands, name, &Command::name);
  return found == parent.commands.end() ? nullptr : &*found;
}

const Option* find_option(const Command& command, std::string_view name) {
  const auto found = std::ranges::find(command.options, name, &Option::name);
  return found == command.options.end() ? nullptr : &*found;
}

const std::vector<ExitCode>& common_exit_codes() {
  static const std::vector<ExitCode> codes{
      {kUsageExit, "the command line cannot be understood; standard error says why"}};
  return codes;
}

const std::vector<Named>& environment() {
  static const std::vector<Named> variables{
      {"HIGHWATER_URL",
       "Where status, watch, explain, incidents and silence find the agent, unless --url says it."},
      {"HIGHWATER_LOGIN", "Their login, 'user:password' or a token, unless --login names a file."},
      {"HIGHWATER_CA", "The certificate authorities that they trust, unless --ca says it."},
      {"HIGHWATER_CERT", "Their certificate with its key, unless --cert says it."},
      {"NO_COLOR", "When it is set: no colours."},
      {"CLICOLOR_FORCE", "When it is set and not 0: colours even where there is no terminal."},
      {"COLUMNS", "How wide texts and tables are, instead of the width of the terminal."},
      {"STATE_DIRECTORY",
       "Where run keeps its state when the configuration does not say; systemd sets it."},
      {"OTEL_*",
       "OpenTelemetry's variables for traces; docs/configuration.md lists those that are read."}};
  return variables;
}

const std::vector<Named>& files() {
  static const std::vector<Named> names{
      {"./highwater.yaml", "The configuration, when it is there and --config is not given."},
      {"/etc/highwater/highwater.yaml", "The configuration otherwise."}};
  return names;
}

}  // namespace highwater::command_line
