#include "rules/prometheus/file.h"

#include <fmt/format.h>

#include <algorithm>

#include "rules/prometheus/promql.h"

namespace highwater::rules {
namespace {

constexpr std::string_view kHeader =
    R"(# Made by `highwater generate prometheus`: the SLOs and alerts of Highwater as rules of Prometheus, on the
# metrics that Highwater exports.
#
# What Prometheus cannot do, and Highwater does:
#  * Silence is health: when the agent, a broker or a scrape falls silent, alerts resolve. Highwater freezes
#    them until it knows, and counts unknown time neither as good nor as bad.
#  * No causes: what follows from one dead broker fires as one alert for each thing that it broke.
#  * Downtime of Prometheus itself is a gap in every window, and events in it beyond an hour are lost.
#  * Time is sampled once in the interval of its group, not at every poll of the agent.
#  * A window of rate() or increase() is judged from its second sample on, what lies beyond its first and last
#    sample is guessed, and what a counter said when it appeared does not count.
#  * A calendar window is as long as its usual month, week or quarter, and ends now.
)";

}  // namespace

PrometheusFile::PrometheusFile() : text_(kHeader) {}

void PrometheusFile::left_out(const std::vector<std::string>& names) {
  if (names.empty()) return;
  text_ +=
      "#\n# Left out, because they hold at certain times of a time zone, which no rule of "
      "Prometheus "
      "can say:\n";
  for (const std::string& name : names) text_ += fmt::format("#  * {}\n", name);
}

void PrometheusFile::not_excluded(const std::vector<std::string>& sentences) {
  if (sentences.empty()) return;
  text_ +=
      "#\n# Highwater excludes the time of this maintenance from error budgets (`budget: "
      "exclude`), and Prometheus "
      "counts it: the\n# budgets and burn rates of these SLOs are worse here when something is bad "
      "meanwhile, and "
      "their alerts fire meanwhile.\n";
  for (const std::string& sentence : sentences) {
    // One line each, whatever a window is called.
    std::string line = sentence;
    std::ranges::replace_if(
        line, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    text_ += fmt::format("#  * {}\n", line);
  }
}

void PrometheusFile::group(const std::string& name, Duration interval) {
  if (empty_) text_ += "groups:\n";
  empty_ = false;
  if (!comment_.empty()) text_ += fmt::format("  # {}\n", std::exchange(comment_, {}));
  text_ += fmt::format("  - name: {}\n    interval: {}\n    rules:\n", promql::yaml_quoted(name),
                       format_duration(interval));
}

void PrometheusFile::record(const std::string& name, const std::string& expression_text,
                            const Labels& labels) {
  if (!comment_.empty()) text_ += fmt::format("      # {}\n", std::exchange(comment_, {}));
  text_ += fmt::format("      - record: {}\n", name);
  expression(expression_text);
  map("labels", labels);
}

void PrometheusFile::alert(const std::string& name, const std::string& expression_text,
                           Duration hold, Duration keep_firing_for, const Labels& labels,
                           const Labels& annotations) {
  if (!comment_.empty()) text_ += fmt::format("      # {}\n", std::exchange(comment_, {}));
  text_ += fmt::format("      - alert: {}\n", promql::yaml_quoted(name));
  expression(expression_text);
  if (hold > Duration::zero()) text_ += fmt::format("        for: {}\n", format_duration(hold));
  if (keep_firing_for > Duration::zero())
    text_ += fmt::format("        keep_firing_for: {}\n", format_duration(keep_firing_for));
  map("labels", labels);
  map("annotations", annotations);
}

std::string PrometheusFile::take() && {
  if (empty_) text_ += "groups: []\n";
  return std::move(text_);
}

// Everything in an expression is printable ASCII, so that no line of a block can mislead YAML.
void PrometheusFile::expression(const std::string& text) {
  text_ += "        expr: |-\n";
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    text_ += fmt::format("          {}\n", std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
  }
}

void PrometheusFile::map(std::string_view key, const Labels& entries) {
  if (entries.empty()) return;
  text_ += fmt::format("        {}:\n", key);
  for (const auto& [name, value] : entries)
    text_ += fmt::format("          {}: {}\n", name, promql::yaml_quoted(value));
}

}  // namespace highwater::rules
