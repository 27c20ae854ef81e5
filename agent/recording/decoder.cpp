#include "agent/recording/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace highwater::agent {
namespace {

using std::chrono::hours;

constexpr size_t kLongestText = 65'535;
constexpr uint64_t kMostDimensions = 32;
// What is beyond was not written by an agent.
constexpr WallTime kFirstMoment{hours(24 * 365 * 20)};  // in 1990
constexpr WallTime kLastMoment{hours(24 * 365 * 200)};  // in 2169
constexpr Duration kLongest = hours(24 * 365 * 100);
constexpr Duration kLongestAge = hours(24 * 365 * 10);

const Lineage kNoLineage;

int64_t plus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

Now at(int64_t wall, int64_t steady) {
  return {SteadyTime(Duration(steady)), WallTime(Duration(wall))};
}

bool plausible(Now now) {
  return now.wall >= kFirstMoment && now.wall <= kLastMoment &&
         now.steady.time_since_epoch() >= -kLongest && now.steady.time_since_epoch() <= kLongest;
}

template <class T>
T failed_with(RecordReader& in, std::string_view why) {
  in.fail(why);
  return T{};
}

size_t place_of(const std::vector<KeySetPtr>& keys, const KeySetPtr& wanted) {
  return static_cast<size_t>(std::ranges::find(keys, wanted) - keys.begin());
}

Cell get_change(RecordReader& in, uint64_t how, const Cell& before) {
  switch (how) {
    case kGrown:
      return {Unknown::known, before.value + static_cast<double>(in.get_signed())};
    case kUnknown: {
      const uint8_t reason = in.get_byte();
      if (reason == 0 || reason >= kUnknownReasons)
        return failed_with<Cell>(in, "unknown number of a reason");
      return {static_cast<Unknown>(reason), 0};
    }
    case kNewly:
      return {Unknown::known, in.get_double()};
    default:
      return failed_with<Cell>(in, "unknown encoding of a value");
  }
}

}  // namespace

Result<void> RecordingDecoder::begin(std::string_view record) {
  RecordReader in(record);
  if (in.get_byte() != kBegin) in.fail("it does not begin as a recording does");
  const std::string_view session = in.get_bytes(session_.bytes.size());
  std::ranges::copy(session, session_.bytes.begin());
  const int64_t wall = in.get_fixed();
  const int64_t steady = in.get_fixed();
  last_ = at(wall, steady);
  (void)in.get_bytes(in.get_count());  // the version of the program
  if (in.ok() && !plausible(last_)) in.fail("its time is out of range");
  if (!in.ok()) return fail(std::string(in.why()));
  return {};
}

Result<DecodedMoment> RecordingDecoder::moment(std::string_view record) {
  RecordReader in(record);
  DecodedMoment moment;
  if (in.get_byte() != kMoment) in.fail("it is no moment");
  moment.after_gap = (in.get_byte() & kAfterGap) != 0;
  const auto steady = static_cast<int64_t>(in.get());
  const int64_t step = in.get_signed();
  moment.now = at(plus(last_.wall.time_since_epoch().count(), plus(steady, step)),
                  plus(last_.steady.time_since_epoch().count(), steady));
  if (in.ok() && (!plausible(moment.now) || moment.now.steady < last_.steady))
    in.fail("its time is out of range");
  last_ = moment.now;
  for (uint64_t left = in.get_count(); left > 0 && in.ok(); --left)
    moment.observations.push_back(get_observation(in, moment.now));
  if (in.ok() && in.left() > 0) in.fail("it holds more than it announces");
  if (!in.ok()) return fail(std::string(in.why()));
  return moment;
}

Symbol RecordingDecoder::get_text(RecordReader& in) {
  const uint64_t number = in.get();
  if (number > texts_.size()) return failed_with<Symbol>(in, "unknown string number");
  if (number > 0) return texts_[number - 1];
  const uint64_t size = in.get_count();
  if (size > kLongestText) return failed_with<Symbol>(in, "a text is too long");
  if (texts_.size() >= limits_.texts) return failed_with<Symbol>(in, "it holds too many texts");
  const std::string_view text = in.get_bytes(size);
  if (!in.ok()) return {};
  texts_.emplace_back(text);
  return texts_.back();
}

DecodedObservation RecordingDecoder::get_observation(RecordReader& in, Now now) {
  const Symbol cluster = get_text(in);
  const Symbol name = get_text(in);
  const uint8_t flags = in.get_byte();
  auto observation = std::make_shared<Observation>();
  observation->cluster = cluster;
  observation->part = names_.keep(name.text());
  get_times(in, now, *observation);
  if (!in.ok()) return {};

  Part& before = parts_[{cluster, name}];
  Part part;
  std::vector<Lineage> lineages(before.keys.size());
  if ((flags & kSameKeys) != 0) {
    part.keys = before.keys;
    for (const KeySetPtr& keys : part.keys)
      weigh(in, part, keys->rows() * keys->dimensions().size());
  } else {
    lineages = get_keys(in, before, part);
  }
  if ((flags & kSameLayout) == 0) {
    get_layout(in, part);
  } else if (part.keys.size() < before.keys.size()) {
    return failed_with<DecodedObservation>(in, "keys are missing");
  } else {
    const auto now_of = [&](const KeySetPtr& keys) {
      return keys == nullptr ? nullptr : part.keys[place_of(before.keys, keys)];
    };
    for (const DecodedTable& table : before.tables)
      part.tables.push_back({table.name, {table.table.measure, now_of(table.table.keys), {}, {}}});
    for (const Relation& relation : before.relations)
      part.relations.push_back({relation.name, now_of(relation.from), now_of(relation.to), {}});
  }
  if (in.ok()) get_values(in, before, lineages, part);
  if (in.ok()) get_pairs(in, before, part);
  if (!in.ok()) return {};

  for (const DecodedTable& table : part.tables) {
    if (table.table.measure != nullptr) observation->tables.push_back(table.table);
  }
  observation->relations = part.relations;
  weight_ += part.weight - before.weight;
  before = std::move(part);
  return {std::move(observation), (flags & kCarried) != 0};
}

void RecordingDecoder::get_times(RecordReader& in, Now now, Observation& observation) const {
  const int64_t age = in.get_signed();
  const int64_t step = in.get_signed();
  const int64_t cadence = in.get_signed();
  const int64_t longest = kLongestAge.count();
  const auto sane = [&](int64_t value) { return value >= -longest && value <= longest; };
  if (!sane(age) || !sane(step) || !sane(cadence) || cadence < 0)
    return in.fail("the time of an observation is out of range");
  observation.at = {now.steady - Duration(age), now.wall - Duration(age) - Duration(step)};
  observation.cadence = Duration(cadence);
}

std::vector<Lineage> RecordingDecoder::get_keys(RecordReader& in, const Part& before, Part& part) {
  std::vector<Lineage> lineages;
  std::vector<uint8_t> used(before.keys.size(), 0);
  for (uint64_t left = in.get_count(); left > 0 && in.ok(); --left) {
    const uint64_t from = in.get();
    Lineage lineage;
    if (from == kKeysFresh) {
      std::vector<std::string_view> dimensions;
      const uint64_t count = in.get_count();
      if (count == 0 || count > kMostDimensions) in.fail("keys have no dimensions, or too many");
      for (uint64_t i = 0; i < count && in.ok(); ++i)
        dimensions.push_back(names_.keep(get_text(in).text()));
      part.keys.push_back(get_changed_keys(in, std::move(dimensions), lineage, part));
    } else {
      const uint64_t place = (from - 1) / 2;
      // Each can be the origin of one only: a short text must not become much.
      if (place >= used.size() || used[place] != 0) {
        in.fail("keys come from nowhere");
        break;
      }
      used[place] = 1;
      const KeySetPtr& base = before.keys[place];
      if ((from - 1) % 2 == 0) {
        weigh(in, part, base->rows() * base->dimensions().size());
        part.keys.push_back(base);
      } else {
        lineage.base = base.get();
        const auto dimensions = base->dimensions();
        part.keys.push_back(get_changed_keys(
            in, std::vector<std::string_view>(dimensions.begin(), dimensions.end()), lineage,
            part));
      }
    }
    lineages.push_back(std::move(lineage));
  }
  return lineages;
}

// Rows that are copied stand in the order of the keys before, each once, so that keys never become
// more than what was told of them.
KeySetPtr RecordingDecoder::get_changed_keys(RecordReader& in,
                                             std::vector<std::string_view> dimensions,
                                             Lineage& lineage, Part& part) {
  const uint64_t rows = in.get();
  std::vector<Symbol> cells;
  uint64_t next = 0;
  while (lineage.origins.size() < rows && in.ok()) {
    const uint64_t run = in.get();
    const uint64_t length = run >> 1;
    const bool copied = (run & 1) != 0;
    const uint64_t first = copied ? in.get() : 0;
    const uint64_t there = lineage.base == nullptr ? 0 : lineage.base->rows() - next;
    const bool possible = copied ? first <= there && length <= there - first : length <= in.left();
    if (length == 0 || length > rows - lineage.origins.size() || !possible) {
      in.fail("keys have rows from nowhere");
      break;
    }
    if (!weigh(in, part, length * dimensions.size())) break;
    if (copied) next += first;
    for (uint64_t i = 0; i < length && in.ok(); ++i) {
      lineage.origins.push_back(copied ? static_cast<uint32_t>(next) : kNoOrigin);
      if (copied) {
        const auto row = lineage.base->row(next++);
        cells.insert(cells.end(), row.begin(), row.end());
      } else {
        for (size_t cell = 0; cell < dimensions.size(); ++cell) cells.push_back(get_text(in));
      }
    }
  }
  if (!in.ok()) return nullptr;
  return std::make_shared<const KeySet>(std::move(dimensions), std::move(cells));
}

void RecordingDecoder::get_layout(RecordReader& in, Part& part) {
  for (uint64_t left = in.get_count(2); left > 0 && in.ok(); --left) {
    DecodedTable table{get_text(in), {}};
    table.table.keys = key(in, part, true);
    if (!in.ok()) return;
    table.table.measure = catalogue_.find(table.name.text());
    if (table.table.measure != nullptr &&
        !std::ranges::equal(table.table.measure->dimensions, table.table.keys->dimensions()))
      table.table.measure = nullptr;
    if (table.table.measure == nullptr) foreign_.insert(table.name.text());
    part.tables.push_back(std::move(table));
  }
  for (uint64_t left = in.get_count(3); left > 0 && in.ok(); --left) {
    const std::string_view name = names_.keep(get_text(in).text());
    KeySetPtr from = key(in, part, false);
    KeySetPtr to = key(in, part, false);
    part.relations.push_back({name, std::move(from), std::move(to), {}});
  }
}

void RecordingDecoder::get_values(RecordReader& in, const Part& before,
                                  const std::vector<Lineage>& lineages, Part& part) {
  for (DecodedTable& decoded : part.tables) {
    Table& table = decoded.table;
    const size_t rows = table.keys->rows();
    if (!weigh(in, part, rows)) return;
    const auto former = std::ranges::find(before.tables, decoded.name, &DecodedTable::name);
    const Table* const past = former == before.tables.end() ? nullptr : &former->table;
    const size_t place = place_of(part.keys, table.keys);
    const Baseline baseline(past, past != nullptr && past->keys == table.keys,
                            place < lineages.size() ? lineages[place] : kNoLineage);
    table.values.resize(rows);
    const auto take = [&](size_t row, const Cell& cell) {
      const bool known = cell.reason == Unknown::known;
      table.values[row] = known ? cell.value : std::numeric_limits<double>::quiet_NaN();
      if (table.unknown.empty() && known) return;
      if (table.unknown.empty()) table.unknown.assign(rows, Unknown::known);
      table.unknown[row] = cell.reason;
    };
    for (size_t row = 0; row < rows; ++row) take(row, baseline.at(row));
    size_t next = 0;
    for (uint64_t left = in.get_count(2); left > 0 && in.ok(); --left) {
      const uint64_t change = in.get();
      if (change >> 2 >= rows - next) return in.fail("a value is of no row");
      next += change >> 2;
      take(next, get_change(in, change & 3, baseline.at(next)));
      ++next;
    }
    if (!in.ok()) return;
  }
}

void RecordingDecoder::get_pairs(RecordReader& in, const Part& before, Part& part) {
  for (size_t i = 0; i < part.relations.size() && in.ok(); ++i) {
    Relation& relation = part.relations[i];
    if (in.get_byte() == 0) {
      if (i >= before.relations.size()) return in.fail("a relation is of nothing");
      const Relation& former = before.relations[i];
      if (former.from != relation.from || former.to != relation.to)
        return in.fail("a relation is of other keys");
      if (!weigh(in, part, former.pairs.size())) return;
      relation.pairs = former.pairs;
      continue;
    }
    const uint64_t count = in.get_count(2);
    if (!weigh(in, part, count)) return;
    const auto rows = [](const KeySetPtr& keys) {
      return keys == nullptr ? int64_t{0} : static_cast<int64_t>(keys->rows());
    };
    int64_t from = 0;
    int64_t to = 0;
    for (uint64_t left = count; left > 0 && in.ok(); --left) {
      from = plus(from, in.get_signed());
      to = plus(to, in.get_signed());
      if (from < 0 || from >= rows(relation.from) || to < 0 || to >= rows(relation.to))
        return in.fail("a relation joins rows that are not there");
      relation.pairs.emplace_back(static_cast<uint32_t>(from), static_cast<uint32_t>(to));
    }
  }
}

bool RecordingDecoder::weigh(RecordReader& in, Part& part, uint64_t weight) const {
  part.weight += weight;
  if (in.ok() && weight_ + part.weight <= limits_.values) return true;
  in.fail("it holds more than can be kept");
  return false;
}

KeySetPtr RecordingDecoder::key(RecordReader& in, const Part& part, bool required) const {
  const uint64_t number = in.get();
  if (number > part.keys.size() || (required && number == 0))
    return failed_with<KeySetPtr>(in, "a table is of no keys");
  return number == 0 ? nullptr : part.keys[number - 1];
}

}  // namespace highwater::agent
