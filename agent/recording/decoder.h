// RecordingDecoder: turns the records of one file of a recording back into what the rules saw. Used
// by the reader, on its thread; pure.
//
// Nothing in a record is believed: whatever it announces is held against what it holds, and against
// limits, before memory is taken.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/ids.h"
#include "agent/core/measure.h"
#include "agent/core/observation.h"
#include "agent/core/result.h"
#include "agent/recording/bytes.h"
#include "agent/recording/format.h"

namespace highwater::agent {

struct DecodeLimits {
  uint64_t values = 32'000'000;  // cells, numbers and pairs that are current at once
  uint64_t texts = 4'000'000;
};

// Names that observations point to; they stay where they are. Must outlive all that was decoded
// with it.
class NamePool {
 public:
  [[nodiscard]] std::string_view keep(const std::string& name) {
    return *names_.insert(name).first;
  }

 private:
  std::set<std::string> names_;
};

struct DecodedObservation {
  ObservationPtr observation;
  bool carried = false;  // a former file had it already
};
struct DecodedMoment {
  Now now;
  bool after_gap = false;
  std::vector<DecodedObservation> observations;
};

class RecordingDecoder {
 public:
  // Both must outlive what is decoded.
  RecordingDecoder(const Catalogue& catalogue, NamePool& names, DecodeLimits limits = {})
      : catalogue_(catalogue), names_(names), limits_(limits) {}

  // The file's first record, and then each of the others in turn. After an error nothing more.
  [[nodiscard]] Result<void> begin(std::string_view record);
  [[nodiscard]] Result<DecodedMoment> moment(std::string_view record);

  [[nodiscard]] const TraceId& session() const { return session_; }
  // Measures that this program does not know, or knows with other dimensions; left out.
  [[nodiscard]] const std::set<std::string>& foreign() const { return foreign_; }

 private:
  struct DecodedTable {
    Symbol name;
    Table table;  // its measure is null when it is foreign
  };
  struct Part {
    std::vector<KeySetPtr> keys;
    std::vector<DecodedTable> tables;
    std::vector<Relation> relations;
    uint64_t weight = 0;
  };

  Symbol get_text(RecordReader& in);
  DecodedObservation get_observation(RecordReader& in, Now now);
  void get_times(RecordReader& in, Now now, Observation& observation) const;
  std::vector<Lineage> get_keys(RecordReader& in, const Part& before, Part& part);
  KeySetPtr get_changed_keys(RecordReader& in, std::vector<std::string_view> dimensions,
                             Lineage& lineage, Part& part);
  void get_layout(RecordReader& in, Part& part);
  void get_values(RecordReader& in, const Part& before, const std::vector<Lineage>& lineages,
                  Part& part);
  void get_pairs(RecordReader& in, const Part& before, Part& part);
  // Whether so much more may be kept.
  bool weigh(RecordReader& in, Part& part, uint64_t weight) const;
  KeySetPtr key(RecordReader& in, const Part& part, bool required) const;

  const Catalogue& catalogue_;
  NamePool& names_;
  const DecodeLimits limits_;
  TraceId session_;
  Now last_;
  std::vector<Symbol> texts_;
  std::map<std::pair<Symbol, Symbol>, Part> parts_;
  uint64_t weight_ = 0;  // of all parts
  std::set<std::string> foreign_;
};

}  // namespace highwater::agent
