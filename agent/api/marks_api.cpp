#include "agent/api/marks_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "agent/api/api_reply.h"
#include "agent/api/github_marks.h"
#include "exporters/push/utf8.h"
#include "rules/routing/moment.h"

namespace highwater::agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxTextBytes = 300;
constexpr size_t kMaxLabelBytes = 300;  // longer than any name in Kafka
constexpr Duration kOldest = std::chrono::hours(24 * 7);
constexpr Duration kAhead = std::chrono::minutes(1);  // clocks differ
// In the order in which entities have them.
constexpr std::array<std::string_view, 4> kLabels{"broker", "cluster", "group", "topic"};

struct Mark {
  WallTime at;
  Entity about;
  std::string text;
};

// What is of another type than it should be throws.
Result<Mark> mark_of(const Json& json, WallTime now) {
  for (const auto& [key, value] : json.items()) {
    if (key != "text" && key != "labels" && key != "at")
      return fail(fmt::format("a mark has no '{}': it has 'text', 'labels' and 'at'", key));
  }
  Mark mark;
  mark.text = utf8::clean(json.value("text", ""), kMaxTextBytes, utf8::Lines::join);
  if (mark.text.find_first_not_of(' ') == std::string::npos)
    return fail("'text' must say what changed");
  const Json labels = json.value("labels", Json::object());
  for (const auto& [name, value] : labels.items()) {
    if (std::ranges::find(kLabels, name) == kLabels.end())
      return fail(
          fmt::format("'labels' has '{}': only cluster, topic, group and broker are known", name));
    if (value.get<std::string>().size() > kMaxLabelBytes)
      return fail(fmt::format("the label '{}' is too long", name));
  }
  for (const std::string_view name : kLabels) {
    const auto found = labels.find(name);
    if (found != labels.end())
      mark.about.labels.emplace_back(Symbol(name), Symbol(found->get<std::string>()));
  }
  mark.at = now;
  if (!json.contains("at")) return mark;
  const Result<WallTime> at = rules::parse_moment(json.at("at").get<std::string>());
  if (!at) return fail("'at': " + at.error().message);
  if (*at > now + kAhead) return fail("'at' has not come yet");
  if (*at + kOldest < now) return fail("'at' is more than " + format_duration(kOldest) + " ago");
  mark.at = std::min(*at, now);
  return mark;
}

Result<Mark> read_mark(const Json& json, WallTime now) {
  if (!json.is_object()) return fail("the body is no JSON object");
  try {
    return mark_of(json, now);
  } catch (const std::exception&) {
    return fail("'text' and 'at' are texts, 'labels' is an object of texts");
  }
}

struct MarksContext {
  changes::Ledger& changes;
  std::function<void()> marked;
  const Clock& clock;
  Log& log;
};

http::Reply add_mark(const MarksContext& context, const Json& json) {
  const Result<Mark> mark = read_mark(json, context.clock.now().wall);
  if (!mark) return refusal(400, mark.error().message);
  context.changes.mark(mark->at, mark->about, mark->text);
  context.marked();
  context.log.info("mark", {{"text", mark->text}, {"about", mark->about.text()}});
  return json_reply(201, {{"at", format_time(mark->at)}, {"text", mark->text}});
}

// What it is about stands in the webhook's address: GitHub cannot know.
http::Reply add_github_mark(const MarksContext& context, const http::ServerRequest& request) {
  const Json payload = Json::parse(request.body, nullptr, false);
  auto json = mark_of_github(request.header("X-GitHub-Event"), payload);
  if (!json) return refusal(400, json.error().message);
  if (!*json) return json_reply(200, {{"noted", false}});
  Json labels = Json::object();
  for (const auto& [name, value] : request.query) labels[name] = value;
  (**json)["labels"] = std::move(labels);
  return add_mark(context, **json);
}

}  // namespace

void add_marks_api(http::Server& server, changes::Ledger& changes, std::function<void()> marked,
                   const Clock& clock, Log& log) {
  const auto context =
      std::make_shared<const MarksContext>(MarksContext{changes, std::move(marked), clock, log});
  server.add("POST", "/api/v1/marks", [context](const http::ServerRequest& request) {
    if (auto refused = refuse_json_change(request)) return std::move(*refused);
    return add_mark(*context, Json::parse(request.body, nullptr, false));
  });
  server.add("POST", "/api/v1/marks/github", [context](const http::ServerRequest& request) {
    if (auto refused = refuse_json_change(request)) return std::move(*refused);
    return add_github_mark(*context, request);
  });
}

}  // namespace highwater::agent
