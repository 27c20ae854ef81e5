#include "exporters/history/history.h"

#include <algorithm>
#include <array>
#include <limits>

namespace highwater::history {
namespace {

struct Kept {
  std::string_view measure;
  bool always = false;  // also while it is 0
};
constexpr std::array kKept{
    Kept{"cluster_reachable", true},
    Kept{"broker_up", true},
    Kept{"broker_response_seconds", true},
    Kept{"log_dir_usable_ratio", true},
    Kept{"slo_error_budget_remaining_ratio", true},
    Kept{"slo_burn_rate", false},
    Kept{"group_topic_lag_records", false},
    Kept{"group_lag_seconds_max", false},
    Kept{"group_produced_records_per_second", false},
    Kept{"group_consumed_records_per_second", false},
    Kept{"topic_newest_record_age_seconds", false},
    Kept{"topic_under_replicated_partitions", false},
    Kept{"topic_leaderless_partitions", false},
};

const Kept* find_kept(std::string_view measure) {
  const auto found = std::ranges::find(kKept, measure, &Kept::measure);
  return found == kKept.end() ? nullptr : &*found;
}

Level level_of(const Table& table, size_t row) {
  return table.known(row) ? Level::of(table.values[row]) : Level::unknown(table.reason(row));
}

bool is_use(Level level) {
  return level.is_number() && level.value() != 0;
}

// A reading speaks for the time until the next one, and no longer than rules take it to.
Duration hold_of(const Observation& observation) {
  return std::max<Duration>(observation.cadence * kStaleCadences, kStaleFloor);
}

}  // namespace

bool is_kept(std::string_view measure) {
  return find_kept(measure) != nullptr;
}

size_t History::HashKey::operator()(const Key& key) const {
  return hash_cells(key.second) ^ std::hash<const Measure*>{}(key.first);
}

void History::add(const Report& report) {
  if (report.snapshot == nullptr) return;
  new_tables_.for_each(report, [this](const Table& table, const Observation& of, WallTime at) {
    if (!is_kept(table.measure->name)) return;
    const std::lock_guard lock(mutex_);
    add(table, of, at);
  });
  const std::lock_guard lock(mutex_);
  make_room();
  if (!tidied_ || report.at.wall >= *tidied_ + std::chrono::hours(1)) forget_idle(report.at.wall);
}

void History::add(const Table& table, const Observation& of, WallTime at) {
  if (!began_) began_ = at;
  const Duration hold = hold_of(of);
  const bool always = find_kept(table.measure->name)->always;
  Rows& rows = rows_of(table, of);
  rows.left_out = 0;
  for (size_t row = 0; row < table.rows(); ++row) {
    const Level level = level_of(table, row);
    Series*& series = rows.series[row];
    if (series == nullptr && (always || is_use(level))) {
      series = series_of(table, row, at);
      if (series == nullptr) ++rows.left_out;
    }
    if (series == nullptr) continue;
    if (always || is_use(level)) series->last_used = at;
    const size_t before = series->fine.bytes() + series->coarse.bytes();
    series->fine.add(at, level, hold);
    series->coarse.add(at, level, std::max(hold, kCoarseStep));
    bytes_ += series->fine.bytes() + series->coarse.bytes() - before;
  }
}

History::Rows& History::rows_of(const Table& table, const Observation& of) {
  Rows& rows = rows_[{table.measure, of.cluster}];
  if (rows.keys == table.keys) return rows;
  rows.keys = table.keys;
  rows.series.assign(table.rows(), nullptr);
  for (size_t row = 0; row < table.rows(); ++row) {
    const auto cells = table.keys->row(row);
    const auto found = series_.find({table.measure, {cells.begin(), cells.end()}});
    if (found != series_.end()) rows.series[row] = &found->second;
  }
  return rows;
}

History::Series* History::series_of(const Table& table, size_t row, WallTime at) {
  if (series_.size() >= kMaxSeries) return nullptr;
  const auto cells = table.keys->row(row);
  Series& made = series_[{table.measure, {cells.begin(), cells.end()}}];
  made.last_used = at;
  return &made;
}

void History::make_room() {
  for (Ring Series::*const ring : {&Series::fine, &Series::coarse}) {
    while (bytes_ > kMaxBytes) {
      int32_t oldest = std::numeric_limits<int32_t>::max();
      for (const auto& [key, series] : series_)
        oldest = std::min(oldest, (series.*ring).oldest_uneven().value_or(oldest));
      if (oldest == std::numeric_limits<int32_t>::max()) break;
      for (auto& [key, series] : series_) {
        const size_t before = (series.*ring).bytes();
        (series.*ring).forget_until(oldest);
        bytes_ -= before - (series.*ring).bytes();
      }
    }
  }
}

void History::forget_idle(WallTime now) {
  tidied_ = now;
  const bool full = series_.size() >= kMaxSeries;
  const Duration kept = full ? kIdle : Duration(std::chrono::hours(24 * 14));
  const size_t forgotten = std::erase_if(series_, [&](const auto& entry) {
    const Series& series = entry.second;
    if (series.last_used + kept >= now) return false;
    bytes_ -= series.fine.bytes() + series.coarse.bytes();
    return true;
  });
  if (forgotten > 0) rows_.clear();
}

std::optional<Curve> History::curve(std::string_view measure, const std::vector<Symbol>& cells,
                                    WallTime from, WallTime until, size_t most) const {
  const std::lock_guard lock(mutex_);
  const Series* series = nullptr;
  for (const auto& [key, one] : series_) {
    if (key.second == cells && key.first->name == measure) series = &one;
  }
  if (series == nullptr) return std::nullopt;
  const Duration asked = until - from;
  const bool fine =
      asked <= std::chrono::hours(24) && asked < kCoarseStep * static_cast<int64_t>(most);
  const Ring& ring = fine ? series->fine : series->coarse;
  std::vector<Step> steps = ring.between(from, until);
  const size_t together = (steps.size() + most - 1) / std::max<size_t>(most, 1);
  Curve curve{
      ring.floor(from), ring.step() * static_cast<int64_t>(std::max<size_t>(together, 1)), {}};
  for (size_t i = 0; i < steps.size(); i += std::max<size_t>(together, 1)) {
    Step& sum = curve.steps.emplace_back();
    for (size_t j = i; j < std::min(i + together, steps.size()); ++j) sum.add(steps[j]);
  }
  return curve;
}

std::optional<WallTime> History::began() const {
  const std::lock_guard lock(mutex_);
  return began_;
}

size_t History::series() const {
  const std::lock_guard lock(mutex_);
  return series_.size();
}

size_t History::left_out() const {
  const std::lock_guard lock(mutex_);
  size_t count = 0;
  for (const auto& [of, rows] : rows_) count += rows.left_out;
  return count;
}

size_t History::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void History::write(ArchiveWriter& out) const {
  const std::lock_guard lock(mutex_);
  out.number(began_ ? began_->time_since_epoch().count() : int64_t{0});
  out.number(static_cast<uint32_t>(series_.size()));
  for (const auto& [key, series] : series_) {
    out.text(key.first->name);
    out.number(static_cast<uint8_t>(key.second.size()));
    for (const Symbol& cell : key.second) out.text(cell.text());
    out.number(series.last_used.time_since_epoch().count());
    series.fine.write(out);
    series.coarse.write(out);
  }
}

void History::read(ArchiveReader& in, const Catalogue& catalogue, WallTime now) {
  const std::lock_guard lock(mutex_);
  const auto began = in.number<int64_t>();
  if (in.ok() && began != 0 && WallTime(Duration(began)) < now) began_ = WallTime(Duration(began));
  const auto count = in.number<uint32_t>();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    const Measure* const measure = catalogue.find(in.text());
    std::vector<Symbol> cells(in.number<uint8_t>());
    for (Symbol& cell : cells) cell = Symbol(in.text());
    Series series;
    series.last_used = WallTime(Duration(in.number<int64_t>()));
    series.fine.read(in, now);
    series.coarse.read(in, now);
    const bool fits =
        measure != nullptr && is_kept(measure->name) && measure->dimensions.size() == cells.size();
    if (!in.ok() || !fits || series_.size() >= kMaxSeries) continue;
    bytes_ += series.fine.bytes() + series.coarse.bytes();
    series_.insert_or_assign({measure, std::move(cells)}, std::move(series));
  }
  make_room();
}

}  // namespace highwater::history
