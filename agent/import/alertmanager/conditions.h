// Conditions: what is asked of the labels of an alert, in words that a line of `routes:` has: of a
// label one of several values, or one pattern. Values; pure; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/pattern.h"
#include "agent/core/result.h"

namespace highwater::agent::alertmanager {

// One label is one of these values, or like this pattern. A label that is not there is neither.
class LabelValues {
 public:
  [[nodiscard]] static LabelValues one_of(std::vector<std::string> names);
  // As Alertmanager means it: anchored. Plain alternatives become values, simple wildcards globs.
  [[nodiscard]] static Result<LabelValues> like_regex(std::string_view regex);
  [[nodiscard]] static LabelValues anything();

  [[nodiscard]] bool takes(std::string_view value) const;
  // The values; empty for a pattern.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] bool is_anything() const { return pattern_ && pattern_->text() == "*"; }
  // As a line of `routes:` has them.
  [[nodiscard]] std::vector<std::string> patterns() const;

  // Whether everything that this takes is taken by `wide`, as far as it can be seen.
  [[nodiscard]] bool implies(const LabelValues& wide) const;
  // What both take. Nothing: there is no such value. `exact` becomes false where that cannot be
  // written: then the other's.
  [[nodiscard]] std::optional<LabelValues> intersect(const LabelValues& other, bool& exact) const;

 private:
  [[nodiscard]] static LabelValues like(std::string_view pattern);
  // "payments-" of "payments-*"; nothing for other patterns.
  [[nodiscard]] std::optional<std::string_view> prefix() const;

  std::vector<std::string> names_;
  std::optional<Pattern> pattern_;
};

// As Alertmanager reads it: it has to match the whole value.
[[nodiscard]] Result<Pattern> anchored(std::string_view regex);

// All labels have to be as it wants them.
using Conditions = std::map<std::string, LabelValues, std::less<>>;

// Whether whatever fulfils `narrow` fulfils `wide`.
[[nodiscard]] bool implies(const Conditions& narrow, const Conditions& wide);
// Nothing: no alert fulfils both. `inexact` gets the first label for which it cannot be written.
[[nodiscard]] std::optional<Conditions> intersect(const Conditions& first, const Conditions& second,
                                                  std::string& inexact);
// Whether it is seen that no alert fulfils both.
[[nodiscard]] bool apart(const Conditions& first, const Conditions& second);

}  // namespace highwater::agent::alertmanager
