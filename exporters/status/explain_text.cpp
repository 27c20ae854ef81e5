#include "exporters/status/explain_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/core/time.h"
#include "exporters/json_fields.h"
#include "exporters/remedies/remedy_text.h"
#include "exporters/status/terminal.h"

namespace highwater {
namespace {

using Json = nlohmann::json;

constexpr int kCannotSay = 2;

std::string duration_text(double seconds) {
  const double bounded = std::clamp(seconds, 0.0, 1e9);
  return describe_duration(std::chrono::milliseconds(std::llround(bounded * 1000)));
}

std::string percent(double ratio) {
  return fmt::format("{:.4g}%", ratio * 100);
}

// Seconds of a time SLI, or events.
std::string amount(double value, bool events) {
  return events ? fmt::format("{:.0f}", value) : duration_text(value);
}

std::string entity_text(const Json& item) {
  std::string text;
  for (const auto& [name, value] : object_of(item, "entity").items()) {
    if (!value.is_string()) continue;
    text += (text.empty() ? "" : " ") + clean(name) + "=" + clean(value.get<std::string>());
  }
  return text.empty() ? "everything" : text;
}

void detail(TerminalText& out, std::string_view name, const std::string& value) {
  if (!value.empty()) out.line(fmt::format("  {:<12} {}", name, value), Ink::plain, 15);
}

// "17.3 over 1h, fires above 14.4"
std::string burn_text(const Json& tier) {
  const Json& window = object_of(tier, "long");
  return fmt::format("burn {:.3g} over {}, fires above {:g}", number_of(window, "burn_rate"),
                     text_of(window, "window"), number_of(tier, "fires_above"));
}

TextCell tier_state(const Json& tier) {
  if (is_true(tier, "frozen")) return {"frozen: too little known", Ink::yellow};
  if (is_true(tier, "burning")) return {"burning", Ink::red};
  return {is_true(tier, "warming_up") ? "clear, warming up" : "clear", Ink::green};
}

std::vector<TextCell> window_row(const Json& window, bool events) {
  const double length = number_of(window, "seconds");
  const double known = length > 0 ? number_of(window, "known_seconds") / length : 0;
  return {{text_of(window, "window")},
          {fmt::format("{:.3g}", number_of(window, "burn_rate"))},
          {amount(number_of(window, "bad"), events)},
          {amount(number_of(window, "total"), events)},
          {percent(std::min(known, 1.0))}};
}

void write_tiers(const Json& budget, TerminalText& out) {
  const bool events = text_of(budget, "counts") == "events";
  std::vector<std::vector<TextCell>> rows{{{"TIER", Ink::soft},
                                           {"FIRES ABOVE", Ink::soft},
                                           {"WINDOW", Ink::soft},
                                           {"BURN", Ink::soft},
                                           {"BAD", Ink::soft},
                                           {"OF", Ink::soft},
                                           {"KNOWN", Ink::soft},
                                           {"STATE", Ink::soft}}};
  for (const Json& tier : list_of(budget, "tiers")) {
    const auto add = [&](TextCell name, TextCell factor, const char* window, TextCell state) {
      std::vector<TextCell> row{std::move(name), std::move(factor)};
      for (TextCell& cell : window_row(object_of(tier, window), events))
        row.push_back(std::move(cell));
      row.push_back(std::move(state));
      rows.push_back(std::move(row));
    };
    add({text_of(tier, "severity")}, {fmt::format("{:g}", number_of(tier, "fires_above"))}, "long",
        tier_state(tier));
    add({}, {}, "short", {});
  }
  out.table(rows);
}

// What the coverage is of: a young budget has not seen a whole window yet.
std::string covered_text(const Json& budget) {
  const std::string since = text_of(budget, "coverage_since");
  // Both as format_time() writes them.
  return since <= text_of(budget, "window_begin") ? "it" : "the time since " + describe_time(since);
}

void write_budget(const Json& budget, TerminalText& out) {
  const bool events = text_of(budget, "counts") == "events";
  if (!is_true(budget, "has_data")) return detail(out, "budget", "no data yet");
  std::string left =
      fmt::format("{} left: {} of {} are gone in {}", percent(number_of(budget, "remaining")),
                  amount(number_of(budget, "bad"), events),
                  amount(number_of(budget, "allowed"), events), text_of(budget, "window"));
  if (number_of(budget, "coverage") < 0.995)
    left += fmt::format("; only {} of {} was seen", percent(number_of(budget, "coverage")),
                        covered_text(budget));
  if (const double excluded = number_of(budget, "excluded_seconds"); excluded >= 1)
    left += fmt::format("; {} of maintenance are excluded", duration_text(excluded));
  detail(out, "budget", left);
  const auto exhausted_in = known_number(budget, "exhausted_in_seconds");
  detail(out, "exhausted",
         is_true(budget, "exhausted") ? "it is exhausted"
         : exhausted_in ? fmt::format("in {} at this rate ({:.3g})", duration_text(*exhausted_in),
                                      number_of(budget, "burn_rate"))
                        : "never at this rate");
  if (const std::string clears = text_of(budget, "clears_at"); !clears.empty())
    detail(out, "clears", describe_time(clears) + ", if all is good from now on");
  if (const std::string finding = text_of(budget, "finding"); !finding.empty())
    detail(out, "finding", finding);
  write_tiers(budget, out);
}

// `says` is what was told of the alert already: an incident's cause need not be told twice.
void write_incident(const Json& incident, const std::string& says, TerminalText& out) {
  if (incident.empty()) return;
  const std::string cause = text_of(object_of(incident, "cause"), "summary");
  detail(
      out, "incident",
      fmt::format("{:.0f}, since {}, correlation {}", number_of(incident, "id"),
                  describe_time(text_of(incident, "opened")), text_of(incident, "correlation_id")));
  if (cause != says) detail(out, "cause", cause);
  detail(out, "impact", text_of(incident, "impact_text"));
  detail(out, "changed", text_of(incident, "changes_text"));
  const auto evidence = list_of(incident, "evidence");
  const double count = number_of(incident, "evidence_count");
  for (size_t i = 0; i < evidence.size(); ++i)
    detail(out, i == 0 ? "evidence" : "",
           (is_true(evidence[i], "ended") ? "ended: " : "") + text_of(evidence[i], "summary"));
  if (count > static_cast<double>(evidence.size()))
    detail(out, "", fmt::format("and {:.0f} more", count - static_cast<double>(evidence.size())));
  write_remedy(incident, out);
}

// The tier of a budget that is nearest to firing; empty when there is none.
Json nearest_tier(const Json& budget) {
  const auto tiers = list_of(budget, "tiers");
  const auto nearness = [](const Json& tier) {
    const double factor = number_of(tier, "fires_above");
    return factor > 0 ? number_of(object_of(tier, "long"), "burn_rate") / factor : 0;
  };
  const auto nearest = std::ranges::max_element(tiers, {}, nearness);
  return nearest == tiers.end() ? Json::object() : *nearest;
}

// One line: what keeps a budget quiet. The tier nearest to firing speaks.
std::string quiet_text(const Json& item) {
  const Json& budget = object_of(item, "budget");
  const Json nearest = nearest_tier(budget);
  if (nearest.empty()) return "quiet";
  std::string text = (is_true(nearest, "frozen") ? "frozen: " : "quiet: ") + burn_text(nearest);
  if (is_true(nearest, "warming_up")) text += " (warming up)";
  return text + fmt::format("; {} of the budget left", percent(number_of(budget, "remaining")));
}

void write_alert(const Json& item, TerminalText& out) {
  const Json& alert = object_of(item, "alert");
  detail(out, "says", text_of(alert, "summary"));
  detail(out, "since", describe_time(text_of(alert, "active_since")));
  detail(out, "seen", text_of(alert, "note"));
  if (is_true(alert, "unknown"))
    detail(out, "frozen", "its value is unknown now: it neither fires nor resolves");
  if (const auto seconds = known_number(item, "fires_in_seconds"))
    detail(out, "fires", fmt::format("in {}, if it goes on", duration_text(*seconds)));
  if (const auto seconds = known_number(item, "ends_in_seconds"))
    detail(out, "ends", fmt::format("in {}, if it stays good", duration_text(*seconds)));
}

// Whole, or in one line: for what is quiet among many.
void write_item(const Json& item, bool whole, TerminalText& out) {
  const std::string state = text_of(item, "state");
  const std::string severity = text_of(object_of(item, "alert"), "severity");
  if (state == "quiet") {
    out.line(fmt::format("{}: {}", entity_text(item), quiet_text(item)), Ink::green, 2);
    if (!whole) return;
  } else {
    out.line(fmt::format("{}: {} ({})", entity_text(item), state, severity),
             severity == "page" ? Ink::red : Ink::yellow, 2);
  }
  write_alert(item, out);
  const std::string sample = text_of(item, "last_sample");
  if (sample.empty())
    detail(out, "last sample", is_true(item, "present") ? "unknown" : "it is not there any more");
  else
    detail(out, "last sample",
           sample + (is_true(item, "last_sample_is_bad") ? ", which is bad" : ", which is good"));
  if (const Json& budget = object_of(item, "budget"); !budget.empty()) write_budget(budget, out);
  write_incident(object_of(item, "incident"), text_of(object_of(item, "alert"), "summary"), out);
}

// "group=orders: 1 of 12 budgets"; empty when everything was.
std::string asked_text(const Json& answer) {
  const std::string entity = text_of(answer, "entity");
  if (entity.empty() || text_of(answer, "kind") != "slo") return entity;
  return fmt::format("{}: {:.0f} of {:.0f} budgets", entity, number_of(answer, "count"),
                     number_of(answer, "total"));
}

// " (no_coordinator 3, timed_out 1)"
std::string reasons_text(const Json& reasons) {
  std::string text;
  for (const auto& [reason, count] : reasons.items()) {
    if (count.is_number())
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", clean(reason), count.dump());
  }
  return text.empty() ? "" : " (" + text + ")";
}

void write_rows(const Json& answer, TerminalText& out) {
  for (const Json& cluster : list_of(answer, "rows")) {
    const double total = number_of(cluster, "total");
    if (number_of(cluster, "selected") == 0 && total == 0) continue;
    const std::string worst = text_of(cluster, "worst");
    const double met = number_of(cluster, "met");
    const double selected = number_of(cluster, "selected");
    std::string text = fmt::format("{:.0f} of {:.0f} row{} meet{} it", met, selected,
                                   selected == 1 ? "" : "s", met == 1 ? "s" : "");
    if (total > selected) text += fmt::format(" (of {:.0f} that the rule looks at)", total);
    if (!worst.empty()) text += ", the worst is " + worst;
    if (const double unknown = number_of(cluster, "unknown"); unknown > 0)
      text += fmt::format(", {:.0f} {} unknown{}", unknown, unknown == 1 ? "is" : "are",
                          reasons_text(object_of(cluster, "unknown_reasons")));
    if (const std::string because = text_of(cluster, "unknown_because"); !because.empty())
      text += ": " + because;
    detail(out, text_of(cluster, "cluster"), text);
  }
}

// Each row that was asked for: "cluster=prod group=payments topic=orders: 7, which meets it".
void write_row_items(const Json& answer, TerminalText& out) {
  const auto rows = list_of(answer, "row_items");
  double selected = 0;
  for (const Json& cluster : list_of(answer, "rows")) selected += number_of(cluster, "selected");
  if (!rows.empty()) out.line();
  for (const Json& row : rows) {
    const std::string state = text_of(row, "state");
    if (state == "unknown")
      out.line(fmt::format("{}: unknown: {}", entity_text(row), text_of(row, "unknown_because")),
               Ink::yellow, 2);
    else
      out.line(fmt::format("{}: {}, which {} it", entity_text(row), text_of(row, "value"),
                           state == "met" ? "meets" : "does not meet"),
               Ink::plain, 2);
  }
  if (const double more = selected - static_cast<double>(rows.size()); !rows.empty() && more > 0)
    out.line(fmt::format("and {:.0f} more rows", more));
}

// What can be said when there is no alert and no budget: silence is not always good.
int write_nothing(const Json& answer, TerminalText& out) {
  const std::string entity = text_of(answer, "entity");
  const std::string advice = text_of(answer, "advice");
  if (text_of(answer, "kind") == "slo") {
    const double total = number_of(answer, "total");
    out.line(
        entity.empty() || total == 0
            ? "it has no budget yet: no row that it judges has been read"
            : fmt::format("none of its {:.0f} budgets matches '{}': {}", total, entity, advice),
        Ink::yellow);
    return kCannotSay;
  }
  double total = 0;
  double selected = 0;
  double unknown = 0;
  for (const Json& cluster : list_of(answer, "rows")) {
    total += number_of(cluster, "total");
    selected += number_of(cluster, "selected");
    unknown += number_of(cluster, "unknown");
  }
  if (selected == 0 && total > 0) {
    out.line(fmt::format("none of its {:.0f} rows matches '{}': {}", total, entity, advice),
             Ink::yellow);
    return kCannotSay;
  }
  if (selected == 0) {
    const std::string judges = text_of(answer, "judges");
    out.line(fmt::format("no row of {} that it judges has been read yet",
                         judges.substr(0, judges.find_first_of("=!<>") - 1)),
             Ink::yellow);
    return kCannotSay;
  }
  if (unknown == selected) {
    out.line("none of its rows can be read: whether it should fire is unknown", Ink::yellow);
    return kCannotSay;
  }
  out.line(unknown > 0 ? "quiet, as far as is known" : "quiet", Ink::green);
  return 0;
}

// It neither fires nor is quiet for a reason that can be seen now.
bool is_unknown(const Json& item) {
  if (is_true(object_of(item, "alert"), "unknown")) return true;
  return is_true(nearest_tier(object_of(item, "budget")), "frozen");
}

int exit_code_of(const std::vector<Json>& items) {
  const bool fires = std::ranges::any_of(
      items, [](const Json& item) { return text_of(item, "state") == "firing"; });
  if (fires) return 1;
  return std::ranges::all_of(items, is_unknown) ? kCannotSay : 0;
}

}  // namespace

Result<ExplainView> render_explanation(std::string_view json, TextStyle style) {
  const Json answer = Json::parse(json, nullptr, false);
  if (!answer.is_object() || !answer.contains("kind") || !answer.contains("items"))
    return fail("what answered is no explanation of Highwater");
  TerminalText out(style);
  ExplainView view;
  if (text_of(answer, "kind") == "unknown") {
    out.line(fmt::format("there is no rule '{}': {}", text_of(answer, "rule"),
                         text_of(answer, "advice")),
             Ink::yellow);
    view.text = out.take();
    return view;
  }
  const auto items = list_of(answer, "items");
  view.exit_code = exit_code_of(items);
  out.line(fmt::format("{}: {}", text_of(answer, "rule"), text_of(answer, "judges")), Ink::bold);
  detail(out, "means", text_of(answer, "meaning"));
  detail(out, "defined at", text_of(answer, "where"));
  detail(out, "runbook", text_of(answer, "runbook"));
  detail(out, "asked for", asked_text(answer));
  write_rows(answer, out);
  if (items.empty()) view.exit_code = write_nothing(answer, out);
  for (const Json& item : items) {
    out.line();
    write_item(item, items.size() == 1 || text_of(item, "state") != "quiet", out);
  }
  if (!text_of(answer, "entity").empty()) write_row_items(answer, out);
  const double count = number_of(answer, "count");
  if (count > static_cast<double>(items.size())) {
    out.line();
    out.line(fmt::format("and {:.0f} more{}", count - static_cast<double>(items.size()),
                         number_of(answer, "total") > count
                             ? fmt::format(", of {:.0f} in all", number_of(answer, "total"))
                             : ""));
  }
  view.text = out.take();
  return view;
}

}  // namespace highwater
