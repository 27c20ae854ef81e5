#include "exporters/web/agent_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "agent/core/plain_text.h"
#include "exporters/html/html.h"
#include "exporters/status/cluster_view.h"
#include "exporters/value_text.h"
#include "exporters/web/links.h"

namespace highwater::web {
namespace {

constexpr std::string_view kHome = ".";
constexpr size_t kMaxNotices = 20;

std::string fact(std::string_view name, std::string_view value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, html_escape(value));
}

std::string state(const AgentFacts& facts, Now now) {
  std::string html = "<dl class=\"facts\">\n" + fact("version", HIGHWATER_VERSION) +
                     fact("ready", facts.ready ? "yes" : "no: the first round has not ended yet") +
                     fact("came round", describe_duration(facts.heartbeat_age) + " ago");
  if (facts.report != nullptr)
    html += fact("last evaluation took", describe_duration(facts.report->took));
  if (const auto& process = facts.process) {
    const WallTime started(std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(process->start_unix_seconds)));
    const double alive = std::max(1.0, to_seconds(now.wall - started));
    html += fact("started", since_text(started, now.wall)) +
            fact("CPU since then", fmt::format("{:.1f} s, {:.2f} % of a core", process->cpu_seconds,
                                               process->cpu_seconds / alive * 100)) +
            fact("resident memory", value_text(process->resident_bytes, Unit::bytes)) +
            fact("threads", value_text(process->threads, Unit::count));
    if (process->open_descriptors)
      html +=
          fact("open files", value_text(*process->open_descriptors, Unit::count) +
                                 (process->max_descriptors
                                      ? " of " + value_text(*process->max_descriptors, Unit::count)
                                      : ""));
  }
  return html + "</dl>\n";
}

std::string notices(const Snapshot& snapshot) {
  std::string items;
  size_t count = 0;
  for (const auto& [part, observation] : snapshot.observations) {
    for (const Problem& problem : observation->problems) {
      if (++count <= kMaxNotices) items += fmt::format("<li>{}</li>\n", html_escape(problem.what));
    }
  }
  if (items.empty()) return {};
  if (count > kMaxNotices) items += fmt::format("<li>and {} more</li>\n", count - kMaxNotices);
  return "<h2>Problems</h2>\n<ul>\n" + items + "</ul>\n";
}

// "12 denied, 3 timed_out": the most first.
std::string reasons(const Observation& observation) {
  std::map<Unknown, size_t> counts;
  for (const Table& table : observation.tables) {
    for (const Unknown reason : table.unknown) {
      if (reason != Unknown::known) ++counts[reason];
    }
  }
  std::vector<std::pair<Unknown, size_t>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted, std::greater<>(), &std::pair<Unknown, size_t>::second);
  std::string text;
  for (const auto& [reason, count] : sorted)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ",
                        value_text(static_cast<double>(count), Unit::count), unknown_name(reason));
  return text;
}

// All rows of a counter together.
std::optional<double> total_of(const Snapshot& snapshot, Symbol cluster, std::string_view measure) {
  std::optional<double> sum;
  for (const auto& [part, observation] : snapshot.observations) {
    if (part.first != cluster) continue;
    for (const Table& table : observation->tables) {
      if (table.measure->name != measure) continue;
      for (size_t row = 0; row < table.rows(); ++row) {
        if (table.known(row)) sum = sum.value_or(0) + table.values[row];
      }
    }
  }
  return sum;
}

std::string state_of(const PartView& part) {
  if (part.stale) return "nothing new";
  if (!part.unreadable.empty()) return "unreadable: " + html_escape(part.unreadable);
  if (part.unread_rows > 0) return counted(part.unread_rows, "row") + " cannot be read";
  return "as it should be";
}

std::string parts(const Snapshot& snapshot, Now now) {
  std::string html;
  for (const ClusterView& cluster : view_clusters(snapshot, now.steady, 0, 0)) {
    const Symbol name(cluster.name);
    std::string rows;
    for (const PartView& part : cluster.parts) {
      const auto found = snapshot.observations.find({name, part.name});
      rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                          html_escape(part.name), describe_duration(part.age), state_of(part),
                          value_text(static_cast<double>(part.unknown_rows), Unit::count),
                          found == snapshot.observations.end() ? "" : reasons(*found->second));
    }
    const auto requests = total_of(snapshot, name, "kafka_requests_total");
    html += fmt::format("<h2>Cluster {}</h2>\n<p>{}</p>\n",
                        anchor(kHome, "cluster", cluster.name, cluster.name),
                        requests ? value_text(*requests, Unit::count) + " requests to its brokers"
                                 : "no request was counted yet") +
            wide_table("Parts of cluster " + cluster.name,
                       "<th>Part</th><th>Age</th><th>State</th><th>Unknown rows</th><th>Why</th>",
                       rows);
  }
  return html;
}

std::string receivers(const AgentFacts& facts, WallTime now) {
  if (facts.receivers.empty())
    return "<h2>Receivers</h2>\n<p class=\"unknown\">None is configured: nobody is notified.</p>\n";
  std::string rows;
  for (const notify::ReceiverStats& receiver : facts.receivers) {
    const std::string state = receiver.misconfigured         ? "refuses: " + receiver.last_error
                              : !receiver.last_error.empty() ? "fails: " + receiver.last_error
                              : receiver.last_success        ? "takes them"
                                                             : "not tried yet";
    rows += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        html_escape(receiver.name), html_escape(state), receiver.pending, receiver.sent,
        receiver.failed_attempts + receiver.rejected,
        receiver.last_success ? since_text(*receiver.last_success, now) : "never since the start");
  }
  return "<h2>Receivers</h2>\n" +
         wide_table("Receivers",
                    "<th>Receiver</th><th>State</th><th>Waiting</th><th>Delivered</th>"
                    "<th>Failed attempts</th><th>Last delivered</th>",
                    rows) +
         "<p><a href=\"deliveries\">All deliveries</a></p>\n";
}

}  // namespace

std::string agent_page(const AgentFacts& facts, Now now) {
  std::string body = "<h1>The agent itself</h1>\n";
  if (facts.report != nullptr) body += old_note(facts.report->at.wall, now.wall);
  body += state(facts, now);
  const bool read = facts.report != nullptr && facts.report->snapshot != nullptr;
  if (read) body += notices(*facts.report->snapshot);
  body += receivers(facts, now.wall);
  body += read ? parts(*facts.report->snapshot, now)
               : std::string("<p>Nothing was read yet: the first round is under way.</p>\n");
  if (facts.report != nullptr) body += as_of(facts.report->at.wall, now.wall);
  return html_page("Agent", body, {.home = kHome, .live = true});
}

}  // namespace highwater::web
