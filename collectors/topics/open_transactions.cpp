#include "collectors/topics/open_transactions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/core/plain_text.h"
#include "collectors/kafka/lag/held_back.h"
#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

using kafka::HeldBackPartition;

const Measure kOpen{
    "topic_open_transaction_seconds",
    "For how long an open transaction has held back readers of committed records in one of the "
    "topic's partitions, understated by one poll at most; 0 while none does, and unknown for up to "
    "ten minutes when it was open at the agent's first look and no broker says since when.",
    Unit::seconds,
    MeasureType::gauge,
    {"cluster", "topic"}};
const Measure kHolds{
    "open_transaction_seconds",
    "For how long the transaction has held back readers of committed records in the partition, of "
    "those that did for a minute or more and whose coordinators were asked; its transactional id "
    "is "
    "empty when no coordinator that the agent may ask knows of it, as when it hangs.",
    Unit::seconds,
    MeasureType::gauge,
    {"cluster", "topic", "partition", "transactional_id"}};
constexpr std::array<const Measure*, 2> kMeasures{&kOpen, &kHolds};

// What was there at the first look and stays for so long is as old as that, to say the least.
constexpr Duration kOldEnough = std::chrono::minutes(10);
constexpr size_t kMaxNotes = 100;
constexpr size_t kMaxHolds = 1000;

// Of those that hold the partition back the one that began first: the others wait behind it.
const kafka::OpenTransaction* holder_of(const kafka::ClusterView& view,
                                        const HeldBackPartition& held) {
  const kafka::OpenTransaction* holder = nullptr;
  for (const kafka::OpenTransaction& open : view.transactions) {
    const bool holds =
        std::ranges::find(open.holds, std::pair(held.topic, held.partition)) != open.holds.end();
    if (holds && (holder == nullptr || open.began < holder->began)) holder = &open;
  }
  return holder;
}

// What stands in one topic.
struct Standing {
  const HeldBackPartition* oldest = nullptr;
  Duration age{};
  int partitions = 0;  // for so long that it is worth telling
  Unknown reason = Unknown::known;

  // For how long the partition has been held back; nothing while that is not known.
  std::optional<Duration> add(const kafka::ClusterView& view, const HeldBackPartition& held,
                              Now now) {
    reason = first_unknown(reason, held.reason);
    if (held.reason != Unknown::known) return std::nullopt;
    Duration age_of_this = now.steady - held.since;
    if (held.from_start) {
      const kafka::OpenTransaction* const holder = holder_of(view, held);
      if (holder != nullptr)
        age_of_this = std::max<Duration>(age_of_this, now.wall - holder->began);
      else if (age_of_this < kOldEnough)
        reason = first_unknown(reason, Unknown::not_asked);
    }
    if (age_of_this >= kafka::kLongTransaction) ++partitions;
    if (oldest == nullptr || age_of_this > age) {
      oldest = &held;
      age = age_of_this;
    }
    return age_of_this;
  }
};

std::string whose(const kafka::ClusterView& view, const HeldBackPartition& held) {
  if (const kafka::OpenTransaction* const holder = holder_of(view, held)) {
    return fmt::format(": transactional id {}, producer {} of epoch {}, {} since {}, may take {}",
                       holder->id, holder->producer_id, holder->producer_epoch, holder->state,
                       format_time(holder->began), describe_duration(holder->timeout));
  }
  if (view.transactions_reason == Unknown::known)
    return ": Kafka names no transaction for it, so it hangs, or DESCRIBE on transactional ids is "
           "missing";
  return "";
}

std::string words(const kafka::ClusterView& view, const Standing& standing) {
  std::string text = fmt::format("an open transaction holds partition {} back at offset {} for {}",
                                 standing.oldest->partition, standing.oldest->offset,
                                 describe_duration(standing.age));
  if (standing.partitions > 1) text += ", and " + counted(standing.partitions - 1, "other");
  return text + whose(view, *standing.oldest);
}

}  // namespace

std::span<const Measure* const> OpenTransactions::measures() {
  return kMeasures;
}

std::span<const WatchFirst> OpenTransactions::watch_first() {
  static const WatchFirst kWatch[] = {{&kOpen, std::chrono::hours(1), true}};
  return kWatch;
}

void OpenTransactions::add_to(Observation& observation, const kafka::ClusterView& view, Now now) {
  Column seconds(kOpen, view.topics.size());
  size_t notes = 0;
  Column held_for(kHolds, held_keys_.expected_rows());
  auto held = view.held_back.begin();
  for (const kafka::TopicView& topic : view.topics) {
    keys_.add(view.cluster, topic.name);
    Standing standing;
    standing.reason = listing_reason(view, topic);
    while (held != view.held_back.end() && held->topic < topic.name) ++held;
    for (; held != view.held_back.end() && held->topic == topic.name; ++held) {
      const std::optional<Duration> age = standing.add(view, *held, now);
      const kafka::OpenTransaction* const holder = holder_of(view, *held);
      const bool asked = holder != nullptr || view.transactions_reason == Unknown::known;
      if (age.value_or(Duration::zero()) < kafka::kLongTransaction || !asked ||
          held_for.size() == kMaxHolds)
        continue;
      held_keys_.add(view.cluster, topic.name, Symbol::number(held->partition),
                     Symbol(holder == nullptr ? "" : holder->id));
      held_for.add(to_seconds(*age));
    }
    seconds.add(to_seconds(standing.age), standing.reason);
    if (standing.partitions == 0 || notes++ >= kMaxNotes) continue;
    Entity entity;
    entity.labels = {{Symbol("cluster"), view.cluster}, {Symbol("topic"), topic.name}};
    observation.notes.push_back({std::move(entity), words(view, standing)});
  }
  observation.tables.push_back(std::move(seconds).build(keys_.finish()));
  observation.tables.push_back(std::move(held_for).build(held_keys_.finish()));
}

}  // namespace highwater::collectors
