// What became of our own requests to the brokers. Tables of part "brokers"; used by its
// interpreter.
#pragma once

#include <map>
#include <span>
#include <string_view>

#include "agent/core/watch_first.h"
#include "collectors/interpreter.h"
#include "collectors/tables/key_tracker.h"
#include "collectors/tables/number_symbols.h"
#include "collectors/tables/sample_ring.h"

namespace highwater::collectors {

class RequestTables {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();
  [[nodiscard]] static std::span<const WatchFirst> watch_first();

  void add_to(Observation& observation, const kafka::ClusterView& view, NumberSymbols& numbers);

 private:
  void add_throttling(Observation& observation, const kafka::ClusterView& view,
                      NumberSymbols& numbers);
  const Symbol& symbol(std::string_view literal);

  std::map<int32_t, SampleRing<1>> throttling_;  // by broker: seconds since the start
  std::map<std::string_view, Symbol> symbols_;   // of APIs and errors
  KeyTracker keys_{{"cluster", "broker", "api"}};
  KeyTracker broker_keys_{{"cluster", "broker"}};
  KeyTracker error_keys_{{"cluster", "broker", "api", "error"}};
};

}  // namespace highwater::collectors
