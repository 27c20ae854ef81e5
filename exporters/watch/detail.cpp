#include "exporters/watch/detail.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "exporters/json_fields.h"
#include "exporters/status/explain_text.h"
#include "exporters/status/status_text.h"
#include "exporters/status/terminal.h"
#include "exporters/watch/line.h"
#include "exporters/web/links.h"

namespace highwater::watch {
namespace {

using Json = nlohmann::json;

void write_explanation(const Model& model, const Question& question, TextStyle style,
                       TerminalText& out, std::string& rendered) {
  out.line();
  out.line("EXPLANATION", Ink::bold);
  if (!model.explanation || model.explanation->question != question)
    return out.line("  the agent is asked", Ink::soft);
  if (!model.explanation->problem.empty())
    return out.line("  not available: " + model.explanation->problem, Ink::yellow, 2);
  const Result<ExplainView> view = render_explanation(model.explanation->json, style);
  if (!view) return out.line("  not available: " + view.error().message, Ink::yellow, 2);
  rendered = view->text;
}

// Whether the cause, the headline or a piece of evidence is about the group.
bool concerns(const Json& incident, const GroupRow& group) {
  const auto names = [&](const Json& item) {
    const Json& entity = object_of(item, "entity");
    const std::string cluster = text_of(entity, "cluster");
    return text_of(entity, "group") == group.group && (cluster.empty() || cluster == group.cluster);
  };
  if (names(object_of(incident, "cause")) || names(object_of(incident, "headline"))) return true;
  for (const Json& item : list_of(incident, "evidence")) {
    if (names(item)) return true;
  }
  return false;
}

void write_topics(const Picture& picture, const GroupRow& group, TerminalText& out) {
  std::vector<std::vector<TextCell>> rows{
      {{"LAG (TIME)", Ink::soft}, {"LAG (RECORDS)", Ink::soft}, {"TOPIC", Ink::soft}}};
  const TextCell unknown{"unknown", Ink::yellow};
  for (const GroupRow& row : picture.groups) {
    if (row.group != group.group || row.cluster != group.cluster) continue;
    rows.push_back({row.lag_seconds ? TextCell{seconds_text(*row.lag_seconds)} : unknown,
                    row.lag_records ? TextCell{fmt::format("{:.0f}", *row.lag_records)} : unknown,
                    {row.topic.empty() ? "(of no topic is anything known)" : row.topic}});
  }
  out.table(rows);
}

void write_group(const Picture& picture, const GroupRow& group, const std::string& url,
                 TerminalText& out) {
  out.line(fmt::format("GROUP {} of cluster {}", group.group, group.cluster), Ink::bold, 2);
  write_topics(picture, group, out);
  out.line();
  out.line("ERROR BUDGETS", Ink::bold);
  std::vector<std::vector<TextCell>> budgets;
  // As a word: "group=pay" is no part of "group=payments".
  const std::string word = " group=" + group.group + " ";
  for (const BudgetRow& row : picture.budgets) {
    if (row.cluster != group.cluster || (" " + row.entity + " ").find(word) == std::string::npos)
      continue;
    budgets.push_back(
        {row.left ? TextCell{fmt::format("{:.1f}% left", *row.left * 100), budget_ink(*row.left)}
                  : TextCell{"no data yet", Ink::yellow},
         {row.slo},
         {row.entity}});
  }
  if (budgets.empty())
    out.line("  none of those that the agent listed", Ink::soft);
  else
    out.table(budgets);
  out.line();
  out.line("OPEN INCIDENTS", Ink::bold);
  bool any = false;
  for (const IncidentRow& row : picture.incidents) {
    if (!concerns(*row.json, group)) continue;
    out.line(fmt::format("  {} {}: {}", row.severity, row.key, row.title),
             severity_ink(row.severity), 4);
    any = true;
  }
  if (!any) out.line("  none names it", Ink::soft);
  out.line();
  out.line("Members, partitions and curves:");
  out.line("  " + web::page_url(url, web::Kind::group, group.cluster, group.group));
}

std::vector<std::string> lines_of(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.push_back(clipped(text.substr(0, end), width));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

}  // namespace

std::vector<std::string> detail_lines(const Model& model, const View& view, size_t width,
                                      bool colour) {
  if (!view.detail || view.detail->picture == nullptr) return {};
  const Detail& detail = *view.detail;
  const Picture& picture = *detail.picture;
  const auto index = find_row(picture, detail.section, detail.key);
  if (!index) return {};
  const TextStyle style{colour, width, true};
  TerminalText out(style);
  const std::string_view gone = detail.section == Section::incidents
                                    ? "It is not open any more"
                                    : "The agent does not list it any more";
  if (detail.gone) out.line(fmt::format("{}: this is how it was last seen.", gone), Ink::yellow);
  switch (detail.section) {
    case Section::incidents:
      write_incident(*picture.incidents[*index].json, picture.now, out);
      break;
    case Section::clusters:
      write_cluster_state(*picture.clusters[*index].json, picture.now, out);
      break;
    case Section::budgets: {
      const BudgetRow& budget = picture.budgets[*index];
      out.line(fmt::format("ERROR BUDGET {} of cluster {}", budget.slo, budget.cluster), Ink::bold);
      if (!budget.entity.empty()) out.line("  " + budget.entity);
      break;
    }
    case Section::groups:
      write_group(picture, picture.groups[*index], model.connection.url, out);
      break;
  }
  std::string explanation;
  if (const auto question = question_of(view))
    write_explanation(model, *question, style, out, explanation);
  return lines_of(out.take() + explanation, width);
}

std::vector<std::string> help_lines(size_t width, bool colour) {
  TerminalText out({colour, width, true});
  out.line("KEYS", Ink::bold);
  out.table({{{"Up, Down, k, j"}, {"the row above, below; goes on into the next list"}},
             {{"Tab, Left, Right"}, {"the next list, the one before"}},
             {{"PgUp, PgDn, Space"}, {"a page back, on"}},
             {{"Home, End, g, G"}, {"the first row, the last one"}},
             {{"Enter"},
              {"open the row: an incident's whole text, a cluster's brokers, why a "
               "budget burns, all topics of a group"}},
             {{"Esc"}, {"back; in the lists: show all rows again"}},
             {{"/"}, {"only rows with these letters in them; Enter keeps it, Esc ends it"}},
             {{"s"}, {"another order of the list"}},
             {{"r"}, {"ask the agent now"}},
             {{"Ctrl-L"}, {"draw the screen again"}},
             {{"q, Ctrl-C"}, {"quit"}}});
  out.line();
  out.line("BROKERS", Ink::bold);
  out.table({{{"+", Ink::green}, {"up"}},
             {{"x", Ink::red}, {"not up; its state stands behind the marks"}},
             {{"?", Ink::yellow}, {"unknown"}}});
  return lines_of(out.take(), width);
}

}  // namespace highwater::watch
