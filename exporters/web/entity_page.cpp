#include "exporters/web/entity_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "exporters/html/html.h"
#include "exporters/html/incident_html.h"
#include "exporters/value_text.h"
#include "exporters/web/plot.h"

namespace highwater::web {
namespace {

constexpr size_t kRowsPerPage = 100;
constexpr size_t kMaxPlots = 8;
constexpr size_t kMaxIncidents = 10;
constexpr size_t kMaxNames = 200;
constexpr size_t kPlotSteps = 360;
constexpr std::string_view kHome = ".";

std::string incidents(const Report& report, WallTime now, const Subject& subject) {
  std::string open;
  for (const Incident& incident : report.incidents) {
    if (is_about(incident, subject)) open += incident_item(incident, now, kHome);
  }
  std::string html = open.empty() ? "<p class=\"calm\">No open incident names it.</p>\n"
                                  : "<ul class=\"incidents\">\n" + open + "</ul>\n";
  std::string ended;
  size_t count = 0;
  if (report.history != nullptr) {
    for (const IncidentPtr& incident : *report.history) {
      if (!is_about(*incident, subject)) continue;
      if (++count <= kMaxIncidents) ended += incident_item(*incident, now, kHome);
    }
  }
  if (count == 0) return html;
  return html + fmt::format(
                    "<details><summary>{} ended incident{} of the last 30 days</summary>\n"
                    "<ul class=\"incidents\">\n{}</ul></details>\n",
                    count, count == 1 ? "" : "s", ended);
}

// The rows with a curve, the greatest value first.
std::string plots(const Facts& facts, const history::History& history, WallTime now,
                  const EntityQuestion& question) {
  struct Candidate {
    Fact fact;
    double value;
  };
  std::vector<Candidate> candidates;
  const auto consider = [&](const Fact& fact) {
    if (fact.table == nullptr || !history::is_kept(fact.table->measure->name)) return;
    const double value = fact.table->known(fact.row) ? fact.table->values[fact.row] : 0;
    candidates.push_back({fact, std::isnan(value) ? 0 : value});
  };
  for (const Fact& fact : facts.own) consider(fact);
  for (const Sheet& sheet : facts.sheets) {
    for (const auto& [cells, row] : sheet.rows) std::ranges::for_each(row, consider);
  }
  std::ranges::stable_sort(candidates, std::greater{}, &Candidate::value);
  std::string html;
  size_t shown = 0;
  for (const Candidate& candidate : candidates) {
    if (shown == kMaxPlots) break;
    const Table& table = *candidate.fact.table;
    const auto cells = table.keys->row(candidate.fact.row);
    const auto curve = history.curve(table.measure->name, {cells.begin(), cells.end()},
                                     now - question.back, now, kPlotSteps);
    if (!curve) continue;
    std::string title = column_title(*table.measure, kind_name(question.subject.kind));
    for (size_t i = 1; i < cells.size(); ++i) {
      if (table.measure->dimensions[i] != kind_name(question.subject.kind))
        title += fmt::format(", {} {}", table.measure->dimensions[i], cells[i].text());
    }
    html += plot(*curve, table.measure->unit, title);
    ++shown;
  }
  return html;
}

std::string range_links(const EntityQuestion& question) {
  const Subject& subject = question.subject;
  std::string html = "<p class=\"range\">";
  for (const auto& [text, back] :
       {std::pair{"1 h", std::chrono::hours(1)}, std::pair{"6 h", std::chrono::hours(6)},
        std::pair{"24 h", std::chrono::hours(24)},
        std::pair{"14 d", std::chrono::hours(24 * 14)}}) {
    if (question.back == back)
      html += fmt::format("<strong>{}</strong> ", text);
    else
      html += fmt::format("<a href=\"{}&amp;hours={}\">{}</a> ",
                          html_escape(page_url(kHome, subject.kind, subject.cluster, subject.name)),
                          back.count(), text);
  }
  return html + "</p>\n";
}

std::string own_facts(const Facts& facts, const Subject& subject) {
  std::string html;
  for (const Fact& fact : facts.own) {
    const Measure& measure = *fact.table->measure;
    std::string value = html_escape(cell_text(*fact.table, fact.row, fact.stale));
    if (measure.unit == Unit::info) {
      value.clear();
      const auto cells = fact.table->keys->row(fact.row);
      for (size_t i = 1; i < cells.size(); ++i) {
        const std::string_view dimension = measure.dimensions[i];
        if (dimension == kind_name(subject.kind) || cells[i].empty()) continue;
        value += fmt::format("{}{} {}", value.empty() ? "" : ", ", dimension,
                             anchor(kHome, dimension, subject.cluster, cells[i].text()));
      }
    }
    html +=
        fmt::format("<div title=\"{}\"><dt>{}</dt><dd>{}</dd></div>\n", html_escape(measure.help),
                    column_title(measure, kind_name(subject.kind)), value);
  }
  return html.empty() ? "" : "<dl class=\"facts\">\n" + html + "</dl>\n";
}

// A column that says 0 or "no" everywhere says so in one line.
bool says_nothing(const Sheet& sheet, size_t column) {
  return std::ranges::all_of(sheet.rows, [&](const auto& row) {
    const Fact& fact = row.second[column];
    return fact.table == nullptr ||
           (fact.table->known(fact.row) && !fact.stale && fact.table->values[fact.row] == 0);
  });
}

// Partitions are numbers: 10 comes after 9.
std::vector<const std::vector<Symbol>*> in_order(const Sheet& sheet) {
  std::vector<const std::vector<Symbol>*> keys;
  for (const auto& [cells, row] : sheet.rows) keys.push_back(&cells);
  const auto before = [](const std::vector<Symbol>* a, const std::vector<Symbol>* b) {
    for (size_t i = 0; i < a->size(); ++i) {
      const std::string& left = (*a)[i].text();
      const std::string& right = (*b)[i].text();
      if (left == right) continue;
      const auto digits = [](const std::string& text) {
        return !text.empty() &&
               std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
      };
      if (digits(left) && digits(right) && left.size() != right.size())
        return left.size() < right.size();
      return left < right;
    }
    return false;
  };
  std::ranges::stable_sort(keys, before);
  return keys;
}

std::string pages(const Sheet& sheet, const EntityQuestion& question) {
  const size_t count = (sheet.rows.size() + kRowsPerPage - 1) / kRowsPerPage;
  if (count <= 1) return {};
  const Subject& subject = question.subject;
  const std::string url = html_escape(page_url(kHome, subject.kind, subject.cluster, subject.name));
  std::string html =
      fmt::format("<p class=\"soft\">{} rows, {} a page:", sheet.rows.size(), kRowsPerPage);
  // The first, the last, and those around this one.
  size_t last = 0;
  for (size_t page = 0; page < count; ++page) {
    const bool near = page + 3 >= question.page && page <= question.page + 3;
    if (page != 0 && page + 1 != count && !near) continue;
    if (page > last + 1) html += " ...";
    last = page;
    html += page == question.page
                ? fmt::format(" <strong>{}</strong>", page + 1)
                : fmt::format(" <a href=\"{}&amp;page={}\">{}</a>", url, page, page + 1);
  }
  return html + "</p>\n";
}

std::string sheet_table(const Sheet& sheet, const EntityQuestion& question) {
  const Subject& subject = question.subject;
  std::vector<size_t> columns;
  std::string nothing;
  for (size_t i = 0; i < sheet.columns.size(); ++i) {
    if (!says_nothing(sheet, i)) {
      columns.push_back(i);
    } else {
      nothing +=
          (nothing.empty() ? "" : ", ") + column_title(*sheet.columns[i], kind_name(subject.kind));
    }
  }
  std::string head;
  std::string title = "By";
  for (const std::string_view dimension : sheet.dimensions) {
    head += fmt::format("<th scope=\"col\">{}</th>", dimension);
    title += fmt::format("{}{}", title == "By" ? " " : " and ", dimension);
  }
  for (const size_t column : columns)
    head += fmt::format("<th scope=\"col\" title=\"{}\">{}</th>",
                        html_escape(sheet.columns[column]->help),
                        column_title(*sheet.columns[column], kind_name(subject.kind)));
  const auto keys = in_order(sheet);
  const size_t from = std::min(question.page * kRowsPerPage, keys.size());
  std::string body;
  for (const std::vector<Symbol>* key :
       std::span(keys).subspan(from).first(std::min(kRowsPerPage, keys.size() - from))) {
    body += "<tr>";
    for (size_t i = 0; i < key->size(); ++i)
      body += fmt::format("<td>{}</td>",
                          anchor(kHome, sheet.dimensions[i], subject.cluster, (*key)[i].text()));
    const std::vector<Fact>& row = sheet.rows.at(*key);
    for (const size_t column : columns) {
      const Fact& fact = row[column];
      const bool known = fact.table != nullptr && fact.table->known(fact.row) && !fact.stale;
      body += fmt::format(
          "<td{}>{}</td>", known ? "" : " class=\"soft\"",
          fact.table == nullptr ? "" : html_escape(cell_text(*fact.table, fact.row, fact.stale)));
    }
    body += "</tr>\n";
  }
  if (!nothing.empty()) nothing = "<p class=\"soft\">0 or no everywhere: " + nothing + ".</p>\n";
  return fmt::format("<h2>{}</h2>\n{}{}{}", title, pages(sheet, question),
                     wide_table(title, head, body), nothing);
}

std::string name_list(const Snapshot& snapshot, Kind kind, const std::string& cluster) {
  const auto names = names_of(snapshot, kind, cluster);
  if (names.empty()) return {};
  std::string html = fmt::format("<h2>{} {}{}</h2>\n<p class=\"names\">", names.size(),
                                 kind_name(kind), names.size() == 1 ? "" : "s");
  for (size_t i = 0; i < std::min(names.size(), kMaxNames); ++i)
    html += anchor(kHome, kind_name(kind), cluster, names[i].second.text()) + " ";
  if (names.size() > kMaxNames)
    html += fmt::format("<span class=\"soft\">and {} more: search for them</span>",
                        names.size() - kMaxNames);
  return html + "</p>\n";
}

}  // namespace

std::optional<std::string> entity_page(const Report& report, Now now,
                                       const history::History& history,
                                       const EntityQuestion& question) {
  const Subject& subject = question.subject;
  const Facts facts = facts_about(*report.snapshot, now.steady, subject);
  if (!facts.found) return std::nullopt;
  const std::string title =
      subject.kind == Kind::cluster
          ? "Cluster " + subject.name
          : fmt::format("{}{} {}", static_cast<char>(kind_name(subject.kind)[0] - 'a' + 'A'),
                        kind_name(subject.kind).substr(1), subject.name);
  std::string body = fmt::format("<h1>{}</h1>\n", html_escape(title));
  body += old_note(report.at.wall, now.wall);
  if (subject.kind != Kind::cluster)
    body += fmt::format("<p class=\"soft\">in cluster {}</p>\n",
                        anchor(kHome, "cluster", subject.cluster, subject.cluster));
  for (const std::string& note : facts.notes)
    body += fmt::format("<p class=\"note\">{}</p>\n", html_escape(note));
  body += incidents(report, now.wall, subject);
  if (const std::string curves = plots(facts, history, now.wall, question); !curves.empty())
    body += range_links(question) + "<div class=\"plots\">\n" + curves + "</div>\n";
  body += own_facts(facts, subject);
  for (const Sheet& sheet : facts.sheets) body += sheet_table(sheet, question);
  if (subject.kind == Kind::cluster) {
    body += name_list(*report.snapshot, Kind::topic, subject.cluster);
    body += name_list(*report.snapshot, Kind::group, subject.cluster);
  }
  body += as_of(report.at.wall, now.wall);
  return html_page(title, body, {.home = kHome, .live = true});
}

}  // namespace highwater::web
