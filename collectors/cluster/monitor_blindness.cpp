#include "collectors/cluster/monitor_blindness.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "agent/core/utf8.h"
#include "collectors/kafka/offsets_topic.h"

namespace highwater::collectors {
namespace {

constexpr double kThrottledShare = 0.1;
constexpr size_t kProblems = 3;
constexpr size_t kLongestExample = 120;  // in characters

const Table* find_table(const Snapshot& snapshot, const Symbol& cluster, std::string_view part,
                        std::string_view measure, Now now) {
  const auto found = snapshot.observations.find({cluster, part});
  if (found == snapshot.observations.end() || found->second == nullptr ||
      is_stale(*found->second, now.steady))
    return nullptr;
  for (const Table& table : found->second->tables) {
    if (table.measure->name == measure) return &table;
  }
  return nullptr;
}

bool any_row(const Table* table, double value) {
  for (size_t row = 0; table != nullptr && row < table->rows(); ++row) {
    if (table->known(row) && table->values[row] == value) return true;
  }
  return false;
}

bool has_dimension(const Table& table, std::string_view dimension) {
  const auto dimensions = table.keys->dimensions();
  return std::ranges::find(dimensions, dimension) != dimensions.end();
}

// "group_lag_records of group=billing topic=orders partition=3"
std::string example(const Table& table, size_t row) {
  std::string text(table.measure->name);
  const auto dimensions = table.keys->dimensions();
  const auto cells = table.keys->row(row);
  std::string_view before = " of ";
  for (size_t i = 0; i < dimensions.size(); ++i) {
    if (dimensions[i] == "cluster") continue;
    text += fmt::format("{}{}={}", before, dimensions[i], cells[i].text());
    before = " ";
  }
  const std::string_view shown = utf8::first_characters(text, kLongestExample);
  return shown.size() < text.size() ? std::string(shown) + "..." : text;
}

std::string problems_of(const Observation& seen) {
  std::string text;
  const size_t named = std::min(seen.problems.size(), kProblems);
  for (size_t i = 0; i < named; ++i) text += (i == 0 ? "" : "; ") + seen.problems[i].what;
  if (seen.problems.size() > named)
    text += fmt::format(" (and {} more)", seen.problems.size() - named);
  return text;
}

}  // namespace

MonitorBlindness::MonitorBlindness(const Snapshot& snapshot, const Symbol& cluster, Now now)
    : now_(now) {
  const auto table = [&](std::string_view part, std::string_view measure) {
    return find_table(snapshot, cluster, part, measure, now);
  };
  broker_down_ = any_row(table("brokers", "broker_failed"), 1) ||
                 any_row(table("brokers", "broker_stopped"), 1) ||
                 any_row(table("brokers", "cluster_reachable"), 0) ||
                 any_row(table("brokers", "cluster_credentials_refused"), 1);
  if (const Table* leaderless = table("partitions", "partition_leaderless")) {
    for (size_t row = 0; row < leaderless->rows() && !offsets_leaderless_; ++row) {
      offsets_leaderless_ = leaderless->values[row] == 1 && leaderless->known(row) &&
                            leaderless->keys->row(row)[1].text() == kafka::kOffsetsTopic;
    }
  }
  const Table* const throttled = table("brokers", "kafka_throttled_ratio");
  for (size_t row = 0; throttled != nullptr && row < throttled->rows(); ++row) {
    if (throttled->known(row) && throttled->values[row] >= kThrottledShare)
      throttled_.push_back(fmt::format("broker {} ({:.0f}%)", throttled->keys->row(row)[1].text(),
                                       throttled->values[row] * 100));
  }
}

bool MonitorBlindness::counts(const Table& table, Unknown reason) const {
  switch (reason) {
    case Unknown::timed_out:
    case Unknown::coordinator_loading:
    case Unknown::failed:
      return true;
    case Unknown::no_coordinator:
      return !offsets_leaderless_;
    case Unknown::broker_unreachable:
      // Rows of single brokers are explained by their status.
      return !broker_down_ && !has_dimension(table, "broker");
    case Unknown::known:
    case Unknown::leaderless:
    case Unknown::no_commit:
    case Unknown::beyond_end:
    case Unknown::denied:
    case Unknown::contradicted:
    case Unknown::unsupported:
    case Unknown::not_asked:
    case Unknown::may_be_marker:
      return false;
  }
  return false;
}

MonitorBlindness::Unread MonitorBlindness::judge(const Observation& seen) const {
  Unread unread;
  if (is_stale(seen, now_.steady)) {
    for (const Table& table : seen.tables) unread.rows += table.rows();
    if (unread.rows > 0)
      unread.why = fmt::format("nothing of it has been read for {}; {}",
                               describe_duration(now_.steady - seen.at.steady),
                               likely_cause(seen, Unknown::timed_out));
    return unread;
  }
  std::array<size_t, kUnknownReasons> rows{};
  std::string first;
  for (const Table& table : seen.tables) {
    for (size_t row = 0; row < table.unknown.size(); ++row) {
      if (table.known(row) || !counts(table, table.unknown[row])) continue;
      if (unread.rows++ == 0) first = example(table, row);
      ++rows[static_cast<size_t>(table.unknown[row])];
    }
  }
  if (unread.rows == 0) return unread;
  std::vector<std::string> reasons;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] > 0)
      reasons.push_back(fmt::format("{} {}", unknown_name(static_cast<Unknown>(i)), rows[i]));
  }
  const auto most = static_cast<Unknown>(std::ranges::max_element(rows) - rows.begin());
  unread.why = fmt::format("{}: {}", fmt::join(reasons, ", "), first);
  if (unread.rows > 1) unread.why += fmt::format(" and {} more", unread.rows - 1);
  const std::string said = problems_of(seen);
  if (!said.empty()) unread.why += "; " + said;
  unread.why += "; " + likely_cause(seen, most);
  return unread;
}

std::string MonitorBlindness::likely_cause(const Observation& seen, Unknown most) const {
  if (!throttled_.empty())
    return fmt::format(
        "likely cause: quotas hold the agent's requests back, {} of the last two "
        "minutes",
        fmt::join(throttled_, ", "));
  if (most == Unknown::coordinator_loading)
    return "likely cause: a coordinator is still reading __consumer_offsets";
  if (most == Unknown::no_coordinator)
    return "likely cause: the groups' coordinators changed, or do not answer";
  if (most == Unknown::failed)
    return seen.problems.empty() ? "Kafka refused with errors of other kinds"
                                 : "likely cause: the errors above";
  return "likely cause: brokers answer too late, or the network between them and the agent";
}

}  // namespace highwater::collectors
