// RecordingEncoder: turns what the rules saw into the records of one file of a recording. Owned by
// the recorder's ring, on its thread; pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/core/ids.h"
#include "agent/core/observation.h"
#include "agent/recording/bytes.h"
#include "agent/recording/format.h"

namespace highwater::agent {

// The newest observation of each part that a recording holds.
using Recorded = std::map<std::pair<Symbol, std::string_view>, ObservationPtr>;

class RecordingEncoder {
 public:
  RecordingEncoder(const TraceId& session, Now now) : session_(session), last_(now) {}

  // The file's first record.
  [[nodiscard]] std::string begin() const;
  // Everything of `current` that this file does not hold; `recorded` is what former files do.
  // `now` never goes back.
  [[nodiscard]] std::string encode(const Recorded& current, Now now, bool after_gap,
                                   const Recorded& recorded);

  // How many texts the file has numbered; a reader keeps them all.
  [[nodiscard]] size_t texts() const { return texts_.size(); }

 private:
  struct Part {
    ObservationPtr last;
    std::vector<KeySetPtr> keys;  // in the order in which its tables and relations need them
  };

  void put_text(RecordWriter& out, const Symbol& text);
  void put_observation(RecordWriter& out, const ObservationPtr& observation, Now now, bool carried);
  [[nodiscard]] std::vector<Lineage> put_keys(RecordWriter& out, const Part& before,
                                              const std::vector<KeySetPtr>& keys);
  void put_rows(RecordWriter& out, const KeySet& keys, const Lineage& lineage);
  void put_layout(RecordWriter& out, const Observation& observation,
                  const std::vector<KeySetPtr>& keys);

  const TraceId session_;
  Now last_;
  std::unordered_map<Symbol, uint64_t> texts_;
  std::map<std::pair<Symbol, std::string_view>, Part> parts_;
};

}  // namespace highwater::agent
