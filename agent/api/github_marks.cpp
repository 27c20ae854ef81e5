#include "agent/api/github_marks.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

namespace highwater::agent {
namespace {

using Json = nlohmann::ordered_json;

// What is missing or of another type throws.
std::optional<Json> deployment(const Json& payload) {
  const Json& status = payload.at("deployment_status");
  const auto state = status.at("state").get<std::string>();
  const bool done = state == "success";
  if (!done && state != "failure" && state != "error") return std::nullopt;
  const Json& deployed = payload.at("deployment");
  return Json{
      {"text",
       fmt::format("{} {} {} to {}", payload.at("repository").at("full_name").get<std::string>(),
                   deployed.at("ref").get<std::string>(), done ? "deployed" : "failed to deploy",
                   deployed.at("environment").get<std::string>())},
      {"at", status.at("created_at").get<std::string>()}};
}

std::optional<Json> release(const Json& payload) {
  if (payload.at("action").get<std::string>() != "published") return std::nullopt;
  const Json& released = payload.at("release");
  return Json{{"text", fmt::format("{} released {}",
                                   payload.at("repository").at("full_name").get<std::string>(),
                                   released.at("tag_name").get<std::string>())},
              {"at", released.at("published_at").get<std::string>()}};
}

}  // namespace

Result<std::optional<Json>> mark_of_github(std::string_view event, const Json& payload) {
  try {
    if (event == "deployment_status") return deployment(payload);
    if (event == "release") return release(payload);
  } catch (const std::exception&) {
    return fail(fmt::format("the body is not what GitHub sends as '{}'", event));
  }
  return std::optional<Json>();
}

}  // namespace highwater::agent
