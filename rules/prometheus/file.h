// A rule file of Prometheus in the making: YAML by hand, so that it reads well and quotes right.
// Used by the generator of rules (prometheus_rules.h); any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/time.h"

namespace highwater::rules {

class PrometheusFile {
 public:
  PrometheusFile();

  using Labels = std::vector<std::pair<std::string, std::string>>;

  // Says at the top, before anything else, which rules are not in the file.
  void left_out(const std::vector<std::string>& names);
  // Likewise, which time counts here that Highwater excludes.
  void not_excluded(const std::vector<std::string>& sentences);
  // One line, above what comes next.
  void comment(std::string text) { comment_ = std::move(text); }
  void group(const std::string& name, Duration interval);
  // The expression is printable ASCII and may have several lines; the values are any text.
  void record(const std::string& name, const std::string& expression, const Labels& labels);
  void alert(const std::string& name, const std::string& expression, Duration hold,
             Duration keep_firing_for, const Labels& labels, const Labels& annotations);
  [[nodiscard]] std::string take() &&;

 private:
  void expression(const std::string& text);
  void map(std::string_view key, const Labels& entries);

  std::string text_;
  std::string comment_;
  bool empty_ = true;
};

}  // namespace highwater::rules
