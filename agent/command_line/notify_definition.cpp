// The definition of `highwater notify`.
#include "agent/command_line/common_options.h"

namespace highwater::command_line {
namespace {

Command test() {
  return {.name = "test",
          .section = "Receivers",
          .summary = "send a test incident to receivers",
          .description =
              "Sends a test incident to receivers of a configuration, first firing, then resolved, "
              "and prints each answer. No agent needs to run.",
          .arguments = {{.name = "RECEIVER",
                         .help = "Names of receivers (default: all of the configuration).",
                         .repeatable = true}},
          .options = {config_option("The configuration"),
                      {.name = "severity",
                       .value = "SEVERITY",
                       .help = "Of the incident (default: page).",
                       .words = {"page", "ticket", "info"}}},
          .examples = {{"highwater notify test", "try every receiver"},
                       {"highwater notify test oncall --severity ticket", "one, quietly"}},
          .exit_codes = {{0, "all were delivered"},
                         {1, "some were not"},
                         {2, "the configuration has mistakes, or no receiver of that name"}}};
}

Command log() {
  std::vector<Option> options = {
      {.name = "incident", .value = "ID", .help = "Only of that incident."},
      {.name = "limit", .value = "COUNT", .help = "At most so many, up to 500 (default: 30)."}};
  for (Option& option : agent_options()) options.push_back(std::move(option));
  return {
      .name = "log",
      .section = "Receivers",
      .summary = "what a running agent sent to whom, and the outcome",
      .description =
          "Lists the newest deliveries of a running agent: time, receiver, incident and outcome. "
          "Long lines are cut; --json has the whole text. The last 2,000 of 30 days are kept, "
          "also over a restart.",
      .options = std::move(options),
      .examples = {{"highwater notify log", "the newest ones"},
                   {"highwater notify log --incident 17", "did the page go out?"}},
      .exit_codes = {{0, "listed"}, {2, "no answer; standard error says why"}}};
}

}  // namespace

Command notify_definition() {
  return {.name = "notify",
          .section = kGenerateSection,
          .summary = "test the receivers, and list the notifications that were sent",
          .description = "Works with the receivers of notifications.",
          .commands = {log(), test()}};
}

}  // namespace highwater::command_line
