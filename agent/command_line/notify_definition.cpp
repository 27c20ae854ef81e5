// The definition of `highwater notify`.
#include "agent/command_line/common_options.h"

namespace highwater::command_line {
namespace {

Command test() {
  return {.name = "test",
          .section = "Receivers",
          .summary = "send receivers an incident that says it is a test",
          .description =
              "Sends receivers of a configuration an incident that says it is a test, first firing, "
              "then resolved, and prints what each answers. No agent needs to run.",
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

}  // namespace

Command notify_definition() {
  return {.name = "notify",
          .section = kGenerateSection,
          .summary = "try the receivers of notifications",
          .description = "Works with the receivers of notifications.",
          .commands = {test()}};
}

}  // namespace highwater::command_line
