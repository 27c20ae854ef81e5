// Remedies of brokers, controllers and log directories that are lost. What starts a broker depends
// on its host, so that these say what to start, and have no command.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "exporters/remedies/case.h"
#include "exporters/value_text.h"

namespace highwater::remedies {
namespace {

constexpr std::string_view kHost = "what starts it depends on its host, which Kafka does not know";
constexpr size_t kLargest = 3;

std::string status_of(const ClusterFacts& facts, const std::string& broker) {
  for (const ClusterFacts::Row& row : facts.rows("broker_status", {broker})) {
    if (row.is(1)) return row.cell(1);
  }
  return {};
}

}  // namespace

Remedy start_failed_brokers(const Case& c) {
  const std::string broker = c.label("broker");
  const std::string status = status_of(c.facts, broker);
  std::vector<std::string> alike;
  for (const ClusterFacts::Row& row : c.facts.rows("broker_failed")) {
    if (row.is(1) && status_of(c.facts, row.cell(0)) == status) alike.push_back(row.cell(0));
  }
  if (std::ranges::find(alike, broker) == alike.end())
    return no_remedy(fmt::format("broker {} is not known to be down now", broker));
  const std::string brokers = brokers_text(c.facts, alike);
  if (status == "crashed" || status == "away") return {"start " + brokers, {}, std::string(kHost)};
  if (status == "hung")
    return {"end the process of " + brokers + " and start it again",
            {},
            fmt::format("it takes connections and does not answer; {}", kHost)};
  if (status == "cut_off")
    return no_remedy(fmt::format(
        "whether {} is down or only the way to it is not known from here: look at it from the "
        "host of another broker",
        brokers));
  return no_remedy(fmt::format("{} is {}, and may serve others: the note says what it answered",
                               brokers,
                               status.empty() ? "down in a way that is not known" : status));
}

Remedy start_stopped_broker(const Case& c) {
  const std::string broker = c.label("broker");
  if (!c.facts.is("broker_stopped", {broker}, 1))
    return no_remedy(fmt::format("broker {} is not known to be shut down now", broker));
  const std::vector<std::string> one{broker};
  return {fmt::format("start {}, unless somebody is working on it", brokers_text(c.facts, one)),
          {},
          fmt::format("it was shut down in order, or before the watch began; {}", kHost)};
}

Remedy start_controllers(const Case& c) {
  std::vector<std::string> down;
  double voters = 0;
  for (const ClusterFacts::Row& row : c.facts.rows("quorum_voter_lag_records")) {
    ++voters;
    if (c.facts.is("broker_failed", {row.cell(0)}, 1) ||
        c.facts.is("broker_stopped", {row.cell(0)}, 1))
      down.push_back(row.cell(0));
  }
  if (down.empty())
    return no_remedy(
        "which controllers are down is not known: none of the quorum's voters is a broker that is "
        "seen to be down");
  const double needed = std::floor(voters / 2) + 1;
  return {fmt::format("start {}", brokers_text(c.facts, down)),
          {},
          fmt::format("{} of the quorum's {} are down, and {} of them make a majority; {}",
                      value_text(static_cast<double>(down.size()), Unit::count),
                      counted(voters, "voter"), value_text(needed, Unit::count), kHost)};
}

Remedy repair_log_dir(const Case& c) {
  const std::vector<std::string> broker{c.label("broker")};
  if (!c.facts.is("log_dir_offline", {broker[0], c.label("log_dir")}, 1))
    return no_remedy("the directory is not known to be offline now");
  return {fmt::format("repair or mount {} again, then restart {}", c.label("log_dir"),
                      brokers_text(c.facts, broker)),
          {},
          "the broker looks at a directory that it gave up only when it starts; no tool of Kafka "
          "brings it back"};
}

// What may be deleted, or kept for a shorter time, is for somebody else to say.
Remedy name_largest_topics(const Case& c) {
  const std::string broker = c.label("broker");
  std::map<std::string, double> bytes;
  c.facts.for_each("partition_log_bytes", {}, [&](const ClusterFacts::Row& row) {
    if (row.cell(2) == broker && row.value) bytes[row.cell(0)] += *row.value;
  });
  std::vector<std::pair<double, std::string>> largest;
  for (const auto& [topic, size] : bytes) largest.emplace_back(size, topic);
  std::ranges::sort(largest, std::greater{});
  largest.resize(std::min(largest.size(), kLargest));
  std::string why = "which records may go is for the owners of the topics to say";
  for (size_t i = 0; i < largest.size(); ++i)
    why +=
        fmt::format("{}{} {}", i == 0 ? fmt::format("; the largest on broker {}: ", broker) : ", ",
                    largest[i].second, value_text(largest[i].first, Unit::bytes));
  return no_remedy(std::move(why));
}

}  // namespace highwater::remedies
