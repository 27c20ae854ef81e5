#include "exporters/web/changes_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "exporters/html/html.h"
#include "exporters/incident_text.h"
#include "exporters/web/links.h"

namespace highwater::web {
namespace {

constexpr size_t kMostBefore = 5;
constexpr size_t kMostListed = 500;
constexpr std::string_view kHome = ".";

std::string change_html(const changes::Change& change) {
  if (change.about.labels.empty() && change.kind == changes::ChangeKind::mark)
    return html_escape(change.text);
  const std::string about =
      change.about.labels.empty() ? "Highwater" : entity_anchors(kHome, change.about);
  return fmt::format("{}: {}", about, html_escape(change.text));
}

}  // namespace

std::string changes_before(const changes::Ledger& ledger, const Incident& incident,
                           const Snapshot* snapshot) {
  const auto related = changes::changes_before(ledger, incident, snapshot, kMostBefore);
  const WallTime until = changes::began(incident);
  Duration watched = changes::kLookBack;
  for (const changes::Change& change : ledger.between(until - changes::kLookBack, until)) {
    if (change.kind == changes::ChangeKind::began_watching) watched = until - change.at;
  }
  if (related.empty() && watched < changes::kLookBack)
    return fmt::format("<span class=\"soft\">not known: the agent was started {} before</span>",
                       describe_duration(watched));
  if (related.empty())
    return fmt::format("<span class=\"soft\">nothing that is known, in the {} before</span>",
                       describe_duration(changes::kLookBack));
  std::string html;
  for (const changes::Related& one : related)
    html += fmt::format("{}{}: {}", html.empty() ? "" : "<br>\n",
                        before_text(one.before, one.change.at), change_html(one.change));
  return html;
}

std::string changes_page(const changes::Ledger& ledger, WallTime now, Duration back) {
  const std::vector<changes::Change> found =
      ledger.between(now - back, now + std::chrono::seconds(1));
  std::string rows;
  for (size_t i = 0; i < std::min(found.size(), kMostListed); ++i) {
    const changes::Change& change = found[found.size() - 1 - i];
    const std::string cluster = change.about.label("cluster").text();
    rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", since_text(change.at, now),
                        cluster.empty() ? "" : anchor(kHome, "cluster", cluster, cluster),
                        change_html(change));
  }
  std::string body = fmt::format(
      "<h1>Changes of the last {}</h1>\n<p class=\"range\"><a href=\"changes?hours=1\">1 h</a> "
      "<a href=\"changes?hours=24\">24 h</a> <a href=\"changes?hours=168\">7 d</a></p>\n",
      describe_duration(back));
  if (rows.empty())
    body += "<p class=\"calm\">None was seen.</p>\n";
  else
    body +=
        wide_table("Changes", "<th>When</th><th>Cluster</th><th>What</th>", rows, OnNarrow::stack);
  if (found.size() > kMostListed)
    body += fmt::format("<p class=\"soft\">and {} earlier ones</p>\n", found.size() - kMostListed);
  return html_page("Changes", body, {.home = kHome, .live = true});
}

std::string changes_json(const changes::Ledger& ledger, WallTime from, WallTime until) {
  using Json = nlohmann::ordered_json;
  const std::vector<changes::Change> found = ledger.between(from, until);
  Json list = Json::array();
  for (size_t i = 0; i < std::min(found.size(), kMostListed); ++i) {
    const changes::Change& change = found[found.size() - 1 - i];
    Json about = Json::object();
    std::string tags = change.kind == changes::ChangeKind::mark ? "mark" : "seen";
    for (const auto& [name, value] : change.about.labels) {
      about[name.text()] = value.text();
      tags += "," + name.text() + "=" + value.text();
    }
    list.push_back({{"at", format_time(change.at)},
                    {"about", about},
                    {"text", change.text},
                    {"mark", change.kind == changes::ChangeKind::mark},
                    {"tags", tags}});
  }
  const Json json{{"changes", std::move(list)}, {"change_count", found.size()}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace highwater::web
