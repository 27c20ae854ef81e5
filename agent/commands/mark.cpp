// highwater mark: tells a running agent of a change outside of Kafka.
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/commands/ask_agent.h"
#include "agent/commands/commands.h"
#include "rules/routing/moment.h"

namespace highwater::agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kCannotSay = 2;

int mistaken(const std::string& text) {
  std::cerr << "highwater mark: " << text << "\n";
  return kCannotSay;
}

}  // namespace

int mark_command(const AgentOptions& agent, const MarkOptions& options) {
  Json body{{"text", options.text}, {"labels", Json::object()}};
  for (const std::string& label : options.labels) {
    const size_t sign = label.find('=');
    if (sign == std::string::npos || sign == 0)
      return mistaken(fmt::format("'{}' is no label: write it like group=payments", label));
    body["labels"][label.substr(0, sign)] = label.substr(sign + 1);
  }
  if (!options.at.empty()) {
    const auto at = rules::parse_moment(options.at);
    if (!at) return mistaken("--at: " + at.error().message);
    body["at"] = format_time(*at);
  }
  const auto answer = change_agent(agent, "api/v1/marks",
                                   body.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!answer) return kCannotSay;
  if (agent.json) {
    std::cout << *answer;
    return 0;
  }
  const Json mark = Json::parse(*answer, nullptr, false);
  std::cout << fmt::format("marked at {}\n", mark.is_object() ? mark.value("at", "") : "");
  return 0;
}

}  // namespace highwater::agent
