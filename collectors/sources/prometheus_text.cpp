#include "collectors/sources/prometheus_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "collectors/sources/shown.h"

namespace highwater::sources {
namespace {

constexpr double kMostMilliseconds = 1e15;

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

bool is_name_character(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9');
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// Cuts spaces off the front.
void skip_blanks(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_blank);
  text.remove_prefix(static_cast<size_t>(end - text.begin()));
}

std::string_view take_word(std::string_view& text) {
  const auto end = std::ranges::find_if(text, is_blank);
  const std::string_view word = text.substr(0, static_cast<size_t>(end - text.begin()));
  text.remove_prefix(word.size());
  skip_blanks(text);
  return word;
}

std::optional<double> parse_number(std::string_view word) {
  if (word.starts_with('+')) {
    word.remove_prefix(1);
    if (word.starts_with('-')) return std::nullopt;
  }
  double value = 0;
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (end != word.data() + word.size() || word.empty()) return std::nullopt;
  if (problem == std::errc::result_out_of_range) {
    // Too large or too small for a double: as Go and Java read it.
    const size_t exponent = word.find_first_of("eE");
    const bool small = exponent != std::string_view::npos && word.substr(exponent + 1)[0] == '-';
    const double size = small ? 0.0 : std::numeric_limits<double>::infinity();
    return word.starts_with('-') ? -size : size;
  }
  if (problem != std::errc{}) return std::nullopt;
  return value;
}

class PageReader {
 public:
  PageReader(std::string_view text, bool openmetrics, const TextLimits& limits,
             const Wanted& wanted, const Visit& visit, const Declared& declared)
      : text_(text),
        openmetrics_(openmetrics),
        limits_(limits),
        wanted_(wanted),
        visit_(visit),
        declared_(declared) {}

  Result<size_t> read();

 private:
  // Each returns a sentence about what is wrong, or nothing.
  std::string read_line(std::string_view line);
  std::string read_comment(std::string_view line);
  std::string read_sample(std::string_view line);
  std::string read_labels(std::string_view& rest, bool keep);
  static std::string read_quoted(std::string_view& rest, std::string* into);
  std::string read_timestamp(std::string_view word, TextSample& sample) const;

  const std::string_view text_;
  const bool openmetrics_;
  const TextLimits& limits_;
  const Wanted& wanted_;
  const Visit& visit_;
  const Declared& declared_;
  size_t samples_ = 0;
  bool ended_ = false;
  std::vector<TextLabel> labels_;
};

Result<size_t> PageReader::read() {
  if (text_.empty()) return fail("the page is empty");
  if (!is_text(text_)) return fail("the page is not text in UTF-8");
  if (text_.back() != '\n' && !(openmetrics_ && text_.ends_with("# EOF")))
    return fail("the page is cut off: it ends in the middle of a line");
  size_t number = 0;
  for (std::string_view rest = text_; !rest.empty();) {
    ++number;
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::string wrong;
    if (ended_) {
      wrong = "something stands behind # EOF";
    } else if (line.size() > limits_.line) {
      wrong = fmt::format("it is longer than {} bytes", limits_.line);
    } else {
      wrong = read_line(line);
    }
    if (!wrong.empty()) return fail(fmt::format("line {}: {}", number, wrong));
    if (samples_ > limits_.samples)
      return fail(fmt::format("the page has more than {} samples", limits_.samples));
  }
  if (openmetrics_ && !ended_) return fail("the page is cut off: # EOF is missing");
  return samples_;
}

std::string PageReader::read_line(std::string_view line) {
  skip_blanks(line);
  if (line.empty()) return {};
  return line.front() == '#' ? read_comment(line.substr(1)) : read_sample(line);
}

std::string PageReader::read_comment(std::string_view line) {
  skip_blanks(line);
  const std::string_view kind = take_word(line);
  if (openmetrics_ && kind == "EOF") ended_ = true;
  if (kind != "TYPE") return {};
  const std::string_view name = take_word(line);
  const std::string_view type = take_word(line);
  if (name.empty() || type.empty() || !line.empty()) return "it is no # TYPE";
  if (declared_) declared_(name, type);
  return {};
}

std::string PageReader::read_sample(std::string_view line) {
  const std::string_view whole = line;
  const auto end = std::ranges::find_if_not(line, is_name_character);
  TextSample sample;
  sample.name = line.substr(0, static_cast<size_t>(end - line.begin()));
  if (sample.name.empty() || !is_name_start(sample.name.front()))
    return fmt::format("'{}' is no sample", shown(whole));
  line.remove_prefix(sample.name.size());
  const bool separated = !line.empty() && (is_blank(line.front()) || line.front() == '{');
  if (!separated) return fmt::format("'{}' is no sample", shown(whole));
  skip_blanks(line);
  const bool wanted = wanted_(sample.name);
  labels_.clear();
  if (line.starts_with('{')) {
    if (std::string wrong = read_labels(line, wanted); !wrong.empty()) return wrong;
  }
  skip_blanks(line);
  const std::string_view number = take_word(line);
  const std::optional<double> value = parse_number(number);
  if (!value) return fmt::format("'{}' is no number", shown(number));
  sample.value = *value;
  // An exemplar: what follows is not for us.
  if (!line.empty() && !line.starts_with('#')) {
    if (std::string wrong = read_timestamp(take_word(line), sample); !wrong.empty()) return wrong;
  }
  if (!line.empty() && !(openmetrics_ && line.starts_with('#')))
    return fmt::format("'{}' is too much", shown(line));
  ++samples_;
  sample.labels = labels_;
  if (wanted) visit_(sample);
  return {};
}

std::string PageReader::read_labels(std::string_view& rest, bool keep) {
  rest.remove_prefix(1);
  size_t count = 0;
  while (true) {
    skip_blanks(rest);
    if (rest.starts_with('}')) break;
    const auto end = std::ranges::find_if_not(rest, is_name_character);
    const std::string_view name = rest.substr(0, static_cast<size_t>(end - rest.begin()));
    if (name.empty() || !is_name_start(name.front())) return "a label has no name";
    rest.remove_prefix(name.size());
    skip_blanks(rest);
    if (!rest.starts_with('=')) return fmt::format("the label {} has no value", shown(name));
    rest.remove_prefix(1);
    skip_blanks(rest);
    std::string value;
    if (std::string wrong = read_quoted(rest, keep ? &value : nullptr); !wrong.empty())
      return fmt::format("the label {} {}", shown(name), wrong);
    if (++count > limits_.labels) return fmt::format("it has more than {} labels", limits_.labels);
    if (keep) {
      if (std::ranges::find(labels_, name, &TextLabel::name) != labels_.end())
        return fmt::format("the label {} stands twice", shown(name));
      labels_.push_back({name, std::move(value)});
    }
    skip_blanks(rest);
    if (rest.starts_with(',')) {
      rest.remove_prefix(1);
    } else if (!rest.starts_with('}')) {
      return "the labels do not end";
    }
  }
  rest.remove_prefix(1);
  return {};
}

std::string PageReader::read_quoted(std::string_view& rest, std::string* into) {
  if (!rest.starts_with('"')) return "has a value without quotes";
  rest.remove_prefix(1);
  while (true) {
    const size_t end = rest.find_first_of("\"\\");
    if (end == std::string_view::npos) return "has a value without an end";
    if (into != nullptr) into->append(rest.substr(0, end));
    const char stop = rest[end];
    rest.remove_prefix(end + 1);
    if (stop == '"') return {};
    if (rest.empty()) return "has a value without an end";
    // As Prometheus reads it, a backslash before anything else stands for itself.
    if (into != nullptr) {
      switch (rest.front()) {
        case 'n':
          into->push_back('\n');
          break;
        case '\\':
        case '"':
          into->push_back(rest.front());
          break;
        default:
          into->push_back('\\');
          into->push_back(rest.front());
      }
    }
    rest.remove_prefix(1);
  }
}

std::string PageReader::read_timestamp(std::string_view word, TextSample& sample) const {
  const std::optional<double> time = parse_number(word);
  const double milliseconds = time.value_or(NAN) * (openmetrics_ ? 1000 : 1);
  if (!(std::abs(milliseconds) <= kMostMilliseconds))
    return fmt::format("'{}' is no timestamp", shown(word));
  sample.unix_ms = static_cast<int64_t>(milliseconds);
  return {};
}

}  // namespace

bool is_openmetrics(std::string_view text, std::string_view content_type) {
  if (content_type.find("application/openmetrics-text") != std::string_view::npos) return true;
  if (!content_type.empty()) return false;
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text.ends_with("\n# EOF") || text == "# EOF";
}

Result<size_t> read_prometheus_text(std::string_view text, bool openmetrics,
                                    const TextLimits& limits, const Wanted& wanted,
                                    const Visit& visit, const Declared& declared) {
  return PageReader(text, openmetrics, limits, wanted, visit, declared).read();
}

bool is_text(std::string_view bytes) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  for (size_t i = 0; i < bytes.size();) {
    const uint8_t lead = at(i);
    if (lead != 0 && lead < 0x80) {
      ++i;
      continue;
    }
    const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || bytes.size() - i < length) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((at(i + k) & 0xc0) != 0x80) return false;
    }
    const uint8_t second = at(i + 1);
    // Overlong forms, surrogates, and what is beyond Unicode.
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
        (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f))
      return false;
    i += length;
  }
  return true;
}

}  // namespace highwater::sources
