#include "collectors/groups/offset_resets.h"

#include <fmt/format.h>

#include <array>

#include "agent/core/plain_text.h"

namespace highwater::collectors {
namespace {

const std::vector<std::string_view> kTopic{"cluster", "group", "topic"};

const Measure kRewound{"group_offsets_rewound_total",
                       "How often committed offsets of the group in the topic were seen to go "
                       "back, so that records are read again.",
                       Unit::count, MeasureType::counter, kTopic};
const Measure kSkipped{"group_offsets_skipped_total",
                       "How often committed offsets of the group in the topic were seen to go "
                       "forward while it had no members, so that records were left out unless a "
                       "consumer came and went between two polls.",
                       Unit::count, MeasureType::counter, kTopic};
constexpr std::array<const Measure*, 2> kMeasures{&kRewound, &kSkipped};

// For so long it is worth telling whoever looks at the group.
constexpr auto kTellFor = std::chrono::hours(1);
constexpr size_t kMaxNotes = 1000;

std::string words(const OffsetMove& move) {
  return fmt::format("its offset was {} from {} to {} in partition {}{} at {}",
                     move.back ? "rewound" : "moved forward", move.before, move.after,
                     move.partition,
                     move.partitions > 1 ? " and " + counted(move.partitions - 1, "other") : "",
                     format_time(move.at));
}

}  // namespace

std::span<const Measure* const> OffsetResets::measures() {
  return kMeasures;
}

void OffsetResets::add_to(Observation& observation, const GroupReadings& readings,
                          std::span<const TopicProgress> progress) {
  Column rewound(kRewound, progress.size()), skipped(kSkipped, progress.size());
  for (size_t row = 0; row < progress.size(); ++row) {
    const TopicProgress& seen = progress[row];
    rewound.add(static_cast<double>(seen.rewinds));
    skipped.add(static_cast<double>(seen.skips));
    if (!seen.move || observation.at.steady - seen.move->seen > kTellFor) continue;
    if (observation.notes.size() >= kMaxNotes) continue;
    observation.notes.push_back({Entity(kTopic, readings.topic_keys->row(row)), words(*seen.move)});
  }
  observation.tables.push_back(std::move(rewound).build(readings.topic_keys));
  observation.tables.push_back(std::move(skipped).build(readings.topic_keys));
}

}  // namespace highwater::collectors
