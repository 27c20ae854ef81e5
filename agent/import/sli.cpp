#include "agent/import/sli.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace highwater::agent {
namespace {

using Kind = Meaning::Kind;

// What tells budgets apart. A query that keeps its labels has a series, and so a budget, for each.
std::vector<std::string> budgets_per(const Meaning& meaning) {
  return meaning.kept.value_or(merged_dimensions(meaning, {}));
}

ImportedSli sli_of_rows(const Meaning& meaning) {
  ImportedSli sli;
  sli.measure = measure_of(*meaning.rows).name;
  sli.select = meaning.rows->select;
  sli.exclude = meaning.rows->exclude;
  sli.per = budgets_per(meaning);
  return sli;
}

// `bad`: the share of bad time, or its condition.
Result<ImportedSli> sli_of_time(const Meaning& bad, MeaningReader& reader) {
  if (bad.merged == "min")
    return fail(
        "it is bad only while all of several rows are, which cannot be said: an SLO's time is bad "
        "while any of them is");
  if (bad.shares_merged == "min") return fail("the smallest share of several rows cannot be said");
  if (!bad.shares_merged.empty()) {
    Meaning before = bad;
    before.kept.reset();
    reader.differ(fmt::format(
        "several rows ({}) share a budget: its time is bad while any of them is, not by {}",
        fmt::join(merged_dimensions(before, budgets_per(bad)), ", "),
        bad.shares_merged == "max" ? "the worst of their shares" : "the share of them"));
  }
  ImportedSli sli = sli_of_rows(bad);
  const rules::Comparison good = opposite(bad.comparison);
  if (measure_of(*bad.rows).unit == Unit::boolean)
    sli.good = bad.threshold == 1 ? "== 0" : "== 1";
  else
    sli.good = fmt::format("{} {}", rules::comparison_text(good), bad.threshold);
  if (bad.absent) {
    if (*bad.absent != 0 && *bad.absent != 1)
      return fail(fmt::format("without data it is {:g}, neither good nor bad", *bad.absent));
    sli.no_data = *bad.absent == 0 ? "good" : "bad";
    if (bad.absent_for_all)
      reader.differ(fmt::format(
          "'no_data: {0}' counts every gap as {0}, the query only a window without any data",
          sli.no_data));
  }
  sli.differences = reader.differences();
  return sli;
}

Result<ImportedSli> sli_of_event_share(const Meaning& share, bool share_is_good,
                                       MeaningReader& reader) {
  if (share.absent && *share.absent != (share_is_good ? 1 : 0))
    reader.differ("without events it counts as bad there, here as nothing");
  ImportedSli sli = sli_of_rows(share);
  sli.total = measure_of(*share.total).name;
  sli.first_is_good = share_is_good != share.of_the_others;
  sli.differences = reader.differences();
  return sli;
}

Result<ImportedSli> sli_of_share(Meaning share, bool share_is_good, MeaningReader& reader) {
  if (share.kind == Kind::event_share) return sli_of_event_share(share, share_is_good, reader);
  if (share.kind != Kind::share)
    return fail("it is no average over time of a comparison, and no quotient of two counters");
  if (!share_is_good) return sli_of_time(share, reader);
  const Result<Meaning> bad = MeaningReader::invert(std::move(share));
  if (!bad) return tl::unexpected(bad.error());
  return sli_of_time(*bad, reader);
}

}  // namespace

Result<ImportedSli> sli_of_events(std::string_view part, bool part_is_good, std::string_view total,
                                  const MetricNames& names, const QueryUse& use) {
  const Result<Query> first = parse_query(part);
  if (!first) return tl::unexpected(first.error());
  const Result<Query> all = parse_query(total);
  if (!all) return fail("the query of the total: " + all.error().message);
  MeaningReader reader(names, use);
  const Result<Meaning> counted = reader.read(*first);
  if (!counted) return tl::unexpected(counted.error());
  const Result<Meaning> of = reader.read(*all);
  if (!of) return fail("the query of the total: " + of.error().message);
  Result<Meaning> share = reader.divide(*counted, *of);
  if (!share) return tl::unexpected(share.error());
  return sli_of_share(std::move(*share), part_is_good, reader);
}

Result<ImportedSli> sli_of_ratio(std::string_view ratio, bool ratio_is_good,
                                 const MetricNames& names, const QueryUse& use) {
  const Result<Query> parsed = parse_query(ratio);
  if (!parsed) return tl::unexpected(parsed.error());
  MeaningReader reader(names, use);
  Result<Meaning> share = reader.read(*parsed);
  if (!share) return tl::unexpected(share.error());
  return sli_of_share(std::move(*share), ratio_is_good, reader);
}

Result<ImportedSli> sli_of_threshold(std::string_view value, rules::Comparison comparison,
                                     double threshold, const MetricNames& names,
                                     const QueryUse& use) {
  const Result<Query> parsed = parse_query(value);
  if (!parsed) return tl::unexpected(parsed.error());
  MeaningReader reader(names, use);
  Result<Meaning> rows = reader.read(*parsed);
  if (!rows) return tl::unexpected(rows.error());
  const Result<Meaning> bad = reader.compare(std::move(*rows), opposite(comparison), threshold);
  if (!bad) return tl::unexpected(bad.error());
  return sli_of_time(*bad, reader);
}

}  // namespace highwater::agent
