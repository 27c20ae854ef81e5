#include "agent/recording/encoder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "agent/core/utf8.h"

namespace highwater::agent {
namespace {

// Whole numbers up to here are exact.
constexpr double kMostWhole = 9007199254740992.0;
constexpr size_t kLongestText = 65'535;

size_t place_of(const std::vector<KeySetPtr>& keys, const KeySetPtr& wanted) {
  return static_cast<size_t>(std::ranges::find(keys, wanted) - keys.begin());
}

std::vector<KeySetPtr> keys_of(const Observation& observation) {
  std::vector<KeySetPtr> keys;
  const auto need = [&](const KeySetPtr& one) {
    if (one != nullptr && place_of(keys, one) == keys.size()) keys.push_back(one);
  };
  for (const Table& table : observation.tables) need(table.keys);
  for (const Relation& relation : observation.relations) {
    need(relation.from);
    need(relation.to);
  }
  return keys;
}

// 0: there are none.
size_t key_number(const std::vector<KeySetPtr>& keys, const KeySetPtr& wanted) {
  return wanted == nullptr ? 0 : 1 + place_of(keys, wanted);
}

bool same_layout(const Observation& a, const std::vector<KeySetPtr>& a_keys, const Observation& b,
                 const std::vector<KeySetPtr>& b_keys) {
  return std::ranges::equal(a.tables, b.tables,
                            [&](const Table& one, const Table& other) {
                              return one.measure == other.measure &&
                                     key_number(a_keys, one.keys) == key_number(b_keys, other.keys);
                            }) &&
         std::ranges::equal(
             a.relations, b.relations, [&](const Relation& one, const Relation& other) {
               return one.name == other.name &&
                      key_number(a_keys, one.from) == key_number(b_keys, other.from) &&
                      key_number(a_keys, one.to) == key_number(b_keys, other.to);
             });
}

// Rows that stood in `base` in the same order; what moved counts as new.
Lineage lineage_of(const KeySet& keys, const KeySet* base) {
  Lineage lineage{base, Origins(keys.rows(), kNoOrigin)};
  if (base == nullptr) return lineage;
  uint32_t next = 0;
  for (size_t row = 0; row < keys.rows(); ++row) {
    const auto found = base->find(keys.row(row));
    if (!found || *found < next) continue;
    lineage.origins[row] = *found;
    next = *found + 1;
  }
  return lineage;
}

uint64_t bits(double value) {
  return std::bit_cast<uint64_t>(value);
}

bool is_whole(double value) {
  return std::abs(value) <= kMostWhole && value == std::trunc(value);
}

void put_change(RecordWriter& out, uint64_t passed, const Cell& before, Unknown reason,
                double value) {
  if (reason != Unknown::known) {
    out.put(passed << 2 | kUnknown);
    out.put_byte(static_cast<uint8_t>(reason));
    return;
  }
  if (is_whole(value) && is_whole(before.value)) {
    const auto growth = static_cast<int64_t>(value) - static_cast<int64_t>(before.value);
    if (bits(before.value + static_cast<double>(growth)) == bits(value)) {
      out.put(passed << 2 | kGrown);
      out.put_signed(growth);
      return;
    }
  }
  out.put(passed << 2 | kNewly);
  out.put_double(value);
}

bool nothing_changed(const Table& table, const Baseline& baseline) {
  const Table* const before = baseline.same_rows();
  if (before == nullptr || !table.unknown.empty() || !before->unknown.empty()) return false;
  return table.values.empty() || std::memcmp(table.values.data(), before->values.data(),
                                             table.values.size() * sizeof(double)) == 0;
}

void put_values(RecordWriter& out, const Table& table, const Baseline& baseline) {
  if (nothing_changed(table, baseline)) {
    out.put(0);
    return;
  }
  RecordWriter changes;
  uint64_t count = 0;
  size_t next = 0;
  for (size_t row = 0; row < table.rows(); ++row) {
    const Cell before = baseline.at(row);
    const Unknown reason = table.reason(row);
    const double value = table.values[row];
    if (reason == before.reason && (reason != Unknown::known || bits(value) == bits(before.value)))
      continue;
    put_change(changes, row - next, before, reason, value);
    next = row + 1;
    ++count;
  }
  out.put(count);
  out.put_bytes(std::move(changes).take());
}

void put_pairs(RecordWriter& out, const Relation& relation, const Relation* before) {
  if (before != nullptr && before->from == relation.from && before->to == relation.to &&
      before->pairs == relation.pairs) {
    out.put_byte(0);
    return;
  }
  out.put_byte(1);
  out.put(relation.pairs.size());
  int64_t from = 0;
  int64_t to = 0;
  for (const auto& [left, right] : relation.pairs) {
    out.put_signed(static_cast<int64_t>(left) - from);
    out.put_signed(static_cast<int64_t>(right) - to);
    from = left;
    to = right;
  }
}

}  // namespace

std::string RecordingEncoder::begin() const {
  RecordWriter out;
  out.put_byte(kBegin);
  out.put_bytes({reinterpret_cast<const char*>(session_.bytes.data()), session_.bytes.size()});
  out.put_fixed(last_.wall.time_since_epoch().count());
  out.put_fixed(last_.steady.time_since_epoch().count());
  constexpr std::string_view version = HIGHWATER_VERSION;
  out.put(version.size());
  out.put_bytes(version);
  return std::move(out).take();
}

std::string RecordingEncoder::encode(const Recorded& current, Now now, bool after_gap,
                                     const Recorded& recorded) {
  RecordWriter observations;
  uint64_t count = 0;
  for (const auto& [key, observation] : current) {
    const auto held = parts_.find(key);
    if (held != parts_.end() && held->second.last == observation) continue;
    const auto former = recorded.find(key);
    const bool carried = former != recorded.end() && former->second == observation;
    put_observation(observations, observation, now, carried);
    ++count;
  }
  const Duration steady = now.steady - last_.steady;
  const Duration wall = now.wall - last_.wall;
  last_ = now;
  RecordWriter out;
  out.put_byte(kMoment);
  out.put_byte(after_gap ? kAfterGap : uint8_t{0});
  out.put(static_cast<uint64_t>(std::max(steady, Duration::zero()).count()));
  out.put_signed((wall - steady).count());
  out.put(count);
  out.put_bytes(std::move(observations).take());
  return std::move(out).take();
}

void RecordingEncoder::put_text(RecordWriter& out, const Symbol& text) {
  const auto [known, added] = texts_.try_emplace(text, texts_.size() + 1);
  if (!added) {
    out.put(known->second);
    return;
  }
  const std::string_view bytes = utf8::first_bytes(text.text(), kLongestText);
  out.put(0);
  out.put(bytes.size());
  out.put_bytes(bytes);
}

void RecordingEncoder::put_observation(RecordWriter& out, const ObservationPtr& observation,
                                       Now now, bool carried) {
  const Observation& seen = *observation;
  Part& part = parts_[{seen.cluster, seen.part}];
  std::vector<KeySetPtr> keys = keys_of(seen);
  const bool known_keys = part.last != nullptr && keys == part.keys;
  const bool known_layout = part.last != nullptr && same_layout(*part.last, part.keys, seen, keys);

  put_text(out, seen.cluster);
  put_text(out, Symbol(seen.part));
  out.put_byte(static_cast<uint8_t>((carried ? kCarried : 0) | (known_keys ? kSameKeys : 0) |
                                    (known_layout ? kSameLayout : 0)));
  const Duration age = now.steady - seen.at.steady;
  out.put_signed(age.count());
  out.put_signed((now.wall - seen.at.wall - age).count());
  out.put_signed(seen.cadence.count());
  std::vector<Lineage> lineages(keys.size());
  if (!known_keys) lineages = put_keys(out, part, keys);
  if (!known_layout) put_layout(out, seen, keys);
  for (const Table& table : seen.tables) {
    const Table* const before = part.last == nullptr ? nullptr : part.last->find(*table.measure);
    const bool same = before != nullptr && before->keys == table.keys;
    put_values(out, table, Baseline(before, same, lineages[place_of(keys, table.keys)]));
  }
  for (size_t i = 0; i < seen.relations.size(); ++i) {
    const bool had = part.last != nullptr && i < part.last->relations.size();
    put_pairs(out, seen.relations[i], had ? &part.last->relations[i] : nullptr);
  }
  part = {observation, std::move(keys)};
}

std::vector<Lineage> RecordingEncoder::put_keys(RecordWriter& out, const Part& before,
                                                const std::vector<KeySetPtr>& keys) {
  std::vector<Lineage> lineages;
  out.put(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    const KeySet& one = *keys[i];
    const size_t same = place_of(before.keys, keys[i]);
    if (same < before.keys.size()) {
      out.put(1 + 2 * same);
      lineages.emplace_back();
      continue;
    }
    // Keys that are still needed as they are cannot become others.
    const bool free = i < before.keys.size() && place_of(keys, before.keys[i]) == keys.size();
    const KeySet* const base = free ? before.keys[i].get() : nullptr;
    if (base != nullptr && std::ranges::equal(base->dimensions(), one.dimensions())) {
      out.put(2 + 2 * i);
      lineages.push_back(lineage_of(one, base));
    } else {
      out.put(kKeysFresh);
      out.put(one.dimensions().size());
      for (const std::string_view dimension : one.dimensions()) put_text(out, Symbol(dimension));
      lineages.push_back(lineage_of(one, nullptr));
    }
    put_rows(out, one, lineages.back());
  }
  return lineages;
}

void RecordingEncoder::put_rows(RecordWriter& out, const KeySet& keys, const Lineage& lineage) {
  const Origins& origins = lineage.origins;
  out.put(keys.rows());
  uint32_t next = 0;
  for (size_t row = 0; row < keys.rows();) {
    size_t end = row + 1;
    const bool copied = origins[row] != kNoOrigin;
    while (end < keys.rows() && (origins[end] != kNoOrigin) == copied &&
           (!copied || origins[end] == origins[end - 1] + 1))
      ++end;
    out.put((end - row) << 1 | (copied ? 1 : 0));
    if (copied) {
      out.put(origins[row] - next);
      next = origins[end - 1] + 1;
    } else {
      for (size_t i = row; i < end; ++i) {
        for (const Symbol& cell : keys.row(i)) put_text(out, cell);
      }
    }
    row = end;
  }
}

void RecordingEncoder::put_layout(RecordWriter& out, const Observation& observation,
                                  const std::vector<KeySetPtr>& keys) {
  out.put(observation.tables.size());
  for (const Table& table : observation.tables) {
    put_text(out, Symbol(table.measure->name));
    out.put(key_number(keys, table.keys));
  }
  out.put(observation.relations.size());
  for (const Relation& relation : observation.relations) {
    put_text(out, Symbol(relation.name));
    out.put(key_number(keys, relation.from));
    out.put(key_number(keys, relation.to));
  }
}

}  // namespace highwater::agent
