// What a query means, said in measures. Every part of a query is read into the meaning of the part
// around it; one that has no meaning here is an error, so that no part can be left out unseen. What
// is not quite the same is a difference. Used by the importers; pure, any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "agent/import/metrics.h"
#include "agent/import/query.h"
#include "rules/alerts/alert_rule.h"

namespace highwater::agent {

class QueryNode;

// Dimension -> patterns, as `select` and `exclude` want them.
using ImportedFilters = std::map<std::string, std::vector<std::string>>;

struct MetricRows {
  KnownMetric metric;
  const Measure* measure = nullptr;  // another than the metric's when rows were rolled up
  ImportedFilters select;
  ImportedFilters exclude;

  [[nodiscard]] bool same_selection(const MetricRows& other) const {
    return select == other.select && exclude == other.exclude;
  }
};

struct Meaning {
  enum class Kind : uint8_t {
    number,        // `number`
    constant_row,  // vector(number)
    rows,          // the values of `rows`
    condition,     // 1 or 0 for each row: whether `comparison` with `threshold` holds
    share,         // of the time in `window` in which the condition holds, 0 to 1
    held,          // samples in `window` for which it holds
    samples,       // all samples in `window`
    events,        // what counters counted
    event_share,   // of the events of `total`, 0 to 1
  };
  Kind kind = Kind::number;
  double number = 0;
  std::optional<MetricRows> rows;
  std::optional<MetricRows> total;  // events of all, where `rows` are some of them
  rules::Comparison comparison = rules::Comparison::equal;
  double threshold = 1;
  bool filters = false;  // a comparison without `bool`: the value where it holds, else nothing

  // Labels as dimensions. Nothing: all that the metric has.
  std::optional<std::vector<std::string>> kept;
  // How several rows became one: "" (they did not), "max" or "min" of their values or conditions.
  std::string merged;
  // ... of their shares: "max", "min" or "avg".
  std::string shares_merged;

  std::string window;          // "5m"; empty: none yet
  std::string counted_as;      // events: "rate", "increase"; empty: the counter itself
  bool of_the_others = false;  // events, event_share: those of `total` that are not counted
  // The value while there are no rows: from `or vector(0)`.
  std::optional<double> absent;
  bool absent_for_all = false;  // ... when there are none in the whole window
};

// How a tool runs queries.
struct QueryUse {
  bool templated_windows = false;  // a range is "{{.window}}"; one of its own is a difference
  bool counters_grow = false;      // a counter without rate() means its growth
};

class MeaningReader {
 public:
  // Both must outlive the reader.
  MeaningReader(const MetricNames& names, const QueryUse& use) : names_(names), use_(use) {}

  [[nodiscard]] Result<Meaning> read(const Query& query) { return read(query, nullptr); }
  // The meaning of left / right.
  [[nodiscard]] Result<Meaning> divide(const Meaning& left, const Meaning& right);
  [[nodiscard]] Result<Meaning> compare(Meaning rows, rules::Comparison comparison,
                                        double threshold);
  // Rows that are yes or no are a condition of their own; an error for other rows.
  [[nodiscard]] static Result<Meaning> as_condition(Meaning meaning);
  // 1 - it, for conditions and shares.
  [[nodiscard]] static Result<Meaning> invert(Meaning meaning);

  [[nodiscard]] const std::vector<std::string>& differences() const { return differences_; }
  void differ(std::string text);

 private:
  // `window`: the caller takes the node's range; there must be one.
  [[nodiscard]] Result<Meaning> read(const Query& query, std::string* window);
  [[nodiscard]] Result<Meaning> read_node(QueryNode& node);
  [[nodiscard]] Result<Meaning> read_selector(const Query& query);
  [[nodiscard]] Result<void> read_matcher(MetricRows& rows, const LabelMatcher& matcher);
  [[nodiscard]] Result<Meaning> read_call(QueryNode& node);
  [[nodiscard]] Result<Meaning> read_over_time(const std::string& function, Meaning operand,
                                               const std::string& window);
  [[nodiscard]] Result<Meaning> read_rate(const std::string& function, Meaning operand,
                                          const std::string& window);
  [[nodiscard]] Result<Meaning> read_aggregation(QueryNode& node);
  [[nodiscard]] Result<std::vector<std::string>> kept_labels(QueryNode& node,
                                                             const Meaning& operand);
  [[nodiscard]] Result<Meaning> merge(Meaning operand, const std::string& aggregation,
                                      const std::vector<std::string>& over);
  [[nodiscard]] Result<Meaning> read_binary(QueryNode& node);
  [[nodiscard]] Result<Meaning> read_comparison(QueryNode& node, rules::Comparison comparison);
  [[nodiscard]] Result<Meaning> subtract(const Meaning& left, Meaning right);
  [[nodiscard]] Result<Meaning> stand_in(QueryNode& node);

  const MetricNames& names_;
  const QueryUse& use_;
  std::vector<std::string> differences_;
};

// What the rows are of: the metric's measure, or that which they were rolled up to.
[[nodiscard]] const Measure& measure_of(const MetricRows& rows);
// A counter by itself is what it counted.
[[nodiscard]] Meaning as_events(Meaning meaning);
// The dimensions that a meaning's rows are told apart by and that are not among `kept`; without
// those that are selected as one value.
[[nodiscard]] std::vector<std::string> merged_dimensions(const Meaning& meaning,
                                                         const std::vector<std::string>& kept);

[[nodiscard]] std::optional<rules::Comparison> comparison_of(std::string_view operator_name);
[[nodiscard]] rules::Comparison opposite(rules::Comparison comparison);

}  // namespace highwater::agent
