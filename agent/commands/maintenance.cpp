// highwater maintenance next: when the maintenance of a configuration is on, and what it hides.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/command_line/terminal_settings.h"
#include "agent/commands/commands.h"
#include "agent/commands/find_config.h"
#include "agent/config/config.h"
#include "exporters/status/terminal.h"
#include "rules/routing/moment.h"

namespace highwater::agent {
namespace {

using Json = nlohmann::ordered_json;
using rules::Silence;
using rules::WallInterval;

constexpr int kMistake = 2;
constexpr size_t kMostListed = 100;
constexpr Duration kLongest = std::chrono::hours(24) * 366;
constexpr size_t kWidest = 160;

struct Occurrence {
  WallInterval interval;
  const Silence* window = nullptr;
};

struct Plan {
  std::vector<Occurrence> listed;      // by their begin
  size_t more = 0;                     // that are not listed
  std::vector<const Silence*> absent;  // which are not on in that time
};

int mistaken(const std::string& text) {
  std::cerr << "highwater maintenance next: " << text << "\n";
  return kMistake;
}

Plan plan_of(const Config& config, WallTime from, WallTime until) {
  Plan plan;
  for (const Silence& window : config.routing.maintenance) {
    const size_t before = plan.listed.size();
    for (auto next = window.next(from); next && next->begin < until;
         next = window.next(next->end)) {
      plan.listed.push_back({*next, &window});
    }
    if (plan.listed.size() == before) plan.absent.push_back(&window);
  }
  std::ranges::stable_sort(plan.listed, {},
                           [](const Occurrence& one) { return one.interval.begin; });
  if (plan.listed.size() > kMostListed) {
    plan.more = plan.listed.size() - kMostListed;
    plan.listed.resize(kMostListed);
  }
  return plan;
}

std::vector<std::string> events_of(const Occurrence& one) {
  if (one.window->calendar == nullptr) return {};
  return one.window->calendar->summaries(one.interval);
}

std::string plain_text(const Plan& plan, WallTime at, Duration lasts) {
  TerminalText out({command_line::wants_colour(STDOUT_FILENO, false),
                    command_line::terminal_width(STDOUT_FILENO, kWidest),
                    command_line::is_terminal(STDOUT_FILENO)});
  std::vector<std::vector<TextCell>> rows{{{"FROM", Ink::soft},
                                           {"UNTIL", Ink::soft},
                                           {"NAME", Ink::soft},
                                           {"HIDES", Ink::soft},
                                           {"BUDGET", Ink::soft},
                                           {"WHY", Ink::soft}}};
  for (const Occurrence& one : plan.listed) {
    const bool on = one.interval.begin <= at;
    std::vector<std::string> why = events_of(one);
    if (!one.window->comment.empty()) why.push_back(one.window->comment);
    rows.push_back({{format_time(one.interval.begin), on ? Ink::yellow : Ink::plain},
                    {format_time(one.interval.end)},
                    {one.window->name},
                    {one.window->matcher.text()},
                    {one.window->excludes_budget ? "excluded" : "counts"},
                    {fmt::format("{}", fmt::join(why, ", "))}});
  }
  if (rows.size() > 1) out.table(rows);
  if (plan.more > 0) out.line(fmt::format("and {} more", plan.more));
  for (const Silence* const window : plan.absent)
    out.line(
        fmt::format("{} ({}): not within {}", window->name, window->where, format_duration(lasts)));
  if (plan.listed.empty() && plan.absent.empty()) out.line("there is no maintenance");
  return out.take();
}

std::string json_text(const Plan& plan, WallTime at) {
  Json list = Json::array();
  for (const Occurrence& one : plan.listed)
    list.push_back({{"name", one.window->name},
                    {"begins", format_time(one.interval.begin)},
                    {"ends", format_time(one.interval.end)},
                    {"active", one.interval.begin <= at},
                    {"matchers", one.window->matcher.texts()},
                    {"budget", one.window->excludes_budget ? "exclude" : "count"},
                    {"events", events_of(one)},
                    {"comment", one.window->comment},
                    {"where", one.window->where}});
  Json absent = Json::array();
  for (const Silence* const window : plan.absent) absent.push_back(window->name);
  const Json json{{"maintenance", std::move(list)}, {"more", plan.more}, {"not_on", absent}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int maintenance_next_command(const MaintenanceOptions& options) {
  WallTime at = SystemClock().now().wall;
  if (!options.at.empty()) {
    const Result<WallTime> moment = rules::parse_moment(options.at);
    if (!moment) return mistaken("--at: " + moment.error().message);
    at = *moment;
  }
  const auto lasts = parse_duration(options.lasts);
  if (!lasts) return mistaken("--for: " + lasts.error().message);
  if (*lasts <= Duration::zero() || *lasts > kLongest)
    return mistaken("--for: choose up to " + format_duration(kLongest));
  Diagnostics diagnostics;
  const auto config = read_found_config(options.config, diagnostics);
  if (!config) {
    print_mistakes(diagnostics);
    return kMistake;
  }
  const Plan plan = plan_of(*config, at, at + *lasts);
  std::cout << (options.json ? json_text(plan, at) : plain_text(plan, at, *lasts));
  return 0;
}

}  // namespace highwater::agent
