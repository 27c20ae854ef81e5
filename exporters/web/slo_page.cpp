#include "exporters/web/slo_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "agent/core/entity_text.h"
#include "exporters/html/html.h"
#include "exporters/html/incident_html.h"
#include "exporters/value_text.h"
#include "exporters/web/links.h"
#include "exporters/web/plot.h"

namespace highwater::web {
namespace {

constexpr std::string_view kHome = ".";
constexpr size_t kPlotSteps = 360;
constexpr size_t kMaxEnded = 10;
constexpr std::string_view kRemaining = "slo_error_budget_remaining_ratio";
constexpr std::string_view kBurnRate = "slo_burn_rate";

bool is_about(const Alert& alert, const SloQuestion& question) {
  return alert.rule == question.slo && alert.entity.label("cluster").text() == question.cluster &&
         entity_text(alert.entity) == question.entity;
}

bool is_about(const Incident& incident, const SloQuestion& question) {
  return is_about(incident.cause, question) || is_about(incident.headline, question) ||
         std::ranges::any_of(incident.evidence, [&](const Evidence& evidence) {
           return evidence.rule == question.slo &&
                  entity_text(evidence.entity) == question.entity &&
                  evidence.entity.label("cluster").text() == question.cluster;
         });
}

std::string incidents(const Report& report, WallTime now, const SloQuestion& question) {
  std::string rows;
  for (const Incident& incident : report.incidents) {
    if (is_about(incident, question)) rows += incident_item(incident, now, kHome);
  }
  size_t ended = 0;
  if (report.history != nullptr) {
    for (const IncidentPtr& incident : *report.history) {
      if (is_about(*incident, question) && ++ended <= kMaxEnded)
        rows += incident_item(*incident, now, kHome);
    }
  }
  if (rows.empty()) return "<p class=\"calm\">No incident of the last 30 days names it.</p>\n";
  return "<ul class=\"incidents\">\n" + rows + "</ul>\n";
}

// Rows of the measure that are of this budget: the key of each, and what tells them apart.
std::vector<std::pair<std::vector<Symbol>, std::string>> rows_of(const Snapshot& snapshot,
                                                                 std::string_view measure,
                                                                 const SloQuestion& question) {
  std::vector<std::pair<std::vector<Symbol>, std::string>> rows;
  for (const auto& [key, observation] : snapshot.observations) {
    if (key.first.text() != question.cluster) continue;
    for (const Table& table : observation->tables) {
      if (table.measure->name != measure) continue;
      for (size_t row = 0; row < table.rows(); ++row) {
        const auto cells = table.keys->row(row);
        if (cells[1].text() != question.slo || cells[2].text() != question.entity) continue;
        std::string more;
        for (size_t i = 3; i < cells.size(); ++i)
          more += fmt::format(", {} {}", table.measure->dimensions[i], cells[i].text());
        rows.emplace_back(std::vector<Symbol>(cells.begin(), cells.end()), std::move(more));
      }
    }
  }
  return rows;
}

std::string plots(const Snapshot& snapshot, const history::History& history, WallTime now,
                  const SloQuestion& question) {
  std::string html;
  const auto add = [&](std::string_view measure, Unit unit, const std::string& title) {
    for (const auto& [cells, more] : rows_of(snapshot, measure, question)) {
      const auto curve = history.curve(measure, cells, now - question.back, now, kPlotSteps);
      if (curve) html += plot(*curve, unit, title + more);
    }
  };
  add(kRemaining, Unit::ratio, "error budget left");
  add(kBurnRate, Unit::none, "burn rate");
  return html.empty() ? "" : "<div class=\"plots\">\n" + html + "</div>\n";
}

std::string range_links(const SloQuestion& question) {
  std::string html = "<p class=\"range\">";
  for (const auto& [text, hours] :
       {std::pair{"1 h", 1}, std::pair{"6 h", 6}, std::pair{"24 h", 24}, std::pair{"14 d", 336}}) {
    if (question.back == std::chrono::hours(hours))
      html += fmt::format("<strong>{}</strong> ", text);
    else
      html += fmt::format("<a href=\"{}&amp;hours={}\">{}</a> ",
                          html_escape(slo_url(kHome, question)), hours, text);
  }
  return html + "</p>\n";
}

std::string fact(std::string_view name, const std::string& text) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, html_escape(text));
}

std::string amount(double value, bool events) {
  return events ? fmt::format("{:.0f}", value) : value_text(value, Unit::seconds);
}

std::string facts(const ExplainedBudget& budget) {
  std::string html = fact("Objective", value_text(budget.objective, Unit::ratio));
  html += fact("Window", budget.window);
  if (budget.has_data) {
    html += fact("Left", value_text(budget.remaining, Unit::ratio));
    html += fact("Bad so far", fmt::format("{} of {} allowed", amount(budget.bad, budget.events),
                                           amount(budget.allowed, budget.events)));
    html += fact("Burn rate", fmt::format("{:.2f}", budget.burn));
    if (budget.exhausted)
      html += fact("Exhausted", "nothing is left");
    else if (budget.exhausted_in)
      html += fact("Exhausted in", describe_duration(*budget.exhausted_in) + " at this rate");
  } else {
    html += fact("Left", "nothing of the window was seen yet");
  }
  html += fact("Known", value_text(budget.coverage, Unit::ratio) +
                            (budget.coverage_since <= budget.window_begin
                                 ? " of the window"
                                 : " of the time since " + describe_time(budget.coverage_since)));
  if (budget.excluded > Duration::zero())
    html += fact("Excluded", describe_duration(budget.excluded) + " of maintenance");
  if (budget.clears_at)
    html += fact("Clears", describe_time(*budget.clears_at) + " if all is good");
  if (!budget.finding.empty()) html += fact("Finding", budget.finding);
  return "<dl class=\"facts\">\n" + html + "</dl>\n";
}

std::string tiers(const ExplainedBudget& budget) {
  std::string rows;
  for (const ExplainedTier& tier : budget.tiers) {
    const char* const state = tier.burning   ? "burns"
                              : tier.frozen  ? "too little is known"
                              : tier.warming ? "its window is not filled yet"
                                             : "quiet";
    rows += fmt::format(
        "<tr><td>{}</td><td>{:.1f}</td><td>{}: {:.2f}</td><td>{}: {:.2f}</td><td>{}</td><td>{}</td>"
        "</tr>\n",
        severity_name(tier.severity), tier.factor, format_duration(tier.long_window.length),
        tier.long_window.burn, format_duration(tier.short_window.length), tier.short_window.burn,
        state, tier.clears_at ? describe_time(*tier.clears_at) : "");
  }
  if (rows.empty()) return {};
  return "<h2>Tiers</h2>\n" + wide_table("Tiers",
                                         "<th>Severity</th><th>Fires above</th><th>Long window</th>"
                                         "<th>Short window</th><th>State</th><th>Clears</th>",
                                         rows);
}

// "of group payments, topic orders ", each with its page.
std::string entity_of(const SloQuestion& question) {
  std::string html;
  const auto labels = parse_entity_text(question.entity);
  for (const auto& [name, value] : labels.value_or(EntityLabels()))
    html += fmt::format("{}{} {}", html.empty() ? "of " : ", ", html_escape(name),
                        anchor(kHome, name, question.cluster, value));
  return html.empty() ? html : html + " ";
}

// What the rules say of this entity.
const ExplainedBudget* budget_of(const std::optional<ExplainAnswer>& answer,
                                 const SloQuestion& question) {
  if (!answer) return nullptr;
  for (const Explanation& item : answer->items) {
    if (item.budget && item.entity.label("cluster").text() == question.cluster &&
        entity_text(item.entity) == question.entity)
      return &*item.budget;
  }
  return nullptr;
}

}  // namespace

std::string slo_url(std::string_view home, const SloQuestion& question) {
  return fmt::format("{}/slo?cluster={}&name={}&entity={}", home, percent_encoded(question.cluster),
                     percent_encoded(question.slo), percent_encoded(question.entity));
}

std::optional<std::string> slo_page(const Report& report, Now now, const history::History& history,
                                    const SloQuestion& question,
                                    const std::optional<ExplainAnswer>& answer) {
  const bool known = !rows_of(*report.snapshot, kRemaining, question).empty();
  if (!known) return std::nullopt;
  std::string body = fmt::format("<h1>SLO {}</h1>\n", html_escape(question.slo));
  body += fmt::format("<p class=\"soft\">{}in cluster {}</p>\n", entity_of(question),
                      anchor(kHome, "cluster", question.cluster, question.cluster));
  body += old_note(report.at.wall, now.wall);
  body += incidents(report, now.wall, question);
  const ExplainedBudget* const budget = budget_of(answer, question);
  if (budget != nullptr)
    body += facts(*budget);
  else
    body += "<p class=\"note\">The rules are busy: the figures come with the next look.</p>\n";
  body += range_links(question) + plots(*report.snapshot, history, now.wall, question);
  if (budget != nullptr) body += tiers(*budget);
  if (answer && !answer->meaning.empty())
    body += fmt::format("<p class=\"soft\">{}</p>\n", html_escape(answer->meaning));
  body += as_of(report.at.wall, now.wall);
  return html_page("SLO " + question.slo, body, {.home = kHome, .live = true});
}

}  // namespace highwater::web
