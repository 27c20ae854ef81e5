#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/agent.h"
#include "agent/api/web_access.h"
#include "agent/command_line/terminal_settings.h"
#include "agent/commands/commands.h"
#include "agent/commands/connect.h"
#include "agent/commands/explain_rules.h"
#include "agent/commands/find_config.h"
#include "agent/commands/mistakes.h"
#include "agent/config/reach.h"
#include "agent/core/plain_text.h"
#include "agent/load.h"
#include "agent/warnings.h"
#include "exporters/status/terminal.h"

namespace highwater::agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kWidest = 200;
constexpr int kNotConnected = 3;

// A configuration without mistakes.
struct Valid {
  std::string file{};
  size_t clusters = 0;
  size_t alert_rules = 0;
  size_t slos = 0;
  size_t receivers = 0;
  std::string explanation{};           // empty: not asked for
  std::vector<kafka::Trial> trials{};  // none: not asked for
};

struct Checked {
  std::vector<Valid> valid{};
  Diagnostics mistakes{};
  Diagnostics warnings{};
};

// "1 cluster", "2 clusters"
void check_file(const std::string& file, const CheckOptions& options, Checked& checked) {
  const size_t before = checked.mistakes.size();
  const std::optional<ReadableConfig> readable = read_what_can_be(file, checked.mistakes);
  if (!readable || !readable->measures_known) return;
  const Config& config = readable->config;
  const auto loaded = load(config, checked.mistakes);
  const auto access =
      load_web_access(config.web_config, config.listen, SystemClock().now().wall, checked.mistakes);
  if (!loaded || !access || checked.mistakes.size() != before) return;
  checked.valid.push_back({.file = file,
                           .clusters = config.clusters.size(),
                           .alert_rules = loaded->rules.alerts.size(),
                           .slos = loaded->rules.slos.size(),
                           .receivers = config.receivers.size(),
                           .explanation = options.explain ? explain_rules(loaded->rules) : "",
                           .trials = {}});
  if (options.connect) checked.valid.back().trials = try_clusters(config.clusters);
  if (config.receivers.empty())
    checked.warnings.push_back({file, 0, 0, "there are no receivers: nobody is notified",
                                "alerts are seen in /metrics and on the status page only"});
  for (const Diagnostic& warning : warnings_of(config, loaded->rules))
    checked.warnings.push_back(warning);
  checked.warnings.insert(checked.warnings.end(), access->warnings.begin(), access->warnings.end());
  if (const std::string links = unreachable_links(config); !links.empty())
    checked.warnings.push_back({file, 0, 0, links, ""});
}

Json json_of(const Diagnostics& diagnostics) {
  Json list = Json::array();
  for (const Diagnostic& one : diagnostics)
    list.push_back({{"file", one.file},
                    {"line", one.line},
                    {"column", one.column},
                    {"what", one.what},
                    {"advice", one.advice}});
  return list;
}

std::string json_text(const Checked& checked) {
  Json files = Json::array();
  for (const Valid& valid : checked.valid) {
    Json file{{"file", valid.file},
              {"clusters", valid.clusters},
              {"alert_rules", valid.alert_rules},
              {"slos", valid.slos},
              {"receivers", valid.receivers}};
    for (const kafka::Trial& trial : valid.trials) file["connections"].push_back(trial_json(trial));
    files.push_back(std::move(file));
  }
  const Json json{{"ok", checked.mistakes.empty()},
                  {"valid", std::move(files)},
                  {"mistakes", json_of(checked.mistakes)},
                  {"warnings", json_of(checked.warnings)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string plain_text(const Checked& checked, bool colour) {
  const size_t width = command_line::terminal_width(STDOUT_FILENO, kWidest);
  MistakeText text(width, colour);
  TerminalText out(colour);
  std::string all;
  for (const Diagnostic& mistake : checked.mistakes) all += text.text(mistake);
  for (const Diagnostic& warning : checked.warnings) {
    Diagnostic marked = warning;
    marked.what = "warning: " + marked.what;
    all += text.text(marked);
  }
  for (const Valid& valid : checked.valid) {
    out.line(
        fmt::format("{}: no mistakes: {}, {}, {}, {}", valid.file,
                    counted(valid.clusters, "cluster"), counted(valid.alert_rules, "alert rule"),
                    counted(valid.slos, "SLO"), counted(valid.receivers, "receiver")),
        Ink::green);
  }
  if (!checked.mistakes.empty()) out.line(count_text(checked.mistakes), Ink::red);
  all += out.take();
  for (const Valid& valid : checked.valid) {
    if (!valid.explanation.empty()) all += "\n" + valid.explanation;
    for (const kafka::Trial& trial : valid.trials)
      all += "\n" + trial_text(trial, {.colour = colour, .width = width});
  }
  return all;
}

}  // namespace

void print_mistakes(const Diagnostics& diagnostics) {
  MistakeText text(command_line::terminal_width(STDERR_FILENO, kWidest),
                   command_line::wants_colour(STDERR_FILENO, false));
  for (const Diagnostic& diagnostic : in_order(diagnostics)) std::cerr << text.text(diagnostic);
}

int refused(const Diagnostics& diagnostics) {
  print_mistakes(diagnostics);
  return 1;
}

int check_command(const CheckOptions& options) {
  Checked checked;
  std::vector<std::string> files = options.files;
  if (files.empty()) {
    if (const auto found = find_config(options.config, checked.mistakes)) files.push_back(*found);
  }
  for (const std::string& file : files) check_file(file, options, checked);
  checked.mistakes = in_order(std::move(checked.mistakes));
  const bool colour = command_line::wants_colour(STDOUT_FILENO, options.no_color);
  std::cout << (options.json ? json_text(checked) : plain_text(checked, colour)) << std::flush;
  if (!checked.mistakes.empty()) return 1;
  const bool connected = std::ranges::all_of(checked.valid, [](const Valid& valid) {
    return std::ranges::all_of(valid.trials, all_well);
  });
  return connected ? 0 : kNotConnected;
}

}  // namespace highwater::agent
