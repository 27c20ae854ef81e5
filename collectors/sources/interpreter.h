// SourcesInterpreter: joins what the sources say into one observation per cluster, part "sources".
// The pure half: keeps the series of every source, reads no clock. On the thread that collects the
// scrapes.
//
// Several series may be one row: the members of a group that each count what failed. Counters are
// therefore followed series by series and added up as they grow, so that a member that restarts or
// goes away takes nothing back. A series is gone when two complete pages in a row do not have it; a
// counter that comes back goes on from where it left.
//
// A measure without rows has an empty table when its sources were read and nothing has happened
// yet, and no table, which is unknown, when a page lacks what its mapping names.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "agent/core/observation.h"
#include "collectors/sources/absent_series.h"
#include "collectors/sources/scrape.h"

namespace highwater::sources {

inline constexpr std::string_view kSourcesPart = "sources";

// What is said of the sources themselves, and what the configuration may fill by name.
[[nodiscard]] std::span<const Measure* const> source_measures();
// The latter: so that built-in rules can speak of what only applications know.
[[nodiscard]] std::span<const Measure* const> fillable_measures();

class SourcesInterpreter {
 public:
  // `clusters` are those that rows may speak of; `plan` must outlive the interpreter.
  SourcesInterpreter(const SourcePlan& plan, std::vector<Symbol> clusters);

  void take(Scrape scrape);
  // One for each cluster that a source belongs to or speaks of.
  [[nodiscard]] std::vector<Observation> observe(Now now);

 private:
  struct Row {
    double total = 0;     // of a counter: what it has grown to
    uint32_t series = 0;  // how many are a part of it
    size_t born = 0;      // the scrape that brought it
    // While an observation is made.
    double value = 0;
    uint32_t known = 0;
    Unknown reason = Unknown::known;
    bool ambiguous = false;
  };
  using Rows = std::map<std::vector<Symbol>, Row>;
  // The rows of a measure that are of one cluster.
  struct MeasureRows {
    Combine combine = Combine::refuse;
    Rows rows;
    std::shared_ptr<const KeySet> keys;  // null: they changed
  };
  struct Place {
    MeasureRows* table = nullptr;
    Rows::iterator row;
  };
  struct Series {
    Place place;
    bool counter = false;
    double last = 0;  // the last known value
    bool ever_known = false;
    Unknown reason = Unknown::known;
    size_t seen = 0;  // the scrape that had it last
    int missed = 0;   // complete pages since
  };
  struct Source {
    std::unordered_map<uint64_t, Series> series;
    AbsentSeries absent;
    bool tried = false;
    bool ever_good = false;
    Scrape last;  // without its rows
  };

  void take_reading(Source& source, const Reading& reading, SteadyTime now);
  Series* find_or_make(Source& source, const Reading& reading, SteadyTime now);
  void grow(const Source& source, Series& series, double value) const;
  static void drop_missing(Source& source, size_t scrape, SteadyTime now);
  static void drop(const Place& place);
  void fold(const Source& source, Unknown outdated);
  void add_empty_tables();
  [[nodiscard]] bool speaks_of(const Mapping& mapping, size_t number, const Symbol& cluster) const;
  [[nodiscard]] bool is_blind(const Measure& measure, const Symbol& cluster) const;
  static void add_table(const Measure& measure, MeasureRows& table, Observation& observation);
  // source_tables.cpp
  void add_sources(const Symbol& cluster, Now now, Observation& observation);
  void add_missing(const Symbol& cluster, Now now, Observation& observation);
  // `known` when its last scrape still holds.
  [[nodiscard]] Unknown outdated(size_t number, Now now) const;

  const SourcePlan& plan_;
  const std::vector<Symbol> clusters_;
  std::vector<Source> sources_;  // as in the plan
  std::map<std::pair<Symbol, const Measure*>, MeasureRows> tables_;
  std::map<Symbol, std::shared_ptr<const KeySet>> source_keys_;
  std::map<Symbol, std::shared_ptr<const KeySet>> missing_keys_;
  size_t scrapes_ = 0;
  std::string stranger_;  // a cluster that is not watched, of a row in the scrape in hand
};

}  // namespace highwater::sources
