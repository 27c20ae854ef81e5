#include "rules/rehearsal/series.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "agent/core/utf8.h"

namespace highwater::rules {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kForm = "write samples like 0+10x5, 7, _x3, unknown or stale";

class ValuesParser {
 public:
  ValuesParser(std::string_view text, const Measure& measure) : text_(text), measure_(measure) {}

  ParsedValues parse();

 private:
  void read_item(std::string_view item);
  void read_numbers(std::string_view item);
  bool read_word(std::string_view item);
  // The number at the begin of `rest`, which is cut off.
  std::optional<double> read_number(std::string_view item, std::string_view& rest);
  // After an 'x'; nothing after an error.
  std::optional<uint64_t> read_count(std::string_view item, std::string_view digits);
  void add(std::string_view item, SampleRun run);
  [[nodiscard]] bool can_be(double value) const;
  void error(std::string_view at, std::string what, std::string advice);

  const std::string_view text_;
  const Measure& measure_;
  ParsedValues parsed_;
  bool there_ = false;  // a row that was seen, so that a missing sample is unknown
};

ParsedValues ValuesParser::parse() {
  size_t at = text_.find_first_not_of(kSpaces);
  while (at != std::string_view::npos && !parsed_.error) {
    const size_t end = std::min(text_.find_first_of(kSpaces, at), text_.size());
    read_item(text_.substr(at, end - at));
    at = text_.find_first_not_of(kSpaces, end);
  }
  if (!parsed_.error && parsed_.values.size() == 0)
    error(text_, "there are no samples", std::string(kForm));
  return std::move(parsed_);
}

void ValuesParser::read_item(std::string_view item) {
  if (!read_word(item)) read_numbers(item);
}

bool ValuesParser::read_word(std::string_view item) {
  struct Word {
    std::string_view text;
    Reading reading;
  };
  constexpr Word kWords[] = {
      {"_", Reading::unknown}, {"unknown", Reading::unknown}, {"stale", Reading::gone}};
  for (const Word& word : kWords) {
    if (!item.starts_with(word.text)) continue;
    const std::string_view rest = item.substr(word.text.size());
    if (!rest.empty() && rest.front() != 'x') continue;
    uint64_t count = 1;
    if (!rest.empty()) {
      const std::optional<uint64_t> times = read_count(item, rest.substr(1));
      if (!times) return true;
      count = *times;
    }
    const bool nothing = word.text == "_" && !there_;
    if (word.text != "_") there_ = word.reading == Reading::unknown;
    if (count > 0) add(item, {nothing ? Reading::gone : word.reading, 0, 0, count});
    return true;
  }
  return false;
}

void ValuesParser::read_numbers(std::string_view item) {
  std::string_view rest = item;
  const std::optional<double> first = read_number(item, rest);
  if (!first) return;
  SampleRun run{Reading::value, *first, 0, 1};
  if (!rest.empty() && (rest.front() == '+' || rest.front() == '-')) {
    const bool falls = rest.front() == '-';
    rest.remove_prefix(1);
    const std::optional<double> growth = read_number(item, rest);
    if (!growth) return;
    if (rest.empty() || rest.front() != 'x') {
      error(item, fmt::format("'{}' does not say how often", item),
            fmt::format("write {}x5 for five more samples", item));
      return;
    }
    run.growth = falls ? -*growth : *growth;
  }
  if (!rest.empty() && rest.front() == 'x') {
    const std::optional<uint64_t> more = read_count(item, rest.substr(1));
    if (!more) return;
    run.count = *more + 1;
    rest = {};
  }
  if (!rest.empty()) {
    error(item, fmt::format("'{}' is no sample", item), std::string(kForm));
    return;
  }
  there_ = true;
  add(item, run);
}

std::optional<double> ValuesParser::read_number(std::string_view item, std::string_view& rest) {
  std::string_view digits = rest;
  if (!digits.empty() && digits.front() == '+') digits.remove_prefix(1);
  double number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, problem] = std::from_chars(digits.data(), end, number);
  if (problem != std::errc{}) {
    error(item, fmt::format("'{}' is no sample", utf8::first_characters(item, 60)),
          std::string(kForm));
    return std::nullopt;
  }
  if (std::isnan(number)) {
    error(item, "no measure is ever NaN", "write 'unknown' for what cannot be read");
    return std::nullopt;
  }
  rest = {stop, static_cast<size_t>(end - stop)};
  return number;
}

std::optional<uint64_t> ValuesParser::read_count(std::string_view item, std::string_view digits) {
  uint64_t count = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, problem] = std::from_chars(digits.data(), end, count);
  if (problem == std::errc::result_out_of_range ||
      (problem == std::errc{} && stop == end && count > kMostSamples)) {
    error(item, fmt::format("'{}' is more than {} samples", item.substr(0, 60), kMostSamples),
          "choose a longer interval");
    return std::nullopt;
  }
  if (problem != std::errc{} || stop != end) {
    error(item, fmt::format("'{}' does not say how often", item.substr(0, 60)),
          "a whole number stands behind the x");
    return std::nullopt;
  }
  return count;
}

void ValuesParser::add(std::string_view item, SampleRun run) {
  if (run.reading == Reading::value) {
    const double last = run.value + run.growth * static_cast<double>(run.count - 1);
    if (!can_be(run.value) || !can_be(last) || std::isnan(last)) {
      error(item, fmt::format("'{}' is only ever 0 or 1", measure_.name), "");
      return;
    }
  }
  if (parsed_.values.size() + run.count > kMostSamples) {
    error(item, fmt::format("there are more than {} samples", kMostSamples),
          "choose a longer interval");
    return;
  }
  parsed_.values.add(run);
}

bool ValuesParser::can_be(double value) const {
  return measure_.unit != Unit::boolean || value == 0 || value == 1;
}

void ValuesParser::error(std::string_view at, std::string what, std::string advice) {
  parsed_.error =
      TextError{static_cast<size_t>(at.data() - text_.data()), std::move(what), std::move(advice)};
}

}  // namespace

void SeriesValues::add(const SampleRun& run) {
  if (run.count == 0) return;
  size_ += run.count;
  const bool goes_on = !runs_.empty() && runs_.back().reading == run.reading &&
                       runs_.back().value == run.value && runs_.back().growth == 0 &&
                       run.growth == 0;
  if (goes_on)
    runs_.back().count += run.count;
  else
    runs_.push_back(run);
}

SeriesValues::At SeriesValues::at(uint64_t step, Cursor& cursor) const {
  while (cursor.run < runs_.size() && step >= cursor.begin + runs_[cursor.run].count) {
    cursor.begin += runs_[cursor.run].count;
    ++cursor.run;
  }
  if (cursor.run >= runs_.size()) return {};
  const SampleRun& run = runs_[cursor.run];
  return {run.reading, run.value + run.growth * static_cast<double>(step - cursor.begin)};
}

ParsedValues parse_values(std::string_view text, const Measure& measure) {
  return ValuesParser(text, measure).parse();
}

}  // namespace highwater::rules
