#include "agent/import/meaning.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/import/meaning_node.h"

namespace highwater::agent {
namespace {

using rules::Comparison;
using Kind = Meaning::Kind;

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

std::string other_merge(const std::string& merged) {
  return merged == "max" ? "min" : merged == "min" ? "max" : merged;
}

// Of several rows: whether the condition holds for any of them ("max") or for all ("min").
std::string merge_of_comparison(const std::string& merged, Comparison comparison) {
  const bool above =
      comparison == Comparison::greater || comparison == Comparison::greater_or_equal;
  return above ? merged : other_merge(merged);
}

bool never_negative(const Measure& measure) {
  return measure.name.starts_with("group_lag_records") ||
         measure.name.starts_with("group_lag_seconds");
}

}  // namespace

std::optional<Comparison> comparison_of(std::string_view operator_name) {
  for (const Comparison comparison :
       {Comparison::equal, Comparison::not_equal, Comparison::less, Comparison::less_or_equal,
        Comparison::greater, Comparison::greater_or_equal}) {
    if (rules::comparison_text(comparison) == operator_name) return comparison;
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

void MeaningReader::differ(std::string text) {
  if (std::ranges::find(differences_, text) == differences_.end())
    differences_.push_back(std::move(text));
}

Result<Meaning> MeaningReader::read(const Query& query, std::string* window) {
  QueryNode node(query);
  if (window != nullptr) {
    const Modifier* const range = node.take(Modifier::Kind::range);
    if (range == nullptr) return fail("a range like [5m] is missing");
    *window = range->window;
    if (use_.templated_windows && *window != "{{.window}}")
      differ(fmt::format("its range {} is fixed: here the tiers have windows of their own",
                         range->text));
  }
  Result<Meaning> meaning = read_node(node);
  if (!meaning) return meaning;
  if (const std::string left = node.not_taken(); !left.empty())
    return fail(fmt::format("'{}' cannot be said", left));
  return meaning;
}

Result<Meaning> MeaningReader::read_node(QueryNode& node) {
  const Query& query = node.query();
  switch (query.kind) {
    case Query::Kind::number: {
      Meaning number;
      number.number = query.number;
      return number;
    }
    case Query::Kind::text:
      return fail("a text is no value");
    case Query::Kind::selector:
      return read_selector(query);
    case Query::Kind::call:
      return read_call(node);
    case Query::Kind::aggregation:
      return read_aggregation(node);
    case Query::Kind::binary:
      return read_binary(node);
  }
  return fail("it was not understood");
}

Result<Meaning> MeaningReader::read_call(QueryNode& node) {
  const std::string& function = node.query().name;
  const size_t operands = node.query().operands.size();
  if (operands == 1 && function == "vector") {
    Result<Meaning> number = read(node.operand(0));
    if (number && number->kind != Kind::number) return fail("'vector' of more than a number");
    if (number) number->kind = Kind::constant_row;
    return number;
  }
  if (operands == 2 && function == "clamp_min") {
    Result<Meaning> rows = read(node.operand(0));
    if (!rows) return rows;
    const Result<Meaning> least = read(node.operand(1));
    // kafka_exporter's lag is -1 without a commit; ours is unknown then.
    if (least && least->kind == Kind::number && least->number <= 0 && rows->kind == Kind::rows &&
        never_negative(measure_of(*rows->rows)))
      return rows;
  }
  const bool over_time =
      function == "avg_over_time" || function == "sum_over_time" || function == "count_over_time";
  const bool rate = function == "rate" || function == "increase" || function == "irate";
  if (operands != 1 || (!over_time && !rate))
    return fail(fmt::format("the function '{}' cannot be said", function));
  std::string window;
  Result<Meaning> operand = read(node.operand(0), &window);
  if (!operand) return operand;
  return over_time ? read_over_time(function, std::move(*operand), window)
                   : read_rate(function, std::move(*operand), window);
}

Result<Meaning> MeaningReader::read_over_time(const std::string& function, Meaning operand,
                                              const std::string& window) {
  if (operand.kind != Kind::rows && operand.kind != Kind::condition)
    return fail(fmt::format("'{}' of more than one metric's rows cannot be said", function));
  operand.window = window;
  // Without `bool` only those are there for which it holds.
  if (function == "count_over_time" && !(operand.kind == Kind::condition && operand.filters)) {
    operand.kind = Kind::samples;
    return operand;
  }
  Result<Meaning> condition = as_condition(std::move(operand));
  if (!condition) return condition;
  if (condition->filters && function != "count_over_time")
    differ(
        fmt::format("'{}' without 'bool' was read as '{} bool': as it stands it adds up the "
                    "values themselves",
                    rules::comparison_text(condition->comparison),
                    rules::comparison_text(condition->comparison)));
  condition->filters = false;
  condition->kind = function == "avg_over_time" ? Kind::share : Kind::held;
  return condition;
}

Result<Meaning> MeaningReader::read_rate(const std::string& function, Meaning operand,
                                         const std::string& window) {
  if (operand.kind != Kind::rows || operand.kept)
    return fail("a query is more than a rate or an increase of one counter");
  if (measure_of(*operand.rows).type != MeasureType::counter)
    return fail(fmt::format("'{}' is no counter", measure_of(*operand.rows).name));
  if (function == "irate")
    differ("'irate' looks at the last two samples alone; here all events are counted");
  operand.kind = Kind::events;
  operand.window = window;
  operand.counted_as = function == "irate" ? "rate" : function;
  return operand;
}

Result<Meaning> MeaningReader::read_binary(QueryNode& node) {
  const std::string& name = node.query().name;
  if (const std::optional<Comparison> comparison = comparison_of(name))
    return read_comparison(node, *comparison);
  if (name == "or") return stand_in(node);
  const Result<Meaning> left = read(node.operand(0));
  if (!left) return left;
  const Result<Meaning> right = read(node.operand(1));
  if (!right) return right;
  if (left->kind == Kind::number && right->kind == Kind::number) {
    Meaning both;
    both.number = name == "+"   ? left->number + right->number
                  : name == "-" ? left->number - right->number
                  : name == "*" ? left->number * right->number
                                : left->number / right->number;
    if (name == "+" || name == "-" || name == "*" || (name == "/" && right->number != 0))
      return both;
  }
  if (name == "-" && left->kind == Kind::number && left->number == 1) return invert(*right);
  if (name == "-") return subtract(*left, *right);
  if (name == "/") return divide(*left, *right);
  return fail(fmt::format("'{}' of two values cannot be said", name));
}

Result<Meaning> MeaningReader::read_comparison(QueryNode& node, Comparison comparison) {
  Result<Meaning> left = read(node.operand(0));
  if (!left) return left;
  Result<Meaning> right = read(node.operand(1));
  if (!right) return right;
  const bool turned = left->kind == Kind::number;
  Meaning& rows = turned ? *right : *left;
  const Meaning& number = turned ? *left : *right;
  if (number.kind != Kind::number)
    return fail("two metrics are compared: an SLO compares a measure with a number");
  const bool filters = node.take(Modifier::Kind::boolean) == nullptr;
  Result<Meaning> condition =
      compare(std::move(rows), turned ? mirrored(comparison) : comparison, number.number);
  if (condition) condition->filters = filters;
  return condition;
}

Result<Meaning> MeaningReader::compare(Meaning rows, Comparison comparison, double threshold) {
  if (rows.kind != Kind::rows)
    return fail(
        "what is compared is more than one metric's values: a share, a rate or a condition");
  const Measure& measure = measure_of(*rows.rows);
  if (measure.type == MeasureType::counter)
    return fail(fmt::format("'{}' is a counter: no time is good by it", measure.name));
  if (const MappedMetric* mapped = rows.rows->metric.mapped()) {
    if (!(mapped->scale > 0))
      return fail(
          fmt::format("'{}' is not '{}' times a number above 0", measure.name, mapped->metric));
    threshold *= mapped->scale;
  }
  if (rows.absent) rows.absent = rules::holds(*rows.absent, comparison, threshold) ? 1 : 0;
  rows.kind = Kind::condition;
  if (measure.unit == Unit::boolean) {
    const bool yes = rules::holds(1, comparison, threshold);
    if (yes == rules::holds(0, comparison, threshold))
      return fail(fmt::format("'{}' is only ever 0 or 1", measure.name));
    rows.comparison = Comparison::equal;
    rows.threshold = yes ? 1 : 0;
    if (!yes) rows.merged = other_merge(rows.merged);
    return rows;
  }
  const bool exactly = comparison == Comparison::equal || comparison == Comparison::not_equal;
  if (exactly && !rows.merged.empty())
    return fail(fmt::format("'{}' of the '{}' of several rows cannot be said",
                            rules::comparison_text(comparison), rows.merged));
  rows.merged = merge_of_comparison(rows.merged, comparison);
  rows.comparison = comparison;
  rows.threshold = threshold;
  return rows;
}

Result<Meaning> MeaningReader::as_condition(Meaning meaning) {
  if (meaning.kind == Kind::condition) return meaning;
  if (meaning.kind != Kind::rows) return fail("it is no condition of one metric");
  const Measure& measure = measure_of(*meaning.rows);
  if (measure.unit != Unit::boolean)
    return fail(fmt::format("the query does not say which values of '{}' are bad", measure.name));
  meaning.kind = Kind::condition;
  meaning.comparison = Comparison::equal;
  meaning.threshold = 1;
  return meaning;
}

Result<Meaning> MeaningReader::invert(Meaning meaning) {
  if (meaning.kind == Kind::rows) {
    Result<Meaning> condition = as_condition(std::move(meaning));
    if (!condition) return condition;
    meaning = std::move(*condition);
  }
  if (meaning.kind != Kind::condition && meaning.kind != Kind::share &&
      meaning.kind != Kind::event_share)
    return fail("'1 -' of what is no share cannot be said");
  if (meaning.filters) return fail("'1 -' of a comparison without 'bool' cannot be said");
  if (meaning.absent) meaning.absent = 1 - *meaning.absent;
  meaning.shares_merged = other_merge(meaning.shares_merged);
  if (meaning.kind == Kind::event_share) {
    meaning.of_the_others = !meaning.of_the_others;
    return meaning;
  }
  meaning.merged = other_merge(meaning.merged);
  if (measure_of(*meaning.rows).unit == Unit::boolean)
    meaning.threshold = 1 - meaning.threshold;
  else
    meaning.comparison = opposite(meaning.comparison);
  return meaning;
}

// `or vector(0)`: what counts while there is nothing.
Result<Meaning> MeaningReader::stand_in(QueryNode& node) {
  Result<Meaning> read_left = read(node.operand(0));
  if (!read_left) return read_left;
  const Result<Meaning> right = read(node.operand(1));
  if (!right) return right;
  if (right->kind != Kind::constant_row) return fail("'or' of two metrics cannot be said");
  Meaning left = as_events(std::move(*read_left));
  if (left.kind == Kind::number || left.kind == Kind::constant_row)
    return fail("'or' of a number cannot be said");
  const Modifier* const on = node.take(Modifier::Kind::on);
  if (on != nullptr && !on->labels.empty())
    return fail(fmt::format("'or {}' cannot be said", on->text));
  const double value = right->number;
  const std::string text = fmt::format("or vector({:g})", value);
  const bool labels = !left.kept || !left.kept->empty();
  if (labels)
    differ(on == nullptr ? fmt::format("'{}' was read as what each row is without data: as it "
                                       "stands it adds a row without labels",
                                       text)
                         : fmt::format("'{}' was read as what each row is without data: as it "
                                       "stands all rows have to be missing",
                                       text));
  // What is not counted is 0 here as well.
  if (left.kind == Kind::events || left.kind == Kind::held || left.kind == Kind::samples) {
    if (value != 0) differ(fmt::format("'{}' was left out: without data nothing is counted", text));
    return left;
  }
  if (left.absent) return left;  // there is always something to the left
  left.absent = value;
  left.absent_for_all = left.kind == Kind::share;
  // (up == 1) or vector(0) is 1 or 0, as if it had `bool`.
  if (left.kind == Kind::condition && value == 0 && left.comparison == Comparison::equal &&
      left.threshold == 1)
    left.filters = false;
  return left;
}

}  // namespace highwater::agent
