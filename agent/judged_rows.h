// JudgedRows: which rules of the user look at no row at all: their measure has none, or their
// `select` matches nothing. Such a rule never fires, and all seems well. Fed with each snapshot
// that was judged, on the pipeline's thread; the rules are given at start and on reload, by main's
// thread.
//
// Clusters are taken together: a rule about `payments-*` may find them in one of three clusters.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/core/observation.h"
#include "collectors/sources/mapping.h"
#include "rules/rule_set.h"

namespace highwater::agent {

// A rule or SLO of the user; of an SLO that counts events, by its total.
struct LookedAt {
  std::string rule;
  const Measure* measure = nullptr;
  rules::RowScope scope;
  std::string where;  // "rules.yaml:12"
};
// Those of the user that do not say `expect: none`. Composite ones judge rules, not measures.
[[nodiscard]] std::vector<LookedAt> rules_of_user(const rules::RuleSet& rules,
                                                  const Catalogue& catalogue);

struct RuleRows {
  std::string rule;
  std::optional<bool> nothing;  // none: what it looks at cannot be read at the moment
  std::string why;              // when nothing: "no group is like 'paymnets-*': did you mean ..."
};

class JudgedRows {
 public:
  // `plan`: which measures sources fill.
  JudgedRows(sources::SourcePlan plan, std::vector<Symbol> clusters);

  // After a reload.
  void replace_world(sources::SourcePlan plan, std::vector<Symbol> clusters);
  void replace_rules(std::vector<LookedAt> rules);
  // In the order of the rules.
  [[nodiscard]] std::vector<RuleRows> look(const Snapshot& snapshot, SteadyTime now);

 private:
  struct Count {
    std::shared_ptr<const KeySet> keys;
    size_t rows = 0;
  };
  struct Watched {
    LookedAt rule;
    std::map<Symbol, Count> counts;        // by cluster
    std::vector<const KeySet*> explained;  // the rows that `why` is about
    std::string why;
  };

  [[nodiscard]] RuleRows look(Watched& watched, const Snapshot& snapshot, SteadyTime now) const;
  [[nodiscard]] std::optional<bool> without_table(const Measure& measure, const Snapshot& snapshot,
                                                  SteadyTime now) const;

  std::mutex mutex_;
  // All of it under mutex_.
  sources::SourcePlan plan_;
  std::vector<Symbol> clusters_;
  std::vector<Watched> watched_;
};

// Why the scope selects none of the rows, with the name that was probably meant.
[[nodiscard]] std::string why_nothing(const LookedAt& rule, std::span<const KeySet* const> rows);
// The name that a pattern was probably meant for: "did you mean 'payments-eu'?", or "".
[[nodiscard]] std::string near_name(const Pattern& pattern, std::span<const std::string> names);

}  // namespace highwater::agent
