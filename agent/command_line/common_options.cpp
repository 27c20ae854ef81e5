#include "agent/command_line/common_options.h"

namespace highwater::command_line {

Option config_option(const std::string& what) {
  return {.name = "config",
          .letter = "c",
          .value = "FILE",
          .help = what + " (default: ./highwater.yaml, then /etc/highwater/highwater.yaml).",
          .completes = Completes::file};
}

Option measures_option() {
  return {.name = "config",
          .letter = "c",
          .value = "FILE",
          .help = "A configuration whose own measures are known as well.",
          .completes = Completes::file};
}

Option json_option(const std::string& help) {
  return {.name = "json", .help = help};
}

Option no_color_option() {
  return {.name = "no-color", .help = "No colours, even on a terminal. NO_COLOR does the same."};
}

std::vector<Option> agent_options() {
  return {{.name = "url",
           .letter = "u",
           .value = "URL",
           .help = "Where the agent listens (default: HIGHWATER_URL, else 'listen' of the "
                   "configuration, else http://127.0.0.1:9877)."},
          config_option("The configuration of the agent: its 'listen' says where to ask"),
          json_option("The agent's own JSON instead of text."),
          no_color_option()};
}

}  // namespace highwater::command_line
