// The rows that series are about: a measure and its labels, as Prometheus writes them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "agent/core/utf8.h"
#include "rules/language/rule_fields.h"
#include "rules/rehearsal/series.h"
#include "rules/slo/slo_tables.h"

namespace highwater::rules {
namespace {

constexpr std::string_view kPrefix = "highwater_";
constexpr std::string_view kForm = "write it like group_lag_records_max{group=\"payments\"}";
constexpr std::array<std::string_view, 2> kOfTheScrape{"instance", "job"};
constexpr size_t kLongestLabel = 1000;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == ':';
}

class RowParser {
 public:
  RowParser(std::string_view text, const RowNotation& notation)
      : text_(text), rest_(text), notation_(notation) {}

  ParsedRow parse();

 private:
  void find_measure(std::string_view name);
  void read_labels();
  void read_label();
  std::optional<std::string> read_quoted();
  void take_label(std::string_view name, std::string value);
  void fill_up();
  std::string_view take_name();
  bool take(char c);
  void skip_spaces();
  void error(std::string_view at, std::string what, std::string advice = {});

  const std::string_view text_;
  std::string_view rest_;
  const RowNotation& notation_;
  ParsedRow parsed_;
  std::vector<uint8_t> given_;
};

ParsedRow RowParser::parse() {
  const std::string_view name = take_name();
  if (name.empty()) {
    error(rest_, "a series begins with the name of a measure", std::string(kForm));
    return std::move(parsed_);
  }
  find_measure(name);
  if (parsed_.measure == nullptr) return std::move(parsed_);
  parsed_.cells.resize(parsed_.measure->dimensions.size());
  given_.resize(parsed_.cells.size(), 0);
  if (take('{')) read_labels();
  skip_spaces();
  if (!parsed_.error && !rest_.empty())
    error(rest_, fmt::format("'{}' is too much here", rest_.substr(0, 60)), std::string(kForm));
  if (!parsed_.error) fill_up();
  if (parsed_.error) parsed_.measure = nullptr;
  return std::move(parsed_);
}

void RowParser::find_measure(std::string_view name) {
  const std::string_view own = name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
  const Measure* const found = notation_.catalogue.find(own);
  const auto made = slo_measures();
  if (found != nullptr && std::ranges::find(made, found) != made.end()) {
    if (!notation_.foreign)
      error(name, fmt::format("'{}' is what SLOs say, not what is measured", own),
            "give the series that the SLO reads");
    return;
  }
  if (found != nullptr) {
    parsed_.measure = found;
  } else if (!notation_.foreign) {
    error(name, fmt::format("there is no measure '{}'", own),
          did_you_mean(own, notation_.catalogue.names()));
  }
}

void RowParser::read_labels() {
  skip_spaces();
  while (!parsed_.error && !take('}')) {
    read_label();
    if (parsed_.error) return;
    skip_spaces();
    if (take(',')) {
      skip_spaces();
    } else if (rest_.empty() || rest_.front() != '}') {
      error(rest_, "a label ends with ',' or '}'", std::string(kForm));
    }
  }
}

void RowParser::read_label() {
  const std::string_view name = take_name();
  skip_spaces();
  if (name.empty() || !take('=')) {
    error(name.empty() ? rest_ : name, "a label is written like group=\"payments\"");
    return;
  }
  skip_spaces();
  std::optional<std::string> value = read_quoted();
  if (value) take_label(name, std::move(*value));
}

std::optional<std::string> RowParser::read_quoted() {
  const std::string_view at = rest_;
  if (rest_.empty() || (rest_.front() != '"' && rest_.front() != '\'')) {
    error(at, "the value of a label stands in quotes", std::string(kForm));
    return std::nullopt;
  }
  const char quote = rest_.front();
  std::string value;
  for (size_t i = 1; i < rest_.size(); ++i) {
    char c = rest_[i];
    if (c == quote) {
      rest_.remove_prefix(i + 1);
      if (utf8::count_characters(value) <= kLongestLabel) return value;
      error(at, fmt::format("the value is longer than {} characters", kLongestLabel));
      return std::nullopt;
    }
    if (c == '\\' && i + 1 < rest_.size()) {
      c = rest_[++i];
      if (c == 'n') c = '\n';
    }
    value += c;
  }
  error(at, "the quote is not closed");
  return std::nullopt;
}

void RowParser::take_label(std::string_view name, std::string value) {
  const Measure& measure = *parsed_.measure;
  const int index = dimension_index(measure, name);
  if (index < 0) {
    if (notation_.foreign && std::ranges::find(kOfTheScrape, name) != kOfTheScrape.end()) return;
    error(name, fmt::format("'{}' has no dimension '{}'", measure.name, name),
          did_you_mean(name, dimension_names(measure)));
    return;
  }
  if (given_[static_cast<size_t>(index)] != 0) {
    error(name, fmt::format("'{}' is there twice", name), "keep one of them");
    return;
  }
  given_[static_cast<size_t>(index)] = 1;
  parsed_.cells[static_cast<size_t>(index)] = Symbol(value);
}

void RowParser::fill_up() {
  for (size_t i = 0; i < given_.size(); ++i) {
    if (given_[i] != 0) continue;
    const std::string_view dimension = parsed_.measure->dimensions[i];
    if (dimension == "cluster") {
      parsed_.cells[i] = Symbol(notation_.cluster);
      continue;
    }
    error(text_, fmt::format("the series does not say which '{}'", dimension),
          fmt::format("add {}=\"...\"", dimension));
    return;
  }
}

std::string_view RowParser::take_name() {
  skip_spaces();
  const auto end = std::ranges::find_if_not(rest_, is_name_character);
  const std::string_view name = rest_.substr(0, static_cast<size_t>(end - rest_.begin()));
  rest_.remove_prefix(name.size());
  return name;
}

bool RowParser::take(char c) {
  if (rest_.empty() || rest_.front() != c) return false;
  rest_.remove_prefix(1);
  return true;
}

void RowParser::skip_spaces() {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
}

void RowParser::error(std::string_view at, std::string what, std::string advice) {
  if (parsed_.error) return;
  parsed_.error =
      TextError{static_cast<size_t>(at.data() - text_.data()), std::move(what), std::move(advice)};
}

}  // namespace

ParsedRow parse_row(std::string_view text, const RowNotation& notation) {
  return RowParser(text, notation).parse();
}

}  // namespace highwater::rules
