// Parts of the definition of the command line that several commands have. Used by the definition
// alone.
#pragma once

#include <string>
#include <vector>

#include "agent/command_line/definition.h"

namespace highwater::command_line {

constexpr const char* kAskSection = "Ask a running agent";
constexpr const char* kGenerateSection = "Work with other programs";

// `what` begins the sentence: "The configuration".
[[nodiscard]] Option config_option(const std::string& what);
// --config for commands that need no configuration, and know more measures with one.
[[nodiscard]] Option measures_option();
[[nodiscard]] Option json_option(const std::string& help);
[[nodiscard]] Option no_color_option();
// How a running agent is found and shown.
[[nodiscard]] std::vector<Option> agent_options();

[[nodiscard]] Command generate_definition();
[[nodiscard]] Command notify_definition();
[[nodiscard]] Command route_definition();
[[nodiscard]] Command maintenance_definition();
[[nodiscard]] Command silence_definition();
[[nodiscard]] Command ack_definition();
[[nodiscard]] Command mark_definition();

}  // namespace highwater::command_line
