#include "exporters/web/plot.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporters/html/html.h"
#include "exporters/value_text.h"

namespace highwater::web {
namespace {

using history::Curve;
using history::Step;

struct Frame {
  double left = 0, top = 0, width = 0, height = 0;
};

struct Range {
  double low = 0;
  double high = 0;
  bool any = false;
};

Range range_of(const Curve& curve) {
  Range range;
  for (const Step& step : curve.steps) {
    if (!step.max.is_number()) continue;
    range.low = std::min<double>(range.low, step.min.value());
    range.high = std::max<double>(range.high, step.max.value());
    range.any = true;
  }
  if (range.high <= range.low) range.high = range.low + 1;
  return range;
}

// One polyline for each stretch of steps with a number.
std::string lines(const Curve& curve, const Range& range, const Frame& frame) {
  const double across = frame.width / static_cast<double>(std::max<size_t>(curve.steps.size(), 1));
  std::string html;
  std::string points;
  size_t count = 0;
  const auto end = [&] {
    // A single step is a dash, so that it is seen.
    if (count > 0) html += fmt::format("<polyline class=\"line\" points=\"{}\"/>", points);
    points.clear();
    count = 0;
  };
  for (size_t i = 0; i < curve.steps.size(); ++i) {
    const Step& step = curve.steps[i];
    if (!step.max.is_number()) {
      end();
      continue;
    }
    const double share = (step.max.value() - range.low) / (range.high - range.low);
    const double y = frame.top + frame.height * (1 - share);
    const double x = frame.left + across * static_cast<double>(i);
    points +=
        fmt::format("{}{:.1f},{:.1f} {:.1f},{:.1f}", count == 0 ? "" : " ", x, y, x + across, y);
    ++count;
  }
  end();
  return html;
}

std::string bands(const Curve& curve, const Frame& frame) {
  const double across = frame.width / static_cast<double>(std::max<size_t>(curve.steps.size(), 1));
  std::string html;
  for (size_t i = 0; i < curve.steps.size();) {
    const Unknown why = curve.steps[i].last.reason();
    size_t end = i + 1;
    if (why != Unknown::known) {
      while (end < curve.steps.size() && curve.steps[end].last.reason() == why) ++end;
      html += fmt::format(
          "<rect class=\"gap\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\">"
          "<title>unknown: {}</title></rect>",
          frame.left + across * static_cast<double>(i), frame.top,
          across * static_cast<double>(end - i), frame.height, unknown_sentence(why));
    }
    i = end;
  }
  return html;
}

std::string clock_text(WallTime at) {
  return format_time(at).substr(0, 16).replace(10, 1, " ");
}

std::string latest_text(const Curve& curve, Unit unit) {
  for (auto step = curve.steps.rbegin(); step != curve.steps.rend(); ++step) {
    if (step->last.is_number()) return value_text(step->last.value(), unit);
    if (step->last.is_recorded())
      return fmt::format("unknown ({})", unknown_sentence(step->last.reason()));
  }
  return "nothing recorded";
}

}  // namespace

std::string sparkline(const Curve& curve, Unit unit) {
  constexpr Frame kFrame{0, 2, 120, 20};
  const Range range = range_of(curve);
  const std::string words = range.any
                                ? fmt::format("at most {} since {} UTC",
                                              value_text(range.high, unit), clock_text(curve.from))
                                : "no value since " + clock_text(curve.from) + " UTC";
  return fmt::format(
      "<svg class=\"spark\" viewBox=\"0 0 120 24\" role=\"img\"><title>{}</title>{}{}</svg>", words,
      bands(curve, kFrame), lines(curve, range, kFrame));
}

std::string plot(const Curve& curve, Unit unit, std::string_view title) {
  constexpr Frame kFrame{0, 18, 720, 112};
  const Range range = range_of(curve);
  const WallTime until = curve.from + curve.step * static_cast<int64_t>(curve.steps.size());
  return fmt::format(
      "<figure><figcaption>{0} <span class=\"soft\">now {1}</span></figcaption>\n"
      "<svg class=\"plot\" viewBox=\"0 0 720 150\" role=\"img\"><title>{0}: at most {2} between "
      "{3} "
      "and {4} UTC, now {1}</title>"
      "<line class=\"axis\" x1=\"0\" y1=\"18\" x2=\"720\" y2=\"18\"/>"
      "<line class=\"axis\" x1=\"0\" y1=\"130\" x2=\"720\" y2=\"130\"/>"
      "<text x=\"0\" y=\"13\">{2}</text><text x=\"0\" y=\"146\">{3}</text>"
      "<text x=\"720\" y=\"146\" text-anchor=\"end\">{4} UTC</text>{5}{6}</svg></figure>\n",
      html_escape(title), html_escape(latest_text(curve, unit)),
      range.any ? html_escape(value_text(range.high, unit)) : "no value", clock_text(curve.from),
      clock_text(until), bands(curve, kFrame), lines(curve, range, kFrame));
}

}  // namespace highwater::web
