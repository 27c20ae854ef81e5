// One query held against another: samples of all samples, events of all events.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/import/meaning.h"

namespace highwater::agent {

namespace {

using Kind = Meaning::Kind;

// Why two queries cannot be held against each other; empty when they can.
std::string unlike(const Meaning& left, const Meaning& right) {
  if (!left.rows->same_selection(*right.rows)) return "the two queries select different rows";
  if (left.rows->metric.dimensions() != right.rows->metric.dimensions() && !left.kept)
    return "the two metrics have different labels";
  const auto sorted = [](std::optional<std::vector<std::string>> kept) {
    if (kept) std::ranges::sort(*kept);
    return kept;
  };
  if (sorted(left.kept) != sorted(right.kept)) return "the two queries keep different labels";
  if (left.counted_as != right.counted_as)
    return fmt::format("one query has '{}' and the other has '{}'",
                       left.counted_as.empty() ? "no rate" : left.counted_as,
                       right.counted_as.empty() ? "no rate" : right.counted_as);
  const auto scale = [](const Meaning& meaning) {
    const MappedMetric* const mapped = meaning.rows->metric.mapped();
    return mapped == nullptr ? 1.0 : mapped->scale;
  };
  if (scale(left) != scale(right)) return "the two metrics are scaled differently";
  if (left.window != right.window)
    return fmt::format("one query is over [{}] and the other over [{}]", left.window, right.window);
  return {};
}

bool same_rows(const MetricRows& left, const MetricRows& right) {
  return &measure_of(left) == &measure_of(right) && left.same_selection(right);
}

}  // namespace

// All events but those of one kind.
Result<Meaning> MeaningReader::subtract(const Meaning& left, Meaning right) {
  const Meaning all = as_events(left);
  Meaning some = as_events(std::move(right));
  if (all.kind != Kind::events || some.kind != Kind::events || all.of_the_others ||
      some.of_the_others)
    return fail("'-' of two values cannot be said");
  if (const std::string wrong = unlike(all, some); !wrong.empty()) return fail(wrong);
  some.total = all.rows;
  some.of_the_others = true;
  return some;
}

Result<Meaning> MeaningReader::divide(const Meaning& left, const Meaning& right) {
  Meaning part = as_events(left);
  const Meaning all = as_events(right);
  if (part.kind == Kind::samples && all.kind == Kind::samples)
    return fail("it counts every sample, whatever its value: 'sum_over_time' counts those with 1");
  if (part.kind == Kind::held && all.kind == Kind::samples) {
    if (!same_rows(*part.rows, *all.rows))
      return fail("the total counts samples of another series than the other query");
    if (const std::string wrong = unlike(part, all); !wrong.empty()) return fail(wrong);
    part.kind = Kind::share;
    return part;
  }
  if (part.kind == Kind::held)
    return fail("the total does not count the samples that the other query adds up");
  if (part.kind != Kind::events || all.kind != Kind::events || all.of_the_others)
    return fail("it is no average over time of a comparison, and no quotient of two counters");
  if (const std::string wrong = unlike(part, all); !wrong.empty()) return fail(wrong);
  if (part.total && !same_rows(*part.total, *all.rows))
    return fail("what is subtracted from is not the total");
  if (part.counted_as.empty() && !use_.counters_grow)
    differ("its counters count since their processes began; here what they count in each window");
  part.kind = Kind::event_share;
  part.total = all.rows;
  return part;
}

Meaning as_events(Meaning meaning) {
  if (meaning.kind == Kind::rows && measure_of(*meaning.rows).type == MeasureType::counter)
    meaning.kind = Kind::events;
  return meaning;
}

}  // namespace highwater::agent
