// Rows of one metric: which are selected, and how aggregations make one of several.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "agent/import/meaning.h"
#include "agent/import/meaning_node.h"

namespace highwater::agent {
namespace {

using Kind = Meaning::Kind;

constexpr std::string_view kRegexCharacters = "\\^$.|?*+()[]{}/";

// A name as a glob that means only it.
std::string literal_pattern(const std::string& value) {
  if (value.find_first_of("*?[\\") == std::string::npos && !value.starts_with('/')) return value;
  std::string regex = "/^";
  for (const char c : value) {
    if (kRegexCharacters.find(c) != std::string_view::npos) regex += '\\';
    regex += c;
  }
  return regex + "$/";
}

// "a|b-.*" reads better as the globs a and b-*.
std::vector<std::string> regex_patterns(const std::string& regex) {
  std::vector<std::string> globs;
  std::string_view rest = regex;
  while (true) {
    const size_t end = std::min(rest.find('|'), rest.size());
    std::string glob(rest.substr(0, end));
    const bool open = glob.ends_with(".*");
    if (open) glob.resize(glob.size() - 2);
    const bool plain = std::ranges::all_of(glob, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '-';
    });
    if (!plain || glob.empty()) return {"/^(?:" + regex + ")$/"};
    globs.push_back(open ? glob + "*" : glob);
    if (end == rest.size()) return globs;
    rest.remove_prefix(end + 1);
  }
}

bool selects_one(const MetricRows& rows, const std::string& dimension) {
  const auto chosen = rows.select.find(dimension);
  return chosen != rows.select.end() && chosen->second.size() == 1 &&
         chosen->second.front().find_first_of("*?/") == std::string::npos;
}

bool selects_by_any(const MetricRows& rows, const std::vector<std::string>& dimensions) {
  return std::ranges::any_of(dimensions, [&](const std::string& dimension) {
    return rows.select.contains(dimension) || rows.exclude.contains(dimension);
  });
}

std::string several(const std::vector<std::string>& over) {
  return fmt::format("several rows ({})", fmt::join(over, ", "));
}

}  // namespace

const Measure& measure_of(const MetricRows& rows) {
  return rows.measure != nullptr ? *rows.measure : rows.metric.measure();
}

std::vector<std::string> merged_dimensions(const Meaning& meaning,
                                           const std::vector<std::string>& kept) {
  std::vector<std::string> merged;
  for (const std::string& dimension : meaning.kept.value_or(meaning.rows->metric.dimensions())) {
    if (std::ranges::find(kept, dimension) == kept.end() && !selects_one(*meaning.rows, dimension))
      merged.push_back(dimension);
  }
  return merged;
}

Result<Meaning> MeaningReader::read_selector(const Query& query) {
  const Result<KnownMetric> metric = KnownMetric::find(query.name, names_);
  if (!metric) return tl::unexpected(metric.error());
  Meaning meaning;
  meaning.kind = Kind::rows;
  meaning.rows = MetricRows{*metric, nullptr, {}, {}};
  if (!metric->largest_over().empty()) meaning.merged = "max";
  if (const MappedMetric* mapped = metric->mapped()) {
    for (const auto& [dimension, value] : mapped->fixed)
      meaning.rows->select[dimension] = {literal_pattern(value)};
    if (!mapped->remark.empty()) differ(mapped->remark);
  }
  for (const LabelMatcher& matcher : query.matchers) {
    if (const Result<void> read = read_matcher(*meaning.rows, matcher); !read)
      return tl::unexpected(read.error());
  }
  return meaning;
}

Result<void> MeaningReader::read_matcher(MetricRows& rows, const LabelMatcher& matcher) {
  using Match = LabelMatcher::Kind;
  const std::string dimension(rows.metric.dimension(matcher.label));
  if (matcher.value.find("{{") != std::string::npos)
    return fail(fmt::format("the label '{}' is selected by a template", matcher.label));
  if (dimension.empty()) {
    if (!is_target_label(matcher.label))
      return fail(fmt::format("'{}' has no dimension like the label '{}'",
                              rows.metric.measure().name, matcher.label));
    differ(fmt::format("the label '{}' is Prometheus' own and was left out", matcher.label));
    return {};
  }
  if (dimension == "cluster" &&
      std::ranges::find(names_.clusters, matcher.value) == names_.clusters.end())
    differ(
        fmt::format("'cluster' is selected as '{}': clusters are called here what your "
                    "configuration calls them",
                    matcher.value));
  const bool positive = matcher.kind == Match::equal || matcher.kind == Match::matches;
  const bool regex = matcher.kind == Match::matches || matcher.kind == Match::matches_not;
  const bool any = regex && (matcher.value == ".*" || matcher.value == ".+");
  if ((positive && any) || (!positive && matcher.value.empty())) return {};
  if (any || matcher.value.empty()) return fail("it selects no rows");
  auto& filters = positive ? rows.select : rows.exclude;
  if (positive && filters.contains(dimension))
    return fail(fmt::format("it selects '{}' twice", dimension));
  std::vector<std::string>& patterns = filters[dimension];
  const std::vector<std::string> read =
      regex ? regex_patterns(matcher.value) : std::vector{literal_pattern(matcher.value)};
  patterns.insert(patterns.end(), read.begin(), read.end());
  return {};
}

Result<Meaning> MeaningReader::read_aggregation(QueryNode& node) {
  const std::string& aggregation = node.query().name;
  if (node.query().operands.size() != 1 || (aggregation != "sum" && aggregation != "avg" &&
                                            aggregation != "max" && aggregation != "min"))
    return fail(fmt::format("'{}' over several rows cannot be said", aggregation));
  Result<Meaning> operand = read(node.operand(0));
  if (!operand) return operand;
  if (operand->kind == Kind::number || operand->kind == Kind::constant_row)
    return fail(fmt::format("'{}' of a number cannot be said", aggregation));
  Result<std::vector<std::string>> kept = kept_labels(node, *operand);
  if (!kept) return tl::unexpected(kept.error());
  const std::vector<std::string> over = merged_dimensions(*operand, *kept);
  Result<Meaning> merged =
      over.empty() ? std::move(operand) : merge(std::move(*operand), aggregation, over);
  if (merged) merged->kept = std::move(*kept);
  return merged;
}

Result<std::vector<std::string>> MeaningReader::kept_labels(QueryNode& node,
                                                            const Meaning& operand) {
  const KnownMetric& metric = operand.rows->metric;
  const std::vector<std::string> before = operand.kept.value_or(metric.dimensions());
  std::vector<std::string> kept;
  if (const Modifier* const without = node.take(Modifier::Kind::without)) {
    // A label that we do not have is left out anyway.
    kept = before;
    for (const std::string& label : without->labels)
      std::erase(kept, std::string(metric.dimension(label)));
  } else if (const Modifier* const by = node.take(Modifier::Kind::by)) {
    for (const std::string& label : by->labels) {
      const std::string dimension(metric.dimension(label));
      if (dimension == "cluster") continue;  // always
      if (dimension.empty() && is_target_label(label)) {
        differ(fmt::format("the label '{}' is Prometheus' own and was left out", label));
      } else if (dimension.empty()) {
        return fail(
            fmt::format("'{}' has no dimension like the label '{}'", metric.measure().name, label));
      } else if (std::ranges::find(before, dimension) == before.end()) {
        return fail(fmt::format("the label '{}' is not there any more", label));
      } else if (std::ranges::find(kept, dimension) == kept.end()) {
        kept.push_back(dimension);
      }
    }
  }
  return kept;
}

Result<Meaning> MeaningReader::merge(Meaning operand, const std::string& aggregation,
                                     const std::vector<std::string>& over) {
  const bool extreme = aggregation == "max" || aggregation == "min";
  std::string* as = nullptr;
  switch (operand.kind) {
    case Kind::rows:
      if (measure_of(*operand.rows).type == MeasureType::counter && aggregation == "sum") {
        operand.kind = Kind::events;
        return operand;
      }
      if (const Measure* rolled =
              rolled_up(measure_of(*operand.rows), aggregation, over, names_.catalogue);
          rolled != nullptr && operand.merged.empty() && !selects_by_any(*operand.rows, over)) {
        operand.rows->measure = rolled;
        return operand;
      }
      if (extreme) as = &operand.merged;
      break;
    case Kind::condition:
      if (extreme) as = &operand.merged;
      if (aggregation == "avg") as = &operand.shares_merged;
      break;
    case Kind::share:
      if (aggregation != "sum") as = &operand.shares_merged;
      break;
    case Kind::held:
    case Kind::samples:
      if (aggregation != "sum") break;
      operand.shares_merged = "avg";
      return operand;
    case Kind::events:
      if (aggregation == "sum") return operand;
      break;
    case Kind::event_share:
    case Kind::number:
    case Kind::constant_row:
      break;
  }
  if (as == nullptr)
    return fail(fmt::format("'{}' over {} cannot be said: an SLO judges each row", aggregation,
                            several(over)));
  if (!as->empty() && *as != aggregation)
    return fail(fmt::format("'{}' of '{}' over several rows cannot be said", aggregation, *as));
  *as = aggregation;
  return operand;
}

}  // namespace highwater::agent
