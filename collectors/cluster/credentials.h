// How the brokers and we accept each other: logins and certificates, and when the latter end.
// Tables of part "brokers"; used by its interpreter.
#pragma once

#include <span>

#include "collectors/interpreter.h"
#include "collectors/tables/key_tracker.h"
#include "collectors/tables/number_symbols.h"

namespace highwater::collectors {

class CredentialTables {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  void add_to(Observation& observation, const kafka::ClusterView& view, NumberSymbols& numbers,
              Now now);

 private:
  KeyTracker keys_{{"cluster"}};
  KeyTracker own_keys_{{"cluster"}};
  KeyTracker broker_keys_{{"cluster", "broker"}};
};

}  // namespace highwater::collectors
