#include "exporters/overview.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporters/cluster_view.h"
#include "exporters/html.h"
#include "exporters/incident_html.h"

namespace highwater {
namespace {

constexpr size_t kMaxBudgets = 20;  // per cluster
constexpr size_t kMaxCards = 20;

std::string links() {
  return "<nav><a href=\"runbooks\">Runbooks</a> <a href=\"metrics\">Metrics</a> "
         "<a href=\"api/v1/status\">Status as JSON</a> <a href=\"healthz\">Health</a> "
         "<a href=\"readyz\">Readiness</a></nav>\n";
}

std::string runbook_link(const Incident& incident, const Runbooks& runbooks) {
  const std::string& runbook = incident.cause.runbook;
  if (runbooks.exists(runbook))
    return fmt::format("<p><a href=\"runbooks/{}?incident={}\">Runbook: {}</a></p>\n", runbook,
                       incident.id, html_escape(runbooks.title(runbook)));
  // Nothing but a web address may become a link.
  if (runbook.starts_with("https://") || runbook.starts_with("http://"))
    return fmt::format("<p><a href=\"{0}\">Runbook: {0}</a></p>\n", html_escape(runbook));
  return {};
}

std::string cluster_row(const ClusterView& cluster) {
  const bool stale = std::any_of(cluster.parts.begin(), cluster.parts.end(),
                                 [](const PartView& part) { return part.stale; });
  const std::string unknown = cluster.unknown_group_count > 0
                                  ? fmt::format(", {} of them unknown", cluster.unknown_group_count)
                                  : "";
  return fmt::format("<tr><td>{}</td><td>{} of {}</td><td>{}{}</td><td>{}{}</td></tr>\n",
                     html_escape(cluster.name), cluster.brokers_up(), cluster.brokers.size(),
                     cluster.group_count, unknown, cluster.unknown_rows,
                     stale ? " (out of date)" : "");
}

std::string budgets_table(const std::vector<ClusterView>& clusters) {
  std::string html =
      "<h2>Error budgets</h2>\n<table>\n<tr><th>Cluster</th><th>SLO</th><th>Entity</th>"
      "<th>Left</th><th>Coverage</th></tr>\n";
  size_t more = 0;
  for (const ClusterView& cluster : clusters) {
    for (const BudgetView& budget : cluster.budgets) {
      html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{:.1f}%</td><td>{}</td></tr>\n",
                          html_escape(cluster.name), html_escape(budget.slo),
                          html_escape(budget.entity), budget.remaining * 100,
                          budget.coverage ? fmt::format("{:.1f}%", *budget.coverage * 100) : "");
    }
    more += cluster.budget_count - cluster.budgets.size();
  }
  html += "</table>\n";
  if (more > 0)
    html +=
        fmt::format("<p>and {} more budget{}, with more left</p>\n", more, more == 1 ? "" : "s");
  return html;
}

std::string clusters_table(const Report& report, SteadyTime now) {
  if (report.snapshot == nullptr) return {};
  std::string html =
      "<h2>Clusters</h2>\n<table>\n<tr><th>Cluster</th><th>Brokers up</th><th>Groups</th>"
      "<th>Unknown values</th></tr>\n";
  const std::vector<ClusterView> clusters = view_clusters(*report.snapshot, now, 0, kMaxBudgets);
  for (const ClusterView& cluster : clusters) html += cluster_row(cluster);
  html += "</table>\n";
  const bool budgets = std::ranges::any_of(
      clusters, [](const ClusterView& cluster) { return cluster.budget_count > 0; });
  return budgets ? html + budgets_table(clusters) : html;
}

std::string incidents(const Report& report, WallTime now, const Runbooks& runbooks) {
  if (report.incidents.empty()) return "<p>No incident is open.</p>\n";
  std::string html;
  const size_t shown = std::min(report.incidents.size(), kMaxCards);
  for (size_t i = 0; i < shown; ++i) {
    html += incident_card(report.incidents[i], now);
    html += runbook_link(report.incidents[i], runbooks);
  }
  if (const size_t more = report.incidents.size() - shown; more > 0)
    html += fmt::format("<p>and {} more incident{}</p>\n", more, more == 1 ? "" : "s");
  return html;
}

}  // namespace

std::string overview_page(const Report* report, Now now, const Runbooks& runbooks) {
  std::string body = "<h1>Highwater</h1>\n" + links();
  if (report == nullptr) {
    body += "<p>Nothing was judged yet: the first round is under way.</p>\n";
  } else {
    body += incidents(*report, now.wall, runbooks);
    body += clusters_table(*report, now.steady);
    body += fmt::format("<p class=\"soft\">As of {}. Version {}.</p>\n",
                        since_text(report->at.wall, now.wall), HIGHWATER_VERSION);
  }
  return html_page("Overview", body);
}

std::string runbook_list_page(const Runbooks& runbooks) {
  std::string body = "<nav><a href=\".\">Overview</a></nav>\n<h1>Runbooks</h1>\n<ul>\n";
  for (const std::string& name : runbooks.names())
    body += fmt::format("<li><a href=\"runbooks/{}\">{}</a></li>\n", name,
                        html_escape(runbooks.title(name)));
  return html_page("Runbooks", body + "</ul>\n");
}

}  // namespace highwater
