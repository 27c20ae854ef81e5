// Matcher: which alerts a line of `routes:`, an owner, a silence or a maintenance window is about,
// by the labels of their notifications. Values; pure; any thread.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/pattern.h"
#include "agent/core/result.h"

namespace highwater::rules {

// What an alert is about, and `alertname`, `severity`, `team` and `incident`.
using Labels = std::map<std::string, std::string, std::less<>>;

// One label has to be like one of these patterns. A label that is not there is like none.
struct LabelPatterns {
  std::string name;
  std::vector<Pattern> patterns;

  [[nodiscard]] bool matches(const Labels& labels) const;
};

// Fails when a pattern cannot be one, or is a severity that does not exist.
[[nodiscard]] Result<LabelPatterns> make_label_patterns(std::string_view name,
                                                        std::span<const std::string> patterns);

class Matcher {
 public:
  // "topic=payments-*"; of several for one label any suffices.
  [[nodiscard]] static Result<Matcher> parse(std::span<const std::string> texts);

  void add(LabelPatterns label) { labels_.push_back(std::move(label)); }
  // Whether each of its labels is as it wants it; without labels always.
  [[nodiscard]] bool matches(const Labels& labels) const;
  [[nodiscard]] bool matches_all() const { return labels_.empty(); }
  // Null when it wants nothing of that label.
  [[nodiscard]] const LabelPatterns* find(std::string_view label) const;
  // Whether everything that the other one matches is matched by this one, as far as the texts of
  // the patterns show it.
  [[nodiscard]] bool covers(const Matcher& other) const;
  // Of its labels.
  [[nodiscard]] std::vector<std::string> names() const;
  // As parse() reads them: one text for each pattern.
  [[nodiscard]] std::vector<std::string> texts() const;
  // For people: "severity=page team=payments,billing"; "everything" without labels.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<LabelPatterns> labels_;
};

// "severity=page topic=orders", each label once.
[[nodiscard]] Result<Labels> parse_labels(std::span<const std::string> texts);

}  // namespace highwater::rules
