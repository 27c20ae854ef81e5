// PromQL and YAML as text: names, selectors, numbers and quotes, for what is generated for
// Prometheus. Used by the generator of its rules (prometheus_rules.h); pure, any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/measure.h"
#include "agent/core/time.h"
#include "rules/alerts/alert_rule.h"
#include "rules/alerts/row_scope.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules::promql {

// In double quotes, in ASCII: what stands in it means nothing to YAML or to Go's templates' raw
// strings.
[[nodiscard]] std::string quoted(std::string_view text);

// In double quotes for YAML: any text, on one line.
[[nodiscard]] std::string yaml_quoted(std::string_view text);

// The shortest text that is read as the same number.
[[nodiscard]] std::string number(double value);

// highwater_NAME
[[nodiscard]] std::string metric(const Measure& measure);

// The filters as matchers: topic=~"orders|payments-.*". Globs become regular expressions, which
// Prometheus anchors; a user's own, which match anywhere, are opened on both sides.
[[nodiscard]] std::vector<std::string> matchers(const Measure& measure, const RowScope& scope);

// metric{matchers}
[[nodiscard]] std::string selector(std::string_view metric, std::span<const std::string> matchers);

// "cluster, group, topic"
[[nodiscard]] std::string list(std::span<const std::string_view> names);

// 1 where the value of the selector is not good, else 0.
[[nodiscard]] std::string is_bad(const std::string& selector, const GoodRange& good);

}  // namespace highwater::rules::promql
