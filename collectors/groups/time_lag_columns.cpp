#include "collectors/groups/time_lag_columns.h"

#include <algorithm>
#include <array>

#include "collectors/kafka/lag/time_lag.h"

namespace highwater::collectors {
namespace {

const std::vector<std::string_view> kPartition{"cluster", "group", "topic", "partition"};

const Measure kSeconds{
    "group_lag_seconds",
    "How old the oldest record beyond the group's committed offset was when the offset was read, "
    "counted from when consumers could read it; 0 when there is none, unknown without a commit, "
    "without the end, or while the time of the record is unknown.",
    Unit::seconds, MeasureType::gauge, kPartition};
const Measure kError{"group_lag_seconds_error",
                     "By how much group_lag_seconds may be wrong at most; of records older than "
                     "the agent's watch it rests on their timestamps.",
                     Unit::seconds, MeasureType::gauge, kPartition};
const Measure kMax{"group_lag_seconds_max",
                   "The group's largest lag in seconds in a partition of the topic; unknown while "
                   "that of a partition it committed to is.",
                   Unit::seconds,
                   MeasureType::gauge,
                   {"cluster", "group", "topic"}};

constexpr std::array<const Measure*, 3> kMeasures{&kSeconds, &kError, &kMax};

// A record is stamped, replicated and seen one after the other.
constexpr double kUncertainty = 0.1;

double to_seconds(kafka::Millis time) {
  return static_cast<double>(time) / 1000;
}

}  // namespace

Age age_of(const kafka::UnreadSince& unread, SteadyTime read, std::chrono::milliseconds took) {
  const kafka::Millis now = kafka::to_millis(read);
  // What came after the offset was read was not unread then.
  if (!unread.any || unread.time.earliest >= now) return {};
  const auto since = [now](kafka::Millis time) { return std::max<kafka::Millis>(0, now - time); };
  const kafka::Millis likely = since(unread.time.likely);
  const kafka::Millis least = since(unread.time.latest + took.count());
  const kafka::Millis off = std::max(since(unread.time.earliest) - likely, likely - least);
  return {to_seconds(likely), to_seconds(off) + kUncertainty};
}

std::span<const Measure* const> TimeLagColumns::measures() {
  return kMeasures;
}

TimeLagColumns::TimeLagColumns(size_t expected_rows)
    : seconds_(kSeconds, expected_rows), error_(kError, expected_rows) {}

void TimeLagColumns::add(const kafka::CommittedOffset& commit, Unknown reason, SteadyTime read,
                         std::chrono::milliseconds took, Worst& worst) {
  reason = first_unknown(reason, commit.unread.reason);
  const bool any = commit.unread.any || reason == Unknown::known;
  const Age age = age_of(commit.unread, read, took);
  seconds_.add(any ? age.seconds : kNoValue, reason);
  error_.add(any ? age.error : kNoValue, reason);
  worst.seconds = std::max(worst.seconds, age.seconds);
  // The reasons are declared with what explains most first.
  if (worst.reason == Unknown::known || (reason != Unknown::known && reason < worst.reason))
    worst.reason = reason;
}

void TimeLagColumns::add_unknown(Unknown reason) {
  seconds_.add(kNoValue, reason);
  error_.add(kNoValue, reason);
}

void TimeLagColumns::move_to(Observation& observation,
                             const std::shared_ptr<const KeySet>& keys) && {
  observation.tables.push_back(std::move(seconds_).build(keys));
  observation.tables.push_back(std::move(error_).build(keys));
}

Column TimeLagColumns::worst_column(size_t rows) {
  return {kMax, rows};
}

}  // namespace highwater::collectors
