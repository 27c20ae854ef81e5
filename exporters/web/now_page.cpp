#include "exporters/web/now_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "agent/core/plain_text.h"
#include "exporters/html/html.h"
#include "exporters/html/incident_html.h"
#include "exporters/incident_text.h"
#include "exporters/status/cluster_view.h"
#include "exporters/status/incident_list.h"
#include "exporters/value_text.h"
#include "exporters/web/changes_page.h"
#include "exporters/web/deliveries_page.h"
#include "exporters/web/incident_forms.h"
#include "exporters/web/links.h"
#include "exporters/web/plot.h"
#include "exporters/web/slo_page.h"

namespace highwater::web {
namespace {

constexpr size_t kMaxBudgets = 20;  // per cluster
constexpr size_t kMaxGroups = 20;   // per cluster
constexpr size_t kMaxBrokers = 60;  // in the strip
constexpr size_t kMaxCards = 20;
constexpr size_t kMaxEnded = 5;
constexpr size_t kSparkSteps = 60;
constexpr std::string_view kHome = ".";

std::string verdict(const Report& report, WallTime now) {
  const auto count = [&](Severity severity) {
    return static_cast<size_t>(std::ranges::count(report.incidents, severity, &Incident::severity));
  };
  const size_t pages = count(Severity::page);
  const size_t tickets = count(Severity::ticket);
  if (pages + tickets > 0) {
    std::string text = pages > 0 ? counted(pages, "page") : "";
    if (tickets > 0) text += (text.empty() ? "" : ", ") + counted(tickets, "ticket");
    return fmt::format("<h1 class=\"verdict {}\">Open: {}</h1>\n", pages > 0 ? "page" : "ticket",
                       text);
  }
  const bool any_ended = report.history != nullptr && !report.history->empty();
  return fmt::format("<h1 class=\"verdict\">All quiet{}</h1>\n",
                     any_ended
                         ? " since " + since_text(report.history->front()->ended.value_or(now), now)
                         : ": no incident is known");
}

// What could not be read is said as loudly as what is broken.
std::string unknowns(const std::vector<ClusterView>& clusters) {
  std::string list;
  const auto add = [&](const ClusterView& cluster, const std::string& what) {
    list += fmt::format("<li>{}: {}</li>\n", anchor(kHome, "cluster", cluster.name, cluster.name),
                        html_escape(what));
  };
  for (const ClusterView& cluster : clusters) {
    for (const PartView& part : cluster.parts) {
      if (part.stale)
        add(cluster,
            fmt::format("nothing new of {} for {}", part.name, describe_duration(part.age)));
      else if (!part.unreadable.empty())
        add(cluster, fmt::format("nothing of {} can be read: {}", part.name, part.unreadable));
    }
    if (cluster.unknown_group_count > 0)
      add(cluster, "the lag of " + counted(cluster.unknown_group_count, "group") + " is unknown");
    const auto dim = static_cast<size_t>(std::ranges::count_if(
        cluster.brokers, [](const BrokerView& broker) { return !broker.up; }));
    if (dim > 0) add(cluster, "the state of " + counted(dim, "broker") + " is unknown");
  }
  if (list.empty()) return {};
  return "<section class=\"unknown\"><strong>Not known at the moment</strong>\n<ul>\n" + list +
         "</ul></section>\n";
}

std::string runbook_link(const Incident& incident, const Runbooks& runbooks) {
  const std::string& runbook = incident.headline.runbook;
  if (runbooks.exists(runbook))
    return fmt::format("<p><a href=\"runbooks/{}?incident={}\">Runbook: {}</a></p>\n", runbook,
                       incident.id, html_escape(runbooks.title(runbook)));
  // Nothing but a web address may become a link.
  if (runbook.starts_with("https://") || runbook.starts_with("http://"))
    return fmt::format("<p><a href=\"{0}\">Runbook: {0}</a></p>\n", html_escape(runbook));
  return {};
}

std::string card(const Report& report, const Incident& incident, WallTime now,
                 const PageSources& sources, std::string ends = {}) {
  CardParts parts{.changed = changes_before(sources.changes, incident, report.snapshot.get()),
                  .told = told_of(sources.deliveries, incident, now),
                  .ends = std::move(ends),
                  .more = runbook_link(incident, sources.runbooks)};
  if (sources.remedies && !incident.ended) parts.remedy = sources.remedies(report, incident);
  return incident_card(incident, now, kHome, parts);
}

// When what it judges is as it should be; a budget says itself when it lets go.
std::string end_of(const Incident& incident, const IncidentQuestion& question) {
  const Alert& alert = incident.headline;
  if (incident.ended || alert.budget || !question.explain) return {};
  const auto answer = question.explain({alert.rule, alert.entity.text()});
  if (!answer || answer->kind != ExplainAnswer::Kind::alert) return {};
  const std::string condition = fmt::format("<code>{}</code>", html_escape(answer->judges));
  for (const Explanation& item : answer->items) {
    if (!item.alert || item.entity != alert.entity) continue;
    if (item.alert->unknown)
      return fmt::format("not before it can be read whether {} still holds", condition);
    if (item.ends_in)
      return fmt::format("in {}, if {} does not hold again", describe_duration(*item.ends_in),
                         condition);
  }
  return fmt::format("when {} holds no longer", condition);
}

std::string cards(const Report& report, WallTime now, const PageSources& sources) {
  std::string html;
  const size_t shown = std::min(report.incidents.size(), kMaxCards);
  for (size_t i = 0; i < shown; ++i) html += card(report, report.incidents[i], now, sources);
  if (shown < report.incidents.size())
    html += fmt::format("<p>and <a href=\"incidents\">{}</a></p>\n",
                        counted(report.incidents.size() - shown, "more incident"));
  return html;
}

// What is drawn beside a row; nothing where there is no curve.
std::string spark(const history::History& history, std::string_view measure, Unit unit,
                  std::initializer_list<std::string_view> cells, WallTime now) {
  std::vector<Symbol> key;
  for (const std::string_view cell : cells) key.emplace_back(cell);
  const auto curve = history.curve(measure, key, now - std::chrono::hours(6), now, kSparkSteps);
  return curve ? sparkline(*curve, unit) : "";
}

std::string slo_anchor(const std::string& cluster, const BudgetView& budget) {
  return fmt::format("<a href=\"{}\">{}</a>",
                     html_escape(slo_url(kHome, {cluster, budget.slo, budget.entity, {}})),
                     html_escape(budget.slo));
}

std::string budgets_table(const std::vector<ClusterView>& clusters, WallTime now,
                          const history::History& history) {
  std::string rows;
  size_t more = 0;
  for (const ClusterView& cluster : clusters) {
    for (const BudgetView& budget : cluster.budgets) {
      const std::string curve = spark(history, "slo_error_budget_remaining_ratio", Unit::ratio,
                                      {cluster.name, budget.slo, budget.entity}, now);
      rows += fmt::format(
          "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
          slo_anchor(cluster.name, budget), html_escape(budget.entity),
          anchor(kHome, "cluster", cluster.name, cluster.name),
          budget.remaining ? value_text(*budget.remaining, Unit::ratio) : "no data yet", curve,
          (budget.coverage ? value_text(*budget.coverage, Unit::ratio) : "") +
              (budget.excluded < 1
                   ? ""
                   : ", " + value_text(budget.excluded, Unit::seconds) + " excluded"));
    }
    more += cluster.budget_count - cluster.budgets.size();
  }
  if (rows.empty()) return {};
  return "<h2>Error budgets</h2>\n" +
         wide_table("Error budgets",
                    "<th>SLO</th><th>Of</th><th>Cluster</th><th>Left</th><th>Last 6 h</th>"
                    "<th>Coverage</th>",
                    rows) +
         (more > 0 ? fmt::format("<p class=\"soft\">and {}, with more left</p>\n",
                                 counted(more, "more budget"))
                   : "");
}

std::string broker_strip(const ClusterView& cluster) {
  std::string html = "<ul class=\"strip\">\n";
  const size_t shown = std::min(cluster.brokers.size(), kMaxBrokers);
  for (size_t i = 0; i < shown; ++i) {
    const BrokerView& broker = cluster.brokers[i];
    const std::string state = !broker.up               ? "unknown"
                              : !broker.status.empty() ? broker.status
                              : *broker.up             ? "up"
                                                       : "down";
    html += fmt::format(
        "<li class=\"{}\"><a href=\"{}\"{}>{}: {}</a></li>\n",
        !broker.up   ? "dim"
        : *broker.up ? "up"
                     : "down",
        html_escape(page_url(kHome, Kind::broker, cluster.name, broker.id)),
        broker.note.empty() ? "" : fmt::format(" title=\"{}\"", html_escape(broker.note)),
        html_escape(broker.id), html_escape(state));
  }
  html += "</ul>\n";
  if (shown < cluster.brokers.size())
    html += fmt::format("<p class=\"soft\">and {}</p>\n",
                        counted(cluster.brokers.size() - shown, "more broker"));
  return html;
}

// Of a cluster the rows of one measure, if they are not too old.
class Column {
 public:
  Column(const Snapshot& snapshot, std::string_view cluster, std::string_view measure,
         SteadyTime now) {
    for (const auto& [part, observation] : snapshot.observations) {
      if (part.first.text() != cluster || is_stale(*observation, now)) continue;
      for (const Table& table : observation->tables) {
        if (table.measure->name == measure) table_ = &table;
      }
    }
  }
  [[nodiscard]] std::string text(std::span<const Symbol> cells) const {
    const auto row = table_ == nullptr ? std::nullopt : table_->keys->find(cells);
    if (!row || !table_->known(*row)) return "<span class=\"soft\">unknown</span>";
    return value_text(table_->values[*row], table_->measure->unit);
  }

 private:
  const Table* table_ = nullptr;
};

std::string groups_table(const ClusterView& cluster, const Snapshot& snapshot, Now time,
                         const history::History& history) {
  const WallTime now = time.wall;
  const Column produced(snapshot, cluster.name, "group_produced_records_per_second", time.steady);
  const Column consumed(snapshot, cluster.name, "group_consumed_records_per_second", time.steady);
  const Column catch_up(snapshot, cluster.name, "group_time_to_catch_up_seconds", time.steady);
  std::string rows;
  for (const GroupView& group : cluster.groups) {
    const std::array cells{Symbol(cluster.name), Symbol(group.group), Symbol(group.topic)};
    const std::string lag = group.lag_seconds ? value_text(*group.lag_seconds, Unit::seconds) : "";
    rows += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
        "<td>{}</td></tr>\n",
        anchor(kHome, "group", cluster.name, group.group),
        group.topic.empty() ? "" : anchor(kHome, "topic", cluster.name, group.topic), lag,
        group.lag_records ? value_text(*group.lag_records, Unit::records) : "unknown",
        produced.text(cells), consumed.text(cells), catch_up.text(cells),
        spark(history, "group_topic_lag_records", Unit::records,
              {cluster.name, group.group, group.topic}, now));
  }
  if (rows.empty()) return {};
  return wide_table("Groups",
                    "<th>Group</th><th>Topic</th><th>Behind by</th><th>Records</th>"
                    "<th>Written/s</th><th>Read/s</th><th>Caught up in</th>"
                    "<th>Last 6 h</th>",
                    rows);
}

std::string cluster_section(const ClusterView& cluster, const Snapshot& snapshot, Now now,
                            const history::History& history) {
  std::string html =
      fmt::format("<h2>Cluster {}</h2>\n<p>{} of {} up, {}{}</p>\n",
                  anchor(kHome, "cluster", cluster.name, cluster.name), cluster.brokers_up(),
                  counted(cluster.brokers.size(), "broker"), counted(cluster.group_count, "group"),
                  cluster.groups.size() < cluster.group_count ? ", those that lag most:" : "");
  return html + broker_strip(cluster) + groups_table(cluster, snapshot, now, history);
}

std::string incident_table(const std::string& rows) {
  return "<table>\n<thead><tr><th>Severity</th><th>Incident</th><th>Since</th><th>Lasted</th></tr>"
         "</thead>\n<tbody>\n" +
         rows + "</tbody></table>\n";
}

std::string list_row(const Incident& incident, WallTime now) {
  const std::string_view severity = incident.ended ? "over" : severity_name(incident.severity);
  return fmt::format(
      "<tr class=\"{}\"><td><span class=\"tag\">{}</span></td><td><a "
      "href=\"incident?id={}\">{}</a></td>"
      "<td>{}</td><td>{}</td></tr>\n",
      severity, severity, incident.id, html_escape(incident_title(incident)),
      since_text(incident.opened, now), describe_duration(lasted(incident, now)));
}

std::string lately_ended(const Report& report, WallTime now) {
  if (report.history == nullptr || report.history->empty()) return {};
  std::string rows;
  for (size_t i = 0; i < std::min(report.history->size(), kMaxEnded); ++i)
    rows += list_row(*(*report.history)[i], now);
  const size_t more = report.history->size() - std::min(report.history->size(), kMaxEnded);
  return "<h2>Ended last</h2>\n" + incident_table(rows) +
         (more > 0 ? fmt::format("<p><a href=\"incidents\">and {}</a></p>\n",
                                 counted(more, "more incident"))
                   : "");
}

}  // namespace

std::string now_page(const Report* report, Now now, const PageSources& sources) {
  if (report == nullptr)
    return html_page("Now",
                     "<h1>Now</h1>\n<p>Nothing was judged yet: the first round is under way.</p>\n",
                     {.home = kHome, .live = true});
  std::vector<ClusterView> clusters;
  if (report->snapshot != nullptr)
    clusters = view_clusters(*report->snapshot, now.steady, kMaxGroups, kMaxBudgets);
  std::string body = old_note(report->at.wall, now.wall) + verdict(*report, now.wall) +
                     cards(*report, now.wall, sources) + unknowns(clusters) +
                     budgets_table(clusters, now.wall, sources.history);
  for (const ClusterView& cluster : clusters)
    body += cluster_section(cluster, *report->snapshot, now, sources.history);
  body += lately_ended(*report, now.wall);
  return html_page("Now", body + as_of(report->at.wall, now.wall), {.home = kHome, .live = true});
}

std::optional<std::string> incident_page(const Report* report, WallTime now,
                                         const PageSources& sources,
                                         const IncidentQuestion& question) {
  const Incident* const incident = find_incident(report, question.which);
  if (incident == nullptr) return std::nullopt;
  const std::string forms = question.may_change ? incident_forms(*incident) : std::string();
  return html_page(fmt::format("Incident {}", incident->id),
                   fmt::format("<h1>Incident {}</h1>\n", incident->id) +
                       (incident->ended ? "" : old_note(report->at.wall, now)) +
                       card(*report, *incident, now, sources, end_of(*incident, question)) + forms +
                       as_of(report->at.wall, now),
                   {.home = kHome, .live = true});
}

std::string incidents_page(const Report* report, WallTime now) {
  const auto [listed, count] = list_incidents(report, now, Duration::max(), kListedIncidents);
  std::string rows;
  for (const Incident* const incident : listed) rows += list_row(*incident, now);
  std::string body = "<h1>Incidents of the last 30 days</h1>\n";
  if (count == 0) {
    body += "<p class=\"calm\">There was none.</p>\n";
  } else {
    body += incident_table(rows);
  }
  if (count > listed.size())
    body += fmt::format(
        "<p class=\"soft\">and {}: <a href=\"api/v1/incidents?last=30d\">as JSON</a></p>\n",
        counted(count - listed.size(), "more incident"));
  return html_page("Incidents", body, {.home = kHome, .live = true});
}

std::string runbook_list_page(const Runbooks& runbooks) {
  std::string body = "<h1>Runbooks</h1>\n<ul>\n";
  for (const std::string& name : runbooks.names())
    body += fmt::format("<li><a href=\"runbooks/{}\">{}</a></li>\n", name,
                        html_escape(runbooks.title(name)));
  return html_page("Runbooks", body + "</ul>\n");
}

}  // namespace highwater::web
