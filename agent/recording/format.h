// What the records of a recording hold. Shared by the encoder and the decoder; see
// docs/decisions/0009-recordings-are-differences.md for why.
//
// A file begins with a record that says which run of the agent it is of and when it began. Each
// further record is a moment: when the rules judged, and the observations that were new then. The
// first moment of a file holds everything the rules saw, so that every file can be read by itself;
// later ones hold what differs from the observation of the same part before.
//
//   begin:       kBegin, session (16 bytes), wall, steady, version of the program
//   moment:      kMoment, flags, steady and wall since the moment before, count, observations
//   observation: cluster, part, flags, its age on both clocks, cadence, [keys], [layout], values of
//                each table, pairs of each relation
//   keys:        count, and for each where it comes from: kKeysFresh with dimensions and rows, or
//                the place of one of the part's keys before, the same or changed (rows)
//   rows:        count, then runs of rows that are new (texts) or stood in the keys before
//   layout:      measure and keys of each table; name and both keys of each relation
//   values:      count, then each row that changed: how many rows after the last one, how, and what
//   a text:      0, length and bytes where it is first met; then its number
//
// A row that is unknown has no value. Notes, problems and traces are words for people, of which
// rules read nothing: they are not recorded, so there are names and numbers only, as in /metrics.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "agent/core/table.h"

namespace highwater::agent {

inline constexpr uint8_t kBegin = 1;
inline constexpr uint8_t kMoment = 2;

// Of a moment: what happened since the one before was not recorded.
inline constexpr uint8_t kAfterGap = 1;

// Of an observation.
inline constexpr uint8_t kCarried = 1;  // a former file had it already
inline constexpr uint8_t kSameKeys = 2;
inline constexpr uint8_t kSameLayout = 4;

// Where keys come from: fresh, or 1 + 2 x place (the same), 2 + 2 x place (changed).
inline constexpr uint64_t kKeysFresh = 0;

// How a row changed, in the lowest two bits; the rest says how many rows were passed over.
inline constexpr uint64_t kGrown = 0;    // known; a whole number is added to what it was
inline constexpr uint64_t kUnknown = 1;  // the reason follows
inline constexpr uint64_t kNewly = 2;    // known; the double follows

// A row of keys by where it stood in the keys before; kNoOrigin: nowhere.
inline constexpr uint32_t kNoOrigin = UINT32_MAX;
using Origins = std::vector<uint32_t>;

// Keys that were made from others.
struct Lineage {
  const KeySet* base = nullptr;
  Origins origins;  // by row
};

// What a row was, for the next value to be told as a difference.
struct Cell {
  Unknown reason = Unknown::known;
  double value = 0;  // 0 where unknown
};

// The values of a table before, by the rows of its keys now.
class Baseline {
 public:
  Baseline() = default;
  // `lineage` is that of the table's keys now, `same` whether they are those of `before`.
  Baseline(const Table* before, bool same, const Lineage& lineage)
      : table_(before != nullptr && (same || lineage.base == before->keys.get()) ? before
                                                                                 : nullptr),
        origins_(same ? nullptr : &lineage.origins) {}

  [[nodiscard]] Cell at(size_t row) const {
    if (table_ == nullptr) return {};
    const size_t origin = origins_ == nullptr ? row : (*origins_)[row];
    if (origin == kNoOrigin) return {};
    const Unknown reason = table_->reason(origin);
    return {reason, reason == Unknown::known ? table_->values[origin] : 0};
  }
  // The table before when its rows are those of now; null otherwise.
  [[nodiscard]] const Table* same_rows() const { return origins_ == nullptr ? table_ : nullptr; }

 private:
  const Table* table_ = nullptr;
  const Origins* origins_ = nullptr;
};

using KeySetPtr = std::shared_ptr<const KeySet>;

}  // namespace highwater::agent
