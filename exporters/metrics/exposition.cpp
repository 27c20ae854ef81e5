#include "exporters/metrics/exposition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "agent/core/plain_text.h"

namespace highwater {
namespace {

constexpr size_t kBuffer = size_t{64} * 1024;
constexpr size_t kMaxNumber = 32;
// Beyond this, not every whole number is a double; they are written like other doubles.
constexpr double kMaxWhole = 9e15;

// What comes before `separator`; removes both.
std::string_view take(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return trimmed(part, " \t");
}

// The weight of one entry of an Accept header; 0 for nonsense.
double weight(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = take(parameters, ';');
    if (!parameter.starts_with("q=")) continue;
    double value = 0;
    const char* end = parameter.data() + parameter.size();
    const auto [stop, error] = std::from_chars(parameter.data() + 2, end, value);
    const bool sound = error == std::errc{} && stop == end && value >= 0 && value <= 1;
    return sound ? value : 0;
  }
  return 1;
}

std::string_view type_name(FamilyType type, MetricsFormat format) {
  switch (type) {
    case FamilyType::gauge:
      return "gauge";
    case FamilyType::counter:
      return "counter";
    case FamilyType::histogram:
      return "histogram";
    case FamilyType::info:
      return format == MetricsFormat::text ? "gauge" : "info";
    case FamilyType::untyped:
      return format == MetricsFormat::text ? "untyped" : "unknown";
  }
  return "untyped";
}

bool ends_with_word(std::string_view name, std::string_view word) {
  return !word.empty() && name.ends_with(word) && name.size() > word.size() &&
         name[name.size() - word.size() - 1] == '_';
}

size_t write_number(char* to, double value) {
  char* const end = to + kMaxNumber;
  if (std::isinf(value)) {
    std::memcpy(to, value > 0 ? "+Inf" : "-Inf", 4);
    return 4;
  }
  // Most values are whole, and these are far quicker to write.
  if (std::abs(value) < kMaxWhole && value == std::trunc(value))
    return static_cast<size_t>(std::to_chars(to, end, static_cast<int64_t>(value)).ptr - to);
  return static_cast<size_t>(std::to_chars(to, end, value).ptr - to);
}

}  // namespace

MetricsFormat negotiate_format(std::string_view accept) {
  double openmetrics = 0;
  double text = 0;
  while (!accept.empty()) {
    std::string_view entry = take(accept, ',');
    const std::string_view type = take(entry, ';');
    if (type == "application/openmetrics-text") {
      openmetrics = std::max(openmetrics, weight(entry));
    } else if (type == "text/plain" || type == "text/*" || type == "*/*") {
      text = std::max(text, weight(entry));
    }
  }
  return openmetrics > 0 && openmetrics >= text ? MetricsFormat::openmetrics : MetricsFormat::text;
}

std::string_view content_type(MetricsFormat format) {
  switch (format) {
    case MetricsFormat::text:
      return "text/plain; version=0.0.4; charset=utf-8";
    case MetricsFormat::openmetrics:
      return "application/openmetrics-text; version=1.0.0; charset=utf-8";
  }
  return "text/plain; version=0.0.4; charset=utf-8";
}

void append_escaped(std::string& out, std::string_view label_value) {
  for (const char c : label_value) {
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

std::string render_labels(std::span<const LabelView> labels) {
  if (labels.empty()) return " ";
  std::string out = "{";
  for (const auto& [name, value] : labels) {
    if (out.size() > 1) out += ',';
    out += name;
    out += "=\"";
    append_escaped(out, value);
    out += '"';
  }
  out += "} ";
  return out;
}

bool is_label_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name.front()) && !name.starts_with("__") &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string bound_text(double bound) {
  if (std::isinf(bound)) return "+Inf";
  std::string text = std::to_string(bound);
  text.erase(text.find_last_not_of('0') + 1);
  // OpenMetrics writes the whole numbers among bounds with a decimal place.
  if (text.ends_with('.')) text += '0';
  return text;
}

Exposition::Exposition(MetricsFormat format, Sink sink)
    : format_(format), sink_(std::move(sink)), buffer_(new char[kBuffer]) {}

void Exposition::family(std::string_view name, std::string_view help, FamilyType type,
                        std::string_view unit) {
  const bool openmetrics = format_ == MetricsFormat::openmetrics;
  std::string_view family = name;
  // OpenMetrics names the family of a counter or of infos without the suffix of its samples.
  if (openmetrics && type == FamilyType::counter && family.ends_with("_total"))
    family.remove_suffix(6);
  if (openmetrics && type == FamilyType::info && family.ends_with("_info")) family.remove_suffix(5);
  std::string text;
  const auto start_line = [&](std::string_view what) {
    text += "# ";
    text += what;
    text += ' ';
    text += family;
    text += ' ';
  };
  start_line("HELP");
  for (const char c : help) {
    if (c == '\\' || (c == '"' && openmetrics)) text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  text += '\n';
  start_line("TYPE");
  text += type_name(type, format_);
  text += '\n';
  if (openmetrics && ends_with_word(family, unit)) {
    start_line("UNIT");
    text += unit;
    text += '\n';
  }
  put(text);
}

void Exposition::sample(std::string_view name, std::string_view labels, double value) {
  const size_t needed = name.size() + labels.size() + kMaxNumber + 1;
  if (needed > kBuffer - used_) {
    flush();
    // Labels that fill a whole buffer cannot come from Kafka, which bounds its names.
    if (needed > kBuffer) return;
  }
  char* to = buffer_.get() + used_;
  std::memcpy(to, name.data(), name.size());
  to += name.size();
  std::memcpy(to, labels.data(), labels.size());
  to += labels.size();
  to += write_number(to, value);
  *to++ = '\n';
  used_ = static_cast<size_t>(to - buffer_.get());
}

void Exposition::sample(std::string_view name, std::string_view labels, double value,
                        const Exemplar& exemplar) {
  if (format_ != MetricsFormat::openmetrics || !exemplar.trace.valid()) {
    sample(name, labels, value);
    return;
  }
  const double at = to_seconds(exemplar.at.time_since_epoch());
  std::array<char, kMaxNumber> number{};
  const size_t length = write_number(number.data(), value);
  put(fmt::format("{}{}{} # {{trace_id=\"{}\"}} {} {:.3f}\n", name, labels,
                  std::string_view(number.data(), length), exemplar.trace.hex(), exemplar.value,
                  at));
}

void Exposition::finish() {
  if (format_ == MetricsFormat::openmetrics) put("# EOF\n");
  flush();
}

void Exposition::put(std::string_view text) {
  while (!text.empty()) {
    if (used_ == kBuffer) flush();
    const size_t count = std::min(text.size(), kBuffer - used_);
    std::memcpy(buffer_.get() + used_, text.data(), count);
    used_ += count;
    text.remove_prefix(count);
  }
}

void Exposition::flush() {
  if (used_ > 0 && !gone_) gone_ = !sink_({buffer_.get(), used_});
  used_ = 0;
}

}  // namespace highwater
