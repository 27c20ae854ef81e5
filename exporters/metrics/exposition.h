// Writes metrics in the two formats that Prometheus reads: its own text format and OpenMetrics.
// Used by the metrics page and the self metrics; one writer serves one scrape on one thread.
//
// What is written leaves in pieces of at most 64 KiB, so that a scrape of a huge cluster costs no
// more memory than that of a small one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/core/histogram.h"

namespace highwater {

enum class MetricsFormat : uint8_t { text, openmetrics };

// Chosen by the Accept header of the scrape: OpenMetrics only for who asks for it by name and wants
// it no less than plain text.
[[nodiscard]] MetricsFormat negotiate_format(std::string_view accept);
[[nodiscard]] std::string_view content_type(MetricsFormat format);

// `info`: always 1, says something by its labels; its name ends in "_info".
enum class FamilyType : uint8_t { gauge, counter, histogram, info, untyped };

using LabelView = std::pair<std::string_view, std::string_view>;
// `{a="b",c="d"} ` with its values escaped, or " " without labels: what stands between a sample's
// name and its value.
[[nodiscard]] std::string render_labels(std::span<const LabelView> labels);
void append_escaped(std::string& out, std::string_view label_value);
[[nodiscard]] bool is_label_name(std::string_view name);
// Of a histogram's bucket, as its label `le` says it: "0.005", "10.0", and "+Inf" for the last.
[[nodiscard]] std::string bound_text(double bound);

class Exposition {
 public:
  // Takes a piece; false when the reader is gone, after which nothing more is sent.
  using Sink = std::function<bool(std::string_view)>;

  Exposition(MetricsFormat format, Sink sink);

  // Starts a family. `name` is that of its samples, so a counter's ends in "_total". The unit is
  // "seconds", "bytes" and so on, or empty; it is said only where the name ends with it.
  void family(std::string_view name, std::string_view help, FamilyType type,
              std::string_view unit = {});
  // One sample; `labels` are rendered. The value must not be NaN.
  void sample(std::string_view name, std::string_view labels, double value);
  // The same with the trace of an example, which the text format has no room for: there, and
  // without a trace, it is a plain sample.
  void sample(std::string_view name, std::string_view labels, double value,
              const Exemplar& exemplar);
  // Sends what is left, and the end mark of OpenMetrics.
  void finish();

  [[nodiscard]] bool reader_gone() const { return gone_; }
  [[nodiscard]] MetricsFormat format() const { return format_; }

 private:
  void put(std::string_view text);
  void flush();

  const MetricsFormat format_;
  const Sink sink_;
  std::unique_ptr<char[]> buffer_;
  size_t used_ = 0;
  bool gone_ = false;
};

}  // namespace highwater
