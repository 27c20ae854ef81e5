// The definitions of `highwater route`, `maintenance`, `silence`, `ack` and `mark`.
#include "agent/command_line/common_options.h"

namespace highwater::command_line {
namespace {

std::vector<ExitCode> silence_codes(const char* done) {
  return {{0, done}, {2, "no answer, or the agent refused it; standard error says why"}};
}

Command add() {
  std::vector<Option> options = {
      {.name = "for",
       .value = "DURATION",
       .help = "How long it lasts: 2h, 1d. This or --until is required.",
       .excludes = "until"},
      {.name = "until",
       .value = "TIME",
       .help = "When it ends, such as '2026-12-05 22:00' in UTC; or 'resolved': when the incidents "
               "that it hides now have ended."},
      {.name = "from", .value = "TIME", .help = "When it begins (default: now)."},
      {.name = "comment",
       .letter = "m",
       .value = "TEXT",
       .help = "Why. Required.",
       .required = true},
      {.name = "by",
       .value = "NAME",
       .help = "Whose it is (default: your login name, by SUDO_USER or USER)."},
      {.name = "preview", .help = "Only say which open incidents it would hide."}};
  for (Option& option : agent_options()) options.push_back(std::move(option));
  return {
      .name = "add",
      .section = "Silences",
      .summary = "suppress notifications of certain incidents for a while",
      .description =
          "Makes a silence on a running agent, and lists the open incidents that it hides. It "
          "hides every severity unless it names some. The end of an incident that was sent before "
          "is still sent.",
      .arguments = {{.name = "MATCHER",
                     .help = "What it is about: topic=payments-*, severity=ticket, "
                             "alertname=/^Lag/, incident=17. All labels must match; of several "
                             "values for one label any suffices.",
                     .repeatable = true,
                     .required = true}},
      .options = std::move(options),
      .examples =
          {{"highwater silence add cluster=prod broker=3 --for 2h -m 'new disks'",
            "while broker 3 is repaired"},
           {"highwater silence add incident=17 --until resolved -m 'known, fixed tomorrow'",
            "one incident until its end"},
           {"highwater silence add group=billing severity=ticket --for 1d -m test --preview",
            "what would be hidden?"}},
      .exit_codes = silence_codes("it was made")};
}

Command list() {
  return {.name = "list",
          .section = "Silences",
          .summary = "silences and maintenance, and what they hide",
          .description =
              "Lists the silences of a running agent, and the maintenance windows of its "
              "configuration, with the number of open incidents that each hides.",
          .options = agent_options(),
          .examples = {{"highwater silence list", "what is hidden now, and by whom?"}},
          .exit_codes = silence_codes("listed")};
}

Command end() {
  return {.name = "end",
          .section = "Silences",
          .summary = "end a silence",
          .description =
              "Ends a silence of a running agent. Incidents that it hid and that are still "
              "open are sent.",
          .arguments = {{.name = "ID",
                         .help = "The number of the silence, as 'highwater silence list' shows it.",
                         .required = true}},
          .options = agent_options(),
          .examples = {{"highwater silence end 3", "the work is done"}},
          .exit_codes = silence_codes("it has ended")};
}

}  // namespace

Command silence_definition() {
  return {.name = "silence",
          .section = kAskSection,
          .summary = "suppress notifications of certain incidents for a while",
          .description = "Makes, lists and ends silences on a running agent.",
          .commands = {add(), list(), end()}};
}

Command ack_definition() {
  std::vector<Option> options = {
      {.name = "by",
       .value = "NAME",
       .help = "Who looks after it (default: your login name, by SUDO_USER or USER)."},
      {.name = "for",
       .value = "DURATION",
       .help = "How long: 2h (default: until the incident ends).",
       .excludes = "end"},
      {.name = "end", .help = "End the acknowledgement."}};
  for (Option& option : agent_options()) options.push_back(std::move(option));
  return {
      .name = "ack",
      .section = kAskSection,
      .summary = "say that somebody looks after an incident",
      .description =
          "Acknowledges an open incident of a running agent: it is not repeated any more. Changes "
          "and its end are still sent. When its severity rises, or its title names another fault, "
          "the acknowledgement ends by itself.",
      .arguments = {{.name = "ID",
                     .help = "The incident's number, as 'highwater status' shows it.",
                     .required = true}},
      .options = std::move(options),
      .examples = {{"highwater ack 17", "I look after it"},
                   {"highwater ack 17 --by ann --for 2h", "repeat it again in two hours"}},
      .exit_codes = silence_codes("done")};
}

Command mark_definition() {
  std::vector<Option> options = {
      {.name = "at", .value = "TIME", .help = "When it was, in the last 7 days (default: now)."}};
  for (Option& option : agent_options()) options.push_back(std::move(option));
  return {
      .name = "mark",
      .section = kAskSection,
      .summary = "note a change outside of Kafka, such as a deployment",
      .description =
          "Notes a change on a running agent. It is listed on the page of changes, and in "
          "incidents that begin within half an hour: those about what its labels name, or all of "
          "them when it has no labels.",
      .arguments = {{.name = "TEXT", .help = "What changed, in a few words.", .required = true},
                    {.name = "LABEL",
                     .help =
                         "What it is about: cluster, topic, group or broker, like group=payments.",
                     .repeatable = true}},
      .options = std::move(options),
      .examples = {{"highwater mark 'deploy payments 1.42' group=payments", "from a deployment"},
                   {"highwater mark 'firewall changed' --at '2026-12-05 22:00'", "afterwards"}},
      .exit_codes = silence_codes("noted")};
}

Command route_definition() {
  return {
      .name = "route",
      .section = kGenerateSection,
      .summary = "the receivers of an alert, by the routes of a configuration",
      .description =
          "Says which lines of 'routes' an alert with these labels goes through, whose it is by "
          "'owners', who is notified, and whether 'maintenance' hides it. No agent needs to run.",
      .arguments = {{.name = "LABEL",
                     .help = "Labels of the alert, such as severity=page and topic=orders. The "
                             "cluster is known when there is one only.",
                     .repeatable = true,
                     .required = true}},
      .options = {config_option("The configuration"),
                  {.name = "at",
                   .value = "TIME",
                   .help = "When it happens, such as '2026-12-05 22:00' in UTC (default: now)."},
                  json_option("JSON instead of text.")},
      .examples = {{"highwater route severity=page topic=payments-orders", "who is woken now?"},
                   {"highwater route severity=ticket group=billing --at 2026-12-06T03:00:00+01:00",
                    "and on a Sunday night?"}},
      .exit_codes = {{0, "somebody is notified"},
                     {1, "nobody is notified, or not then"},
                     {2, "the configuration or the labels have mistakes"}}};
}

Command maintenance_definition() {
  Command next = {
      .name = "next",
      .section = "Maintenance",
      .summary = "when the maintenance of a configuration is on",
      .description =
          "Lists when the 'maintenance' of a configuration is on, now and in the time to come, "
          "what it hides, and whether its time counts for error budgets: once, at its hours, and "
          "as the events of its calendars (.ics). At most 100 of them. No agent needs to run.",
      .options = {config_option("The configuration"),
                  {.name = "at",
                   .value = "TIME",
                   .help = "From when on, such as '2026-12-05 22:00' in UTC (default: now)."},
                  {.name = "for",
                   .value = "DURATION",
                   .help = "How far to look, up to 366d (default: 30d)."},
                  json_option("JSON instead of text.")},
      .examples = {{"highwater maintenance next", "what is planned for this month?"},
                   {"highwater maintenance next --at 2027-03-27 --for 2d --json",
                    "and when the clocks change?"}},
      .exit_codes = {{0, "listed"}, {2, "the configuration or an option has mistakes"}}};
  return {.name = "maintenance",
          .section = kGenerateSection,
          .summary = "when the maintenance of a configuration is on",
          .description = "Says when the maintenance of a configuration is on.",
          .commands = {std::move(next)}};
}

}  // namespace highwater::command_line
