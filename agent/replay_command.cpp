#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>

#include "agent/agent.h"
#include "agent/commands.h"
#include "rules/rehearsal.h"
#include "rules/replay_data.h"

namespace highwater::agent {
namespace {

using rules::Firing;

enum class Side : uint8_t { both, only_new, only_old };

struct Row {
  std::string data;
  Firing firing;
  bool slo = false;
  Side side = Side::both;
};

std::optional<rules::RuleSet> load(const std::vector<std::string>& files, bool builtin,
                                   Diagnostics& diagnostics) {
  rules::RuleSettings settings;
  settings.builtin = builtin;
  settings.files = files;
  const size_t before = diagnostics.size();
  // Whether a runbook exists is what `check` says.
  const auto any_runbook = [](std::string_view) { return true; };
  rules::RuleSet loaded = rules::load_rules(settings, catalogue(), any_runbook, diagnostics);
  if (diagnostics.size() != before) return std::nullopt;
  return loaded;
}

std::vector<Row> play(const rules::RuleSet& rules, const rules::ReplayData& data) {
  std::vector<Row> rows;
  rules::Rehearsal rehearsal(rules, data.scenario);
  rehearsal.run_until(data.scenario.length());
  for (Firing& firing : rehearsal.firings()) {
    const bool slo =
        std::ranges::find(rules.slos, firing.rule, &rules::SloRule::name) != rules.slos.end();
    rows.push_back({data.name, std::move(firing), slo, Side::both});
  }
  return rows;
}

auto key_of(const Firing& firing) {
  return std::tie(firing.from, firing.rule, firing.entity, firing.tier, firing.severity,
                  firing.until, firing.explained_by);
}

bool before(const Row& one, const Row& other) {
  return key_of(one.firing) < key_of(other.firing);
}

// Both in the order of time; what is alike in both is said once.
std::vector<Row> merge(std::vector<Row> now, std::vector<Row> old) {
  std::ranges::sort(now, before);
  std::ranges::sort(old, before);
  std::vector<Row> merged;
  auto a = now.begin();
  auto b = old.begin();
  while (a != now.end() || b != old.end()) {
    if (b == old.end() || (a != now.end() && before(*a, *b))) {
      a->side = Side::only_new;
      merged.push_back(std::move(*a++));
    } else if (a == now.end() || before(*b, *a)) {
      b->side = Side::only_old;
      merged.push_back(std::move(*b++));
    } else {
      merged.push_back(std::move(*a++));
      ++b;
    }
  }
  return merged;
}

// "group=payments topic=orders": as the label `entity` of the metrics has it.
std::string entity_text(const Entity& entity) {
  Entity rest;
  for (const auto& label : entity.labels) {
    if (label.first.text() != "cluster") rest.labels.push_back(label);
  }
  return rest.text();
}

double minutes(Duration duration) {
  return std::chrono::duration<double, std::ratio<60>>(duration).count();
}

nlohmann::ordered_json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(text);
}

void print_json(const std::vector<Row>& rows, bool compared) {
  std::cout << "[";
  bool first = true;
  for (const Row& row : rows) {
    const Firing& firing = row.firing;
    nlohmann::ordered_json json;
    json["data"] = row.data;
    json[row.slo ? "slo" : "alert"] = firing.rule;
    json["cluster"] = firing.entity.label("cluster").text();
    json["entity"] = entity_text(firing.entity);
    json["tier"] = text_or_null(firing.tier);
    json["severity"] = severity_name(firing.severity);
    json["from"] = minutes(firing.from);
    json["until"] = firing.until ? nlohmann::ordered_json(minutes(*firing.until)) : nullptr;
    json["explained_by"] = text_or_null(firing.explained_by);
    if (compared) {
      switch (row.side) {
        case Side::both:
          json["in"] = "both";
          break;
        case Side::only_new:
          json["in"] = "new";
          break;
        case Side::only_old:
          json["in"] = "old";
          break;
      }
    }
    std::cout << (first ? "\n" : ",\n")
              << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    first = false;
  }
  std::cout << (first ? "]\n" : "\n]\n");
}

char mark(Side side) {
  switch (side) {
    case Side::both:
      return ' ';
    case Side::only_new:
      return '+';
    case Side::only_old:
      return '-';
  }
  return ' ';
}

using Line = std::vector<std::string>;

void print_columns(const std::vector<Line>& lines) {
  std::vector<size_t> widths(lines.front().size(), 0);
  for (const Line& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  for (const Line& line : lines) {
    std::string text;
    for (size_t i = 0; i < line.size(); ++i) text += fmt::format("{:<{}}  ", line[i], widths[i]);
    text.erase(text.find_last_not_of(' ') + 1);
    std::cout << text << "\n";
  }
}

void print_table(const std::vector<Row>& rows, bool compared) {
  std::vector<Line> lines{{"from", "until", "severity", "rule", "cluster", "entity", "tier", ""}};
  if (compared) lines.front().insert(lines.front().begin(), "");
  std::string data;
  const auto flush = [&] {
    if (lines.size() > 1) print_columns(lines);
    lines.resize(1);
  };
  for (const Row& row : rows) {
    const Firing& firing = row.firing;
    if (row.data != data) {
      flush();
      std::cout << (data.empty() ? "" : "\n") << row.data << "\n";
      data = row.data;
    }
    Line line{format_duration(firing.from),
              firing.until ? format_duration(*firing.until) : "still fires",
              std::string(severity_name(firing.severity)),
              firing.rule,
              firing.entity.label("cluster").text(),
              entity_text(firing.entity),
              firing.tier.empty() ? "-" : firing.tier,
              firing.explained_by.empty() ? "" : "explained by " + firing.explained_by};
    if (compared) line.insert(line.begin(), std::string(1, mark(row.side)));
    lines.push_back(std::move(line));
  }
  flush();
}

void print_summary(const std::vector<Row>& rows, bool compared) {
  size_t only_new = 0;
  size_t only_old = 0;
  for (const Row& row : rows) {
    only_new += row.side == Side::only_new ? 1 : 0;
    only_old += row.side == Side::only_old ? 1 : 0;
  }
  if (rows.empty()) {
    std::cout << "nothing would have fired\n";
  } else if (compared) {
    std::cout << fmt::format(
        "\n{} alike, {} only with the new rules (+), {} only with the old (-)\n",
        rows.size() - only_new - only_old, only_new, only_old);
  }
}

}  // namespace

int replay_command(const ReplayOptions& options) {
  Diagnostics diagnostics;
  const auto rules = load(options.rules, options.builtin, diagnostics);
  const bool compared = !options.against.empty();
  std::optional<rules::RuleSet> against;
  if (compared) against = load(options.against, options.builtin, diagnostics);
  std::vector<rules::ReplayData> all;
  for (const std::string& path : options.data) {
    for (rules::ReplayData& data : rules::read_replay_data(path, catalogue(), diagnostics)) {
      if (data.skipped > 0)
        std::cerr << fmt::format(
            "{}: note: {} series of measures that are not known are left out\n", data.name,
            data.skipped);
      all.push_back(std::move(data));
    }
  }
  if (!diagnostics.empty()) {
    for (const Diagnostic& diagnostic : diagnostics) std::cerr << diagnostic.text() << "\n";
    return 2;
  }
  std::vector<Row> rows;
  for (const rules::ReplayData& data : all) {
    std::vector<Row> of_data = play(*rules, data);
    if (compared) of_data = merge(std::move(of_data), play(*against, data));
    rows.insert(rows.end(), std::make_move_iterator(of_data.begin()),
                std::make_move_iterator(of_data.end()));
  }
  if (options.json) {
    print_json(rows, compared);
  } else {
    print_table(rows, compared);
    print_summary(rows, compared);
  }
  return 0;
}

}  // namespace highwater::agent
