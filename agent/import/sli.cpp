#include "agent/import/sli.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "agent/import/metrics.h"
#include "agent/import/query.h"

namespace highwater::agent {
namespace {

using rules::Comparison;

constexpr std::string_view kRegexCharacters = "\\^$.|?*+()[]{}/";

std::optional<Comparison> comparison_of(std::string_view name) {
  for (const Comparison comparison :
       {Comparison::equal, Comparison::not_equal, Comparison::less, Comparison::less_or_equal,
        Comparison::greater, Comparison::greater_or_equal}) {
    if (rules::comparison_text(comparison) == name) return comparison;
  }
  return std::nullopt;
}

Comparison opposite(Comparison comparison) {
  switch (comparison) {
    case Comparison::equal:
      return Comparison::not_equal;
    case Comparison::not_equal:
      return Comparison::equal;
    case Comparison::less:
      return Comparison::greater_or_equal;
    case Comparison::less_or_equal:
      return Comparison::greater;
    case Comparison::greater:
      return Comparison::less_or_equal;
    case Comparison::greater_or_equal:
      return Comparison::less;
  }
  return comparison;
}

// With the sides exchanged.
Comparison mirrored(Comparison comparison) {
  switch (comparison) {
    case Comparison::equal:
    case Comparison::not_equal:
      return comparison;
    case Comparison::less:
      return Comparison::greater;
    case Comparison::less_or_equal:
      return Comparison::greater_or_equal;
    case Comparison::greater:
      return Comparison::less;
    case Comparison::greater_or_equal:
      return Comparison::less_or_equal;
  }
  return comparison;
}

bool wants_small(Comparison good) {
  return good == Comparison::less || good == Comparison::less_or_equal;
}

bool wants_large(Comparison good) {
  return good == Comparison::greater || good == Comparison::greater_or_equal;
}

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

// Reads one metric's rows, and what is done to them, into an SLI.
class SliReader {
 public:
  explicit SliReader(const Catalogue& catalogue) : catalogue_(catalogue) {}

  Result<ImportedSli> time(const Query& condition, bool holds_is_good);
  Result<ImportedSli> value(const Query& value, Comparison good, double threshold);
  Result<ImportedSli> events(const Query& part, bool part_is_good, const Query& total);
  // sum(...), avg(...) and the like around all of it.
  const Query& without_outer(const Query& query);

 private:
  [[nodiscard]] std::string read_rows(const Query& rows);
  [[nodiscard]] std::string read_matcher(const KnownMetric& metric, const LabelMatcher& matcher);
  [[nodiscard]] std::string read_by(const std::vector<std::string>& labels);
  [[nodiscard]] std::string say_good(Comparison good, double threshold);
  [[nodiscard]] std::string finish(bool rows_are_one);
  void differ(std::string text) {
    if (std::ranges::find(sli_.differences, text) == sli_.differences.end())
      sli_.differences.push_back(std::move(text));
  }

  const Catalogue& catalogue_;
  ImportedSli sli_;
  std::optional<KnownMetric> metric_;
  std::vector<std::string> by_;
  bool without_ = false;
};

const Query& SliReader::without_outer(const Query& query) {
  const Query* inner = &query;
  while (inner->kind == Query::Kind::aggregation && inner->operands.size() == 1 &&
         (inner->name == "sum" || inner->name == "avg" || inner->name == "max" ||
          inner->name == "min")) {
    by_.insert(by_.end(), inner->by.begin(), inner->by.end());
    without_ = without_ || inner->without;
    inner = &inner->operands.front();
  }
  return *inner;
}

Result<ImportedSli> SliReader::time(const Query& condition, bool holds_is_good) {
  const Query* rows = &condition;
  // A measure that is yes or no stands for itself.
  Comparison comparison = Comparison::equal;
  double threshold = 1;
  const bool compares = condition.kind == Query::Kind::binary && comparison_of(condition.name);
  if (compares) {
    comparison = *comparison_of(condition.name);
    const Query& left = condition.operands[0];
    const Query& right = condition.operands[1];
    const bool turned = left.kind == Query::Kind::number;
    if (!turned && right.kind != Query::Kind::number)
      return fail("two metrics are compared: an SLO compares a measure with a number");
    rows = turned ? &right : &left;
    threshold = turned ? left.number : right.number;
    if (turned) comparison = mirrored(comparison);
  }
  const Comparison good = holds_is_good ? comparison : opposite(comparison);
  bool exact = false;
  if (rows->kind == Query::Kind::aggregation) {
    exact =
        (rows->name == "max" && wants_small(good)) || (rows->name == "min" && wants_large(good));
    if (!exact)
      return fail(
          fmt::format("'{}' over several rows cannot be said: an SLO judges each row", rows->name));
    rows = &without_outer(*rows);
  }
  if (std::string wrong = read_rows(*rows); !wrong.empty()) return fail(wrong);
  if (!compares && metric_->measure().unit != Unit::boolean)
    return fail(fmt::format("the query does not say which values of '{}' are bad", rows->name));
  if (std::string wrong = say_good(good, threshold); !wrong.empty()) return fail(wrong);
  if (std::string wrong = finish(exact); !wrong.empty()) return fail(wrong);
  return sli_;
}

Result<ImportedSli> SliReader::value(const Query& value, Comparison good, double threshold) {
  const Query* rows = &value;
  bool exact = false;
  if (value.kind == Query::Kind::aggregation) {
    exact =
        (value.name == "max" && wants_small(good)) || (value.name == "min" && wants_large(good));
    if (!exact)
      return fail(
          fmt::format("'{}' over several rows cannot be said: an SLO judges each row", value.name));
    rows = &without_outer(value);
  }
  if (std::string wrong = read_rows(*rows); !wrong.empty()) return fail(wrong);
  if (std::string wrong = say_good(good, threshold); !wrong.empty()) return fail(wrong);
  if (std::string wrong = finish(exact); !wrong.empty()) return fail(wrong);
  return sli_;
}

// The counter in rate(X[5m]), increase(X[5m]), or X itself.
const Query& counter_in(const Query& query) {
  const bool rate = query.kind == Query::Kind::call && query.operands.size() == 1 &&
                    (query.name == "rate" || query.name == "increase" || query.name == "irate");
  return rate ? query.operands.front() : query;
}

Result<ImportedSli> SliReader::events(const Query& part, bool part_is_good, const Query& total) {
  const Query& counted = counter_in(without_outer(part));
  const Query& all = counter_in(without_outer(total));
  for (const Query* query : {&counted, &all}) {
    if (query->kind != Query::Kind::selector)
      return fail("a query is more than a rate or an increase of one counter");
    const Result<KnownMetric> metric = KnownMetric::find(query->name, catalogue_);
    if (!metric) return fail(metric.error().message);
    if (metric->measure().type != MeasureType::counter)
      return fail(fmt::format("'{}' is no counter", metric->measure().name));
  }
  if (std::string wrong = read_rows(counted); !wrong.empty()) return fail(wrong);
  const ImportedSli of_part = std::exchange(sli_, {});
  if (std::string wrong = read_rows(all); !wrong.empty()) return fail(wrong);
  if (of_part.select != sli_.select || of_part.exclude != sli_.exclude)
    return fail("the two queries select different rows");
  sli_.total = sli_.measure;
  sli_.measure = of_part.measure;
  sli_.first_is_good = part_is_good;
  if (std::string wrong = finish(true); !wrong.empty()) return fail(wrong);
  return sli_;
}

std::string SliReader::read_rows(const Query& rows) {
  if (rows.kind != Query::Kind::selector)
    return fmt::format("it is more than one metric{}",
                       rows.name.empty() ? "" : " ('" + rows.name + "')");
  Result<KnownMetric> metric = KnownMetric::find(rows.name, catalogue_);
  if (!metric) return metric.error().message;
  metric_ = *metric;
  sli_.measure = metric_->measure().name;
  for (const LabelMatcher& matcher : rows.matchers) {
    if (std::string wrong = read_matcher(*metric_, matcher); !wrong.empty()) return wrong;
  }
  return {};
}

std::string SliReader::read_matcher(const KnownMetric& metric, const LabelMatcher& matcher) {
  using Kind = LabelMatcher::Kind;
  const std::string_view dimension = metric.dimension(matcher.label);
  if (dimension.empty()) {
    if (!is_target_label(matcher.label))
      return fmt::format("'{}' has no dimension like the label '{}'", metric.measure().name,
                         matcher.label);
    differ(fmt::format("the label '{}' is Prometheus' own and was left out", matcher.label));
    return {};
  }
  if (dimension == "cluster")
    differ(
        fmt::format("'cluster' is selected as '{}': clusters are called here what your "
                    "configuration calls them",
                    matcher.value));
  const bool positive = matcher.kind == Kind::equal || matcher.kind == Kind::matches;
  const bool regex = matcher.kind == Kind::matches || matcher.kind == Kind::matches_not;
  const bool any = regex && (matcher.value == ".*" || matcher.value == ".+");
  if ((positive && any) || (!positive && matcher.value.empty())) return {};
  if (any || matcher.value.empty()) return "it selects no rows";
  auto& filters = positive ? sli_.select : sli_.exclude;
  if (positive && filters.contains(std::string(dimension)))
    return fmt::format("it selects '{}' twice", dimension);
  std::vector<std::string>& patterns = filters[std::string(dimension)];
  const std::vector<std::string> read =
      regex ? regex_patterns(matcher.value) : std::vector{literal_pattern(matcher.value)};
  patterns.insert(patterns.end(), read.begin(), read.end());
  return {};
}

std::string SliReader::read_by(const std::vector<std::string>& labels) {
  for (const std::string& label : labels) {
    const std::string dimension(metric_->dimension(label));
    if (dimension == "cluster") continue;  // always
    if (dimension.empty() && is_target_label(label)) {
      differ(fmt::format("the label '{}' is Prometheus' own and was left out", label));
    } else if (dimension.empty()) {
      return fmt::format("'{}' has no dimension like the label '{}'", metric_->measure().name,
                         label);
    } else if (std::ranges::find(sli_.per, dimension) == sli_.per.end()) {
      sli_.per.push_back(dimension);
    }
  }
  return {};
}

std::string SliReader::say_good(Comparison good, double threshold) {
  const Measure& measure = metric_->measure();
  if (measure.type == MeasureType::counter)
    return fmt::format("'{}' is a counter: no time is good by it", measure.name);
  if (measure.unit != Unit::boolean) {
    sli_.good = fmt::format("{} {}", rules::comparison_text(good), threshold);
    return {};
  }
  const bool yes = rules::holds(1, good, threshold);
  if (yes == rules::holds(0, good, threshold))
    return fmt::format("'{}' is only ever 0 or 1", measure.name);
  sli_.good = yes ? "== 1" : "== 0";
  return {};
}

std::string SliReader::finish(bool rows_are_one) {
  if (without_) return "'without' cannot be said: 'per' names the dimensions";
  if (std::string wrong = read_by(by_); !wrong.empty()) return wrong;
  if (rows_are_one) return {};
  // What tells rows apart that share a budget.
  for (const std::string_view dimension : metric_->measure().dimensions) {
    const std::string name(dimension);
    const bool listed = std::ranges::find(sli_.per, name) != sli_.per.end();
    const auto chosen = sli_.select.find(name);
    const bool one = chosen != sli_.select.end() && chosen->second.size() == 1 &&
                     chosen->second.front().find_first_of("*?/") == std::string::npos;
    if (name == "cluster" || listed || one) continue;
    differ(
        fmt::format("several rows ({}) share a budget: its time is bad while any of them is, "
                    "not by the share of them",
                    name));
    break;
  }
  return {};
}

bool is_over_time(const Query& query, std::string_view name) {
  return query.is(Query::Kind::call, name) && query.operands.size() == 1;
}

}  // namespace

Result<ImportedSli> sli_of_events(std::string_view part, bool part_is_good, std::string_view total,
                                  const Catalogue& catalogue) {
  const Result<Query> first = parse_query(part);
  if (!first) return tl::unexpected(first.error());
  const Result<Query> all = parse_query(total);
  if (!all) return tl::unexpected(all.error());
  SliReader reader(catalogue);
  // Samples counted over time: sum_over_time((lag > bool 5)[5m:]) of count_over_time(lag[5m]).
  const Query& counted = reader.without_outer(*first);
  const bool comparison = is_over_time(counted, "count_over_time") &&
                          counted.operands.front().kind == Query::Kind::binary;
  if (is_over_time(counted, "sum_over_time") || comparison) {
    SliReader of_total(catalogue);
    if (!is_over_time(of_total.without_outer(*all), "count_over_time"))
      return fail("the total does not count the samples that the other query adds up");
    return reader.time(counted.operands.front(), part_is_good);
  }
  return SliReader(catalogue).events(*first, part_is_good, *all);
}

Result<ImportedSli> sli_of_ratio(std::string_view ratio, bool ratio_is_good,
                                 const Catalogue& catalogue) {
  const Result<Query> parsed = parse_query(ratio);
  if (!parsed) return tl::unexpected(parsed.error());
  const Query* query = &*parsed;
  bool good = ratio_is_good;
  while (query->is(Query::Kind::binary, "-") && query->operands[0].kind == Query::Kind::number &&
         query->operands[0].number == 1) {
    good = !good;
    query = &query->operands[1];
  }
  SliReader reader(catalogue);
  const Query& inner = reader.without_outer(*query);
  if (is_over_time(inner, "avg_over_time")) return reader.time(inner.operands.front(), good);
  if (inner.is(Query::Kind::binary, "/")) {
    const Query& part = reader.without_outer(inner.operands[0]);
    SliReader of_total(catalogue);
    const Query& all = of_total.without_outer(inner.operands[1]);
    if (is_over_time(part, "sum_over_time") && is_over_time(all, "count_over_time"))
      return reader.time(part.operands.front(), good);
    return reader.events(part, good, all);
  }
  return fail("it is no average over time of a comparison, and no quotient of two counters");
}

Result<ImportedSli> sli_of_threshold(std::string_view value, Comparison comparison,
                                     double threshold, const Catalogue& catalogue) {
  const Result<Query> parsed = parse_query(value);
  if (!parsed) return tl::unexpected(parsed.error());
  return SliReader(catalogue).value(*parsed, comparison, threshold);
}

}  // namespace highwater::agent
