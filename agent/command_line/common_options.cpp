#include "agent/command_line/common_options.h"

namespace highwater::command_line {

Option config_option(const std::string& what) {
  return {.name = "config",
          .letter = "c",
          .value = "FILE",
          .help = what + " (default: ./highwater.yaml, else the one in /etc/highwater).",
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
          config_option("The configuration of the agent: its 'listen' and 'web_config' say where "
                        "and how to ask"),
          {.name = "ca",
           .value = "FILE",
           .help = "Certificate authorities to trust, as PEM (default: HIGHWATER_CA, else the "
                   "system's; the agent of a configuration is known by its certificate).",
           .completes = Completes::file},
          {.name = "cert",
           .value = "FILE",
           .help = "A client's certificate with its key, as PEM, for an agent that asks for one "
                   "(default: HIGHWATER_CERT).",
           .completes = Completes::file},
          {.name = "login",
           .value = "FILE",
           .help = "A file whose first line is 'user:password' or a token (default: that text in "
                   "HIGHWATER_LOGIN, else a token of 'web_config' that can be read).",
           .completes = Completes::file},
          json_option("The agent's own JSON instead of text."),
          no_color_option()};
}

}  // namespace highwater::command_line
