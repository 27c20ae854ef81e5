// Finding: whether a page has what a mapping asks for, and if not, why. "Nothing has happened yet"
// and "the name is wrong" both leave no rows; here they are told apart. Made with the readings, on
// the source's thread; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/sources/mapping.h"
#include "collectors/sources/prometheus_text.h"

namespace highwater::sources {

enum class Found : uint8_t {
  rows,         // at least one series of it became a row
  nothing_yet,  // the page declares it, or nothing passes `select`: no series so far
  lacking,      // the page knows nothing of it: `why`
};

struct Finding {
  size_t mapping = 0;
  Found found = Found::lacking;
  std::string why;  // of lacking: one sentence, without the source's name
};

// Several pages of one source: what one of them has, the source has.
void merge_findings(std::vector<Finding>& into, std::vector<Finding>&& more);

// The sample names of a page that lacks something, for advice: "did you mean 'app_failed_total'?".
// Comparing costs, so a page has a budget for all of its mappings.
class NearNames {
 public:
  explicit NearNames(std::string_view page) : page_(page) {}
  // The name that was probably meant, or "".
  [[nodiscard]] std::string near(std::string_view metric);

 private:
  std::string_view page_;
  bool read_ = false;
  std::vector<std::string> names_;
  size_t comparisons_left_ = 2'000;
};

// Gathers what a page in a text format of Prometheus has of one mapping.
class MetricSearch {
 public:
  explicit MetricSearch(const Mapping& mapping)
      : mapping_(&mapping), filter_labels_(mapping.filters.size(), 0) {}

  // A `# TYPE` line of the family whose samples have the mapping's name `metric`.
  void see_type(std::string_view family, std::string_view type, std::string_view metric);
  void see_series(std::span<const TextLabel> labels);
  // The series passed `select`, but a label that a dimension needs is not there.
  void lack_label(std::string_view dimension, std::span<const TextLabel> labels);
  void add_row() { rows_ = true; }

  [[nodiscard]] Finding finding(size_t number, NearNames& names) const;

 private:
  const Mapping* mapping_;
  bool rows_ = false;
  bool declared_ = false;
  bool series_ = false;
  std::string parts_;                   // the name is that of a family, not of its samples
  std::vector<uint8_t> filter_labels_;  // by filter: some series has its label
  std::string labels_;                  // those of the first series
  std::string unlabelled_;              // why the first series without a label is left out
};

// What the mapping is called when the page lacks it: its metric, or its path.
[[nodiscard]] std::string sought(const Mapping& mapping);

}  // namespace highwater::sources
