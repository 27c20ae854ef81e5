#include "agent/commands/replay_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "agent/core/utf8.h"
#include "exporters/status/terminal.h"

namespace highwater::agent {
namespace {

using rules::Firing;
using Json = nlohmann::ordered_json;
using Line = std::vector<std::string>;

// Of a piece of data; the least that is left first.
constexpr size_t kMostBudgets = 20;

auto key_of(const Firing& firing) {
  return std::tie(firing.from, firing.rule, firing.entity, firing.tier, firing.severity,
                  firing.until, firing.explained_by);
}

bool before(const ReplayRow& one, const ReplayRow& other) {
  return key_of(one.firing) < key_of(other.firing);
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

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

std::string_view side_name(Side side) {
  switch (side) {
    case Side::both:
      return "both";
    case Side::only_new:
      return "new";
    case Side::only_old:
      return "old";
  }
  return "both";
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

Json to_json(const Replayed& data, const ReplayRow& row, bool compared) {
  const Firing& firing = row.firing;
  Json json;
  json["data"] = data.name;
  json[row.slo ? "slo" : "alert"] = firing.rule;
  json["cluster"] = firing.entity.label("cluster").text();
  json["entity"] = entity_text(firing.entity);
  json["tier"] = text_or_null(firing.tier);
  json["severity"] = severity_name(firing.severity);
  json["from"] = minutes(firing.from);
  json["until"] = firing.until ? Json(minutes(*firing.until)) : Json();
  if (data.start) {
    json["from_time"] = format_time(*data.start + firing.from);
    json["until_time"] = firing.until ? Json(format_time(*data.start + *firing.until)) : Json();
  }
  json["explained_by"] = text_or_null(firing.explained_by);
  if (compared) json["in"] = side_name(row.side);
  return json;
}

void print_columns(const std::vector<Line>& lines) {
  std::vector<size_t> widths(lines.front().size(), 0);
  for (const Line& line : lines) {
    for (size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], utf8::count_characters(line[i]));
  }
  for (const Line& line : lines) {
    std::string text;
    for (size_t i = 0; i < line.size(); ++i) text += utf8::padded(line[i], widths[i] + 2);
    text.erase(text.find_last_not_of(' ') + 1);
    std::cout << clean(text) << "\n";
  }
}

void print_rows(const Replayed& data, bool compared) {
  const auto when = [&](Duration since) {
    return data.start ? format_time(*data.start + since) : format_duration(since);
  };
  std::vector<Line> lines{{"from", "until", "severity", "rule", "cluster", "entity", "tier", ""}};
  if (compared) lines.front().insert(lines.front().begin(), "");
  for (const ReplayRow& row : data.rows) {
    const Firing& firing = row.firing;
    Line line{when(firing.from),
              firing.until ? when(*firing.until) : "still fires",
              std::string(severity_name(firing.severity)),
              firing.rule,
              firing.entity.label("cluster").text(),
              entity_text(firing.entity),
              firing.tier.empty() ? "-" : firing.tier,
              firing.explained_by.empty() ? "" : "explained by " + firing.explained_by};
    if (compared) line.insert(line.begin(), std::string(1, mark(row.side)));
    lines.push_back(std::move(line));
  }
  print_columns(lines);
}

std::string amount(const ReplayBudget& budget, double value) {
  if (budget.events) return fmt::format("{:.10g}", value);
  return describe_duration(
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(value)));
}

void print_budgets(const std::vector<ReplayBudget>& budgets) {
  std::vector<const ReplayBudget*> worst;
  for (const ReplayBudget& budget : budgets) worst.push_back(&budget);
  std::ranges::stable_sort(worst, {},
                           [](const ReplayBudget* one) { return one->status.remaining; });
  worst.resize(std::min(worst.size(), kMostBudgets));
  std::vector<Line> lines{{"left", "bad", "of", "slo", "cluster", "entity"}};
  for (const ReplayBudget* budget : worst) {
    const rules::BudgetStatus& status = budget->status;
    lines.push_back({status.has_data() ? fmt::format("{:.2f}%", status.remaining * 100) : "no data",
                     amount(*budget, status.sums.bad), amount(*budget, status.sums.total),
                     budget->slo, budget->entity.label("cluster").text(),
                     entity_text(budget->entity)});
  }
  std::cout << "\nbudgets at the end";
  if (worst.size() < budgets.size())
    std::cout << fmt::format(", the worst {} of {}", worst.size(), budgets.size());
  std::cout << "\n";
  print_columns(lines);
}

void print_summary(const std::vector<Replayed>& all, bool compared) {
  size_t rows = 0;
  size_t only_new = 0;
  size_t only_old = 0;
  for (const Replayed& data : all) {
    for (const ReplayRow& row : data.rows) {
      ++rows;
      only_new += row.side == Side::only_new ? 1 : 0;
      only_old += row.side == Side::only_old ? 1 : 0;
    }
  }
  if (rows == 0) {
    std::cout << "nothing would have fired\n";
  } else if (compared) {
    std::cout << fmt::format(
        "\n{} alike, {} only with the new rules (+), {} only with the old (-)\n",
        rows - only_new - only_old, only_new, only_old);
  }
}

}  // namespace

std::vector<ReplayRow> compare(std::vector<ReplayRow> now, std::vector<ReplayRow> old) {
  std::ranges::sort(now, before);
  std::ranges::sort(old, before);
  std::vector<ReplayRow> merged;
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

void print_json(const std::vector<Replayed>& all, bool compared) {
  std::cout << "[";
  bool first = true;
  for (const Replayed& data : all) {
    for (const ReplayRow& row : data.rows) {
      std::cout << (first ? "\n" : ",\n")
                << to_json(data, row, compared)
                       .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
      first = false;
    }
  }
  std::cout << (first ? "]\n" : "\n]\n");
}

void print_tables(const std::vector<Replayed>& all, bool compared) {
  bool first = true;
  for (const Replayed& data : all) {
    if (data.rows.empty() && data.budgets.empty()) continue;
    std::cout << (first ? "" : "\n") << data.name << "\n";
    first = false;
    if (!data.rows.empty()) print_rows(data, compared);
    if (!data.budgets.empty()) print_budgets(data.budgets);
  }
  print_summary(all, compared);
}

}  // namespace highwater::agent
