#include "collectors/cluster/log_dirs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

using kafka::BrokerStatus;
using kafka::BrokerView;
using kafka::LogDirView;

const std::vector<std::string_view> kDir{"cluster", "broker", "log_dir"};

const Measure kTotal{"log_dir_total_bytes",
                     "Size of the volume that the log directory is on; brokers before Kafka 3.3 do "
                     "not report it.",
                     Unit::bytes, MeasureType::gauge, kDir};
const Measure kUsable{"log_dir_usable_bytes",
                      "How much may still be written to the volume that the log directory is on, "
                      "as of the last time its broker was asked.",
                      Unit::bytes, MeasureType::gauge, kDir};
const Measure kRatio{"log_dir_usable_ratio",
                     "Share of the volume that may still be written to, from 0 to 1.", Unit::ratio,
                     MeasureType::gauge, kDir};
const Measure kOffline{
    "log_dir_offline",
    "Whether the broker has given the log directory up, so that the replicas in it are lost to the "
    "cluster.",
    Unit::boolean, MeasureType::gauge, kDir};
const Measure kGrowth{
    "log_dir_growth_bytes_per_second",
    "How fast the volume of the log directory fills, over the last three hours or, where it would "
    "be full within six, the last three quarters of one; negative when it empties, unknown until "
    "watched for a quarter of an hour.",
    Unit::bytes, MeasureType::gauge, kDir};
const Measure kUntilFull{"log_dir_seconds_until_full",
                         "When the volume of the log directory will be full if it goes on to fill "
                         "as fast; no row while it does not fill, or takes longer than 30 days, "
                         "unknown until it was watched for a quarter of an hour.",
                         Unit::seconds, MeasureType::gauge, kDir};

constexpr std::array<const Measure*, 6> kMeasures{&kTotal,   &kUsable, &kRatio,
                                                  &kOffline, &kGrowth, &kUntilFull};

constexpr Duration kLong = std::chrono::hours(3);
constexpr Duration kShort = std::chrono::minutes(45);
constexpr Duration kLeast = std::chrono::minutes(15);
constexpr Duration kStep = std::chrono::minutes(3);
constexpr double kNear = 6.0 * 3600;
// Of the volume, from one reading to the next: more than retention gives back.
constexpr double kRoomMade = 0.05;
constexpr double kForesight = 30.0 * 24 * 3600;

Unknown reason_of(const BrokerView& broker) {
  const bool down = kafka::is_failed(broker.status) || broker.status == BrokerStatus::stopped;
  return down ? Unknown::broker_unreachable : broker.log_dirs_reason;
}

std::optional<double> until_full(double usable, double growth) {
  if (growth <= 0 || usable > growth * kForesight) return std::nullopt;
  return usable / growth;
}

std::string bytes_text(double bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"bytes", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 100 ? 0 : 1, kUnits[unit]);
}

std::string words(const LogDirView& dir, std::optional<double> growth) {
  if (dir.offline) return dir.why;
  const auto usable = static_cast<double>(dir.usable_bytes);
  std::string text = fmt::format("{} of {} are left", bytes_text(usable),
                                 bytes_text(static_cast<double>(dir.total_bytes)));
  if (growth && *growth > 0)
    text += fmt::format(", and {} come in an hour", bytes_text(*growth * 3600));
  return text;
}

}  // namespace

struct LogDirTables::Columns {
  explicit Columns(size_t rows)
      : total(kTotal, rows),
        usable(kUsable, rows),
        ratio(kRatio, rows),
        offline(kOffline, rows),
        growth(kGrowth, rows) {}

  void add(const LogDirView& dir, Unknown reason, std::optional<double> grows) {
    const bool sized = dir.total_bytes > 0 && dir.usable_bytes >= 0;
    const Unknown size = first_unknown(
        reason,
        sized ? Unknown::known
              : first_unknown(dir.reason, dir.offline ? Unknown::failed : Unknown::unsupported));
    const auto all = static_cast<double>(dir.total_bytes);
    const auto left = static_cast<double>(dir.usable_bytes);
    total.add(sized ? all : kNoValue, size);
    usable.add(sized ? left : kNoValue, size);
    ratio.add(sized ? std::min(1.0, left / all) : kNoValue, size);
    offline.add(dir.offline ? 1 : 0, first_unknown(reason, dir.reason));
    growth.add(grows.value_or(kNoValue),
               first_unknown(size, grows ? Unknown::known : Unknown::not_asked));
  }

  Column total, usable, ratio, offline, growth;
};

std::span<const Measure* const> LogDirTables::measures() {
  return kMeasures;
}

void LogDirTables::add_to(Observation& observation, const kafka::ClusterView& view,
                          NumberSymbols& numbers) {
  for (const auto& [id, broker] : view.brokers) {
    for (const LogDirView& dir : broker.log_dirs) keys_.add(view.cluster, numbers.of(id), dir.path);
  }
  add_rows(observation, view, keys_.finish());
}

void LogDirTables::add_rows(Observation& observation, const kafka::ClusterView& view,
                            const std::shared_ptr<const KeySet>& keys) {
  std::vector<Memory>& memories = history_.align(keys);
  Columns columns(memories.size());
  Column full(kUntilFull, filling_keys_.expected_rows());
  size_t row = 0;
  for (const auto& [id, broker] : view.brokers) {
    const Unknown reason = reason_of(broker);
    for (const LogDirView& dir : broker.log_dirs) {
      Memory& memory = memories[row];
      follow(dir, broker.log_dirs_read, memory);
      columns.add(dir, reason, memory.growth);
      const auto names = keys->row(row++);
      const auto seconds = memory.growth && dir.usable_bytes >= 0
                               ? until_full(static_cast<double>(dir.usable_bytes), *memory.growth)
                               : std::nullopt;
      // Until its pace is known it may be filling as it was before a restart.
      const bool may_fill = !memory.growth && dir.usable_bytes >= 0;
      if (seconds || may_fill) {
        filling_keys_.add(names[0], names[1], names[2]);
        full.add(seconds.value_or(kNoValue),
                 first_unknown(reason, seconds ? Unknown::known : Unknown::not_asked));
      }
      if (reason == Unknown::known && (dir.offline || dir.total_bytes > 0))
        observation.notes.push_back({Entity(kDir, names), words(dir, memory.growth)});
    }
  }
  for (Column* column :
       {&columns.total, &columns.usable, &columns.ratio, &columns.offline, &columns.growth})
    observation.tables.push_back(std::move(*column).build(keys));
  observation.tables.push_back(std::move(full).build(filling_keys_.finish()));
}

void LogDirTables::follow(const LogDirView& dir, SteadyTime read, Memory& memory) {
  if (dir.usable_bytes < 0 || dir.total_bytes != memory.total) {
    // Offline, or another volume: what was before says nothing.
    memory = {};
    memory.total = dir.total_bytes;
  }
  if (dir.usable_bytes < 0 || read == memory.read) return;
  memory.read = read;
  const auto usable = static_cast<double>(dir.usable_bytes);
  auto& points = memory.points;
  if (!points.empty() &&
      usable - points.back().usable > kRoomMade * static_cast<double>(dir.total_bytes))
    points.clear();
  // The newest reading stands last; it stays only when it is far enough from the one before.
  if (points.size() >= 2 && points.back().at - points[points.size() - 2].at < kStep)
    points.pop_back();
  points.push_back({read, usable});
  std::erase_if(points, [&](const Point& point) { return read - point.at > kLong; });
  memory.growth = growth_of(points, usable);
}

std::optional<double> LogDirTables::growth_of(std::span<const Point> points, double usable) {
  const auto within = [&](Duration length) -> std::optional<double> {
    const SteadyTime newest = points.back().at;
    const auto first = std::ranges::find_if(
        points, [&](const Point& point) { return newest - point.at <= length; });
    if (newest - first->at < kLeast) return std::nullopt;
    std::vector<double> slopes;
    for (auto one = first; one != points.end(); ++one) {
      for (auto other = std::next(one); other != points.end(); ++other)
        slopes.push_back((one->usable - other->usable) / to_seconds(other->at - one->at));
    }
    const auto middle = slopes.begin() + std::ssize(slopes) / 2;
    std::ranges::nth_element(slopes, middle);
    return *middle;
  };
  const auto slow = within(kLong);
  const auto quick = within(kShort);
  if (quick && (!slow || *quick > *slow) && *quick > 0 && usable < *quick * kNear) return quick;
  return slow;
}

void relate_offline_dirs(Observation& observation, const kafka::ClusterView& view,
                         const std::shared_ptr<const KeySet>& partitions) {
  std::vector<std::pair<int32_t, uint32_t>> offline;  // broker, row
  std::vector<Symbol> cells;
  for (const auto& [id, broker] : view.brokers) {
    for (const LogDirView& dir : broker.log_dirs) {
      if (!dir.offline) continue;
      offline.emplace_back(id, static_cast<uint32_t>(offline.size()));
      cells.insert(cells.end(), {view.cluster, Symbol::number(id), dir.path});
    }
  }
  if (offline.empty()) return;
  Relation keeps{"keeps replicas of partitions",
                 partitions,
                 std::make_shared<KeySet>(kDir, std::move(cells)),
                 {}};
  uint32_t row = 0;
  for (const kafka::TopicView& topic : view.topics) {
    for (const kafka::PartitionView& partition : topic.partitions) {
      for (const auto& [broker, dir] : offline) {
        const auto holds = [broker = broker](const auto& list) {
          return std::find(list.begin(), list.end(), broker) != list.end();
        };
        if (holds(partition.replicas) && !holds(partition.isr)) keeps.pairs.emplace_back(row, dir);
      }
      ++row;
    }
  }
  if (!keeps.pairs.empty()) observation.relations.push_back(std::move(keeps));
}

}  // namespace highwater::collectors
