// highwater silence and highwater ack: ask a running agent.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/command_line/terminal_settings.h"
#include "agent/commands/ask_agent.h"
#include "agent/commands/commands.h"
#include "agent/core/time.h"
#include "exporters/json_fields.h"
#include "exporters/status/terminal.h"
#include "rules/routing/moment.h"

namespace highwater::agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kCannotSay = 2;
constexpr size_t kWidest = 200;

int mistaken(const std::string& text) {
  std::cerr << "highwater: " << text << "\n";
  return kCannotSay;
}

// Empty: nobody knows.
std::string user_name() {
  for (const char* const variable : {"SUDO_USER", "USER", "LOGNAME"}) {
    const char* const name = std::getenv(variable);
    if (name != nullptr && *name != '\0') return name;
  }
  return "";
}

std::vector<std::string> texts(const Json& silence, const char* key) {
  std::vector<std::string> found;
  const auto list = silence.find(key);
  if (list == silence.end() || !list->is_array()) return found;
  for (const Json& item : *list) {
    if (item.is_string()) found.push_back(clean(item.get<std::string>()));
  }
  return found;
}

std::string matchers_text(const Json& silence) {
  return fmt::format("{}", fmt::join(texts(silence, "matchers"), " "));
}

std::string end_text(const Json& silence) {
  if (const std::string ends = text_of(silence, "ends"); !ends.empty()) return describe_time(ends);
  if (const std::string during = text_of(silence, "during"); !during.empty()) return during;
  return "what it hides has ended";
}

void write_hidden(const Json& silence, TerminalText& out) {
  const auto hidden = list_of(silence, "hides");
  if (hidden.empty()) out.line("it hides nothing now");
  for (const Json& incident : hidden)
    out.line(fmt::format("hides {} {:.0f}: {}", text_of(incident, "severity"),
                         number_of(incident, "id"), text_of(incident, "title")),
             Ink::yellow, 2);
}

void write_last_week(const Json& silence, TerminalText& out) {
  const double count = number_of(silence, "would_have_hidden_count");
  out.line(fmt::format("in the last 7 days it would have hidden {:.0f} incident{}", count,
                       count == 1 ? "" : "s"));
  const auto past = list_of(silence, "would_have_hidden");
  for (const Json& incident : past)
    out.line(fmt::format("{} {:.0f}: {}", text_of(incident, "severity"), number_of(incident, "id"),
                         text_of(incident, "title")),
             Ink::soft, 2);
  if (static_cast<double>(past.size()) < count) out.line("...");
}

std::string added_text(const std::string& body, TextStyle style) {
  const Json silence = Json::parse(body, nullptr, false);
  if (!silence.is_object()) return body;
  TerminalText out(style);
  const std::string what = fmt::format("{} until {}", matchers_text(silence), end_text(silence));
  if (is_true(silence, "preview"))
    out.line("a silence of " + what + " is not made: this is a preview", Ink::plain, 2);
  else
    out.line(fmt::format("silence {:.0f}: {}", number_of(silence, "id"), what), Ink::green, 2);
  for (const std::string& warning : texts(silence, "warnings"))
    out.line("warning: " + warning, Ink::yellow, 2);
  write_hidden(silence, out);
  if (is_true(silence, "preview")) write_last_week(silence, out);
  return out.take();
}

// Maintenance has a name.
std::string name_of(const Json& silence) {
  const std::string name = text_of(silence, "name");
  return name.empty() ? fmt::format("{:.0f}", number_of(silence, "id")) : name;
}

void write_rows(const Json& answer, const char* key, TerminalText& out) {
  std::vector<std::vector<TextCell>> rows{{{"ID", Ink::soft},
                                           {"STATE", Ink::soft},
                                           {"UNTIL", Ink::soft},
                                           {"HIDES", Ink::soft},
                                           {"WHAT", Ink::soft},
                                           {"BY", Ink::soft},
                                           {"WHY", Ink::soft}}};
  for (const Json& silence : list_of(answer, key)) {
    const bool active = is_true(silence, "active");
    const size_t hidden = list_of(silence, "hides").size();
    rows.push_back({{name_of(silence)},
                    {active ? "active" : "waits", active ? Ink::yellow : Ink::plain},
                    {end_text(silence)},
                    {std::to_string(hidden), hidden > 0 ? Ink::yellow : Ink::plain},
                    {matchers_text(silence)},
                    {text_of(silence, "author")},
                    {text_of(silence, "comment")}});
  }
  if (rows.size() > 1) out.table(rows);
  for (const Json& silence : list_of(answer, key)) {
    for (const std::string& warning : texts(silence, "warnings"))
      out.line(fmt::format("{}: {}", name_of(silence), warning), Ink::yellow, 2);
  }
}

Result<std::string> list_text(const std::string& body, TextStyle style) {
  const Json answer = Json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("silences"))
    return fail("what answered is no list of silences of Highwater");
  TerminalText out(style);
  if (list_of(answer, "silences").empty()) out.line("there are no silences");
  write_rows(answer, "silences", out);
  if (!list_of(answer, "maintenance").empty()) {
    out.line();
    out.line("MAINTENANCE", Ink::bold);
    write_rows(answer, "maintenance", out);
  }
  return out.take();
}

TextStyle style_of(const AgentOptions& options) {
  return {command_line::wants_colour(STDOUT_FILENO, options.no_color),
          command_line::terminal_width(STDOUT_FILENO, kWidest),
          command_line::is_terminal(STDOUT_FILENO)};
}

std::string nobody(std::string_view what) {
  return fmt::format("say {}: --by NAME (the environment names nobody: USER is not set)", what);
}

// As the API takes it; the error names the option.
Result<Json> body_of(const SilenceOptions& options) {
  const std::string author = options.author.empty() ? user_name() : options.author;
  if (author.empty()) return fail(nobody("whose silence it is"));
  Json body{{"matchers", options.matchers}, {"author", author}, {"comment", options.comment}};
  const auto set_moment = [&](const char* key, const char* option, const std::string& text) {
    const auto moment = rules::parse_moment(text);
    if (!moment) return Result<void>(fail(fmt::format("{}: {}", option, moment.error().message)));
    body[key] = format_time(*moment);
    return Result<void>();
  };
  if (!options.from.empty()) {
    if (auto set = set_moment("begins", "--from", options.from); !set)
      return tl::unexpected(set.error());
  }
  if (!options.lasts.empty()) body["for"] = options.lasts;
  if (options.until == "resolved") {
    body["until"] = "resolved";
  } else if (!options.until.empty()) {
    if (auto set = set_moment("ends", "--until", options.until); !set)
      return tl::unexpected(set.error());
  }
  if (options.lasts.empty() && options.until.empty())
    return fail("say when it ends: --for 2h, --until TIME or --until resolved");
  if (options.preview) body["preview"] = true;
  return body;
}

}  // namespace

int silence_add_command(const AgentOptions& agent, const SilenceOptions& options) {
  const Result<Json> body = body_of(options);
  if (!body) return mistaken(body.error().message);
  const auto answer = change_agent(agent, "api/v1/silences", body->dump());
  if (!answer) return kCannotSay;
  std::cout << (agent.json ? *answer : added_text(*answer, style_of(agent)));
  return 0;
}

int silence_list_command(const AgentOptions& options) {
  const auto json = read_agent(options, "api/v1/silences");
  if (!json) return kCannotSay;
  const Result<std::string> text = list_text(*json, style_of(options));
  if (!text) return mistaken(text.error().message);
  std::cout << (options.json ? *json : *text);
  return 0;
}

int silence_end_command(const AgentOptions& options, const std::string& id) {
  if (id.empty() || id.find_first_not_of("0123456789") != std::string::npos)
    return mistaken(
        fmt::format("'{}' is no number of a silence: 'highwater silence list' has them", id));
  const auto answer = change_agent(options, fmt::format("api/v1/silences/{}/end", id), "{}");
  if (!answer) return kCannotSay;
  std::cout << (options.json ? *answer : fmt::format("silence {} has ended\n", id));
  return 0;
}

int ack_command(const AgentOptions& agent, const AckOptions& options) {
  if (options.incident.empty() ||
      options.incident.find_first_not_of("0123456789") != std::string::npos)
    return mistaken(fmt::format("'{}' is no number of an incident: 'highwater status' has them",
                                options.incident));
  Json body = Json::object();
  const std::string by = options.by.empty() ? user_name() : options.by;
  if (options.end)
    body["end"] = true;
  else if (by.empty())
    return mistaken(nobody("who looks after it"));
  else
    body["by"] = by;
  if (!options.lasts.empty()) body["for"] = options.lasts;
  const auto answer =
      change_agent(agent, fmt::format("api/v1/incidents/{}/ack", options.incident), body.dump());
  if (!answer) return kCannotSay;
  if (agent.json) {
    std::cout << *answer;
    return 0;
  }
  const Json ack = Json::parse(*answer, nullptr, false);
  const std::string text = text_of(ack, "acknowledged");
  std::cout << (text.empty()
                    ? fmt::format("incident {} is no longer acknowledged\n", options.incident)
                    : fmt::format("incident {} is acknowledged {}: {}\n", options.incident, text,
                                  text_of(ack, "title")));
  return 0;
}

}  // namespace highwater::agent
