#include "agent/import/alertmanager/lines.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "agent/core/time.h"
#include "agent/import/yaml_text.h"

namespace highwater::agent::alertmanager {
namespace {

// Labels that have keys of their own in a line, in the order in which they are documented.
constexpr std::array<std::string_view, 7> kKeys{"severity", "alertname", "team", "cluster",
                                                "broker",   "topic",     "group"};
constexpr size_t kMostGroupLabels = 10;

// A time that a line may have, its bounds, and what it is by default there and here.
struct IntervalKey {
  std::string_view name;
  Duration by_default;
  Duration shortest;
  Duration longest;
};
constexpr IntervalKey kRepeat{"repeat_interval", std::chrono::hours(4), Duration::zero(),
                              std::chrono::hours(24 * 7)};
constexpr IntervalKey kWait{"group_wait", std::chrono::seconds(30), Duration::zero(),
                            std::chrono::hours(1)};
constexpr IntervalKey kInterval{"group_interval", std::chrono::minutes(5), std::chrono::minutes(1),
                                std::chrono::hours(24 * 7)};
constexpr size_t kMostWindows = 200;

// "severity: page, labels: {env: staging}"
std::vector<std::string> items_of(const Conditions& conditions) {
  std::vector<std::string> items;
  for (const std::string_view key : kKeys) {
    const auto found = conditions.find(key);
    if (found != conditions.end())
      items.push_back(fmt::format("{}: {}", key, one_or_list(found->second.patterns())));
  }
  std::vector<std::string> others;
  for (const auto& [label, values] : conditions) {
    if (std::ranges::find(kKeys, label) == kKeys.end())
      others.push_back(
          fmt::format("{}: {}", plain_or_quoted(label), one_or_list(values.patterns())));
  }
  if (!others.empty()) items.push_back(fmt::format("labels: {{{}}}", fmt::join(others, ", ")));
  return items;
}

// Prometheus' durations also have years.
std::optional<Duration> duration_of(std::string_view text) {
  Duration years{};
  if (const size_t y = text.find('y'); y != std::string_view::npos && y > 0 && y < 3) {
    int count = 0;
    for (const char c : text.substr(0, y)) {
      if (c < '0' || c > '9') return std::nullopt;
      count = count * 10 + (c - '0');
    }
    years = std::chrono::hours(24 * 365) * count;
    text.remove_prefix(y + 1);
    if (text.empty()) return years;
  }
  const Result<Duration> rest = parse_duration(text);
  return rest ? std::optional(years + *rest) : std::nullopt;
}

class LinesWriter {
 public:
  LinesWriter(const std::vector<Line>& lines, const OurReceivers& receivers,
              const TimeIntervals& intervals, std::vector<Loss>& losses)
      : lines_(lines), receivers_(receivers), intervals_(intervals), losses_(losses) {}

  WrittenLines write(const Node& root) {
    for (size_t i = 0; i < lines_.size(); ++i) write_line(i);
    // Pages that a muted route would have kept from everybody.
    const Outlet& last = receivers_.outlets.find(root.receiver)->second;
    if (!is_taken({}) && !last.ours.empty()) write_heard({{}, &root, false}, last, "");
    return std::move(written_);
  }

 private:
  void write_line(size_t at) {
    const Line& line = lines_[at];
    const auto found = receivers_.outlets.find(line.node->receiver);
    const Outlet& outlet = found->second;
    if (outlet.ours.empty() && !outlet.lost.empty()) {
      written_.routes.push_back(fmt::format(
          "# {}  # line {}: '{}' was not taken over ({})", text_of(line, outlet, ""),
          line.node->line, one_line(line.node->receiver), fmt::join(outlet.lost, ", ")));
      lose(*line.node, "leads to a receiver that was not taken over: it is a comment");
      return;
    }
    if (outlet.ours.empty()) return write_nobody(line, "");
    const std::vector<Hours>& muted = muted_of(*line.node);
    if (muted.empty()) return write_heard(line, outlet, "");
    const bool always =
        std::ranges::any_of(muted, [](const Hours& hours) { return hours.week.all(); });
    if (always) return write_nobody(line, "it is muted at all hours, and ");
    if (is_alone(at)) {
      write_heard(line, outlet, "");
      write_windows(line, muted);
    } else if (muted.size() > 1) {
      lose(*line.node,
           "is muted in hours of several time zones, and other receivers are notified of what it "
           "matches: it is never muted");
      write_heard(line, outlet, "");
    } else {
      write_open_hours(line, outlet, muted.front());
    }
  }

  // Maintenance hides from everybody. So what it is about must reach nobody else.
  [[nodiscard]] bool is_alone(size_t at) const {
    const Line& line = lines_[at];
    return !line.goes_on &&
           std::all_of(lines_.begin(), lines_.begin() + static_cast<int>(at),
                       [&](const Line& above) { return apart(above.conditions, line.conditions); });
  }

  void write_windows(const Line& line, const std::vector<Hours>& muted) {
    std::vector<std::string> items = items_of(line.conditions);
    if (items.empty()) items.emplace_back("cluster: \"*\"");
    const std::string wanted =
        line.node->mute.empty() ? "outside-" + line.node->active.front() : line.node->mute.front();
    for (const Hours& hours : muted) {
      for (const std::string& during : hours.during()) {
        std::string name = wanted;
        for (int i = 2; !names_.insert(name).second; ++i) name = fmt::format("{}-{}", wanted, i);
        written_.maintenance.push_back(fmt::format("- {{name: {}, {}, during: {}}}  # line {}",
                                                   plain_or_quoted(name), fmt::join(items, ", "),
                                                   during, line.node->line));
      }
    }
    if (written_.maintenance.size() > kMostWindows)
      lose(*line.node, fmt::format("makes more than {} windows of maintenance", kMostWindows));
  }

  void write_open_hours(const Line& line, const Outlet& outlet, Hours hours) {
    hours.week.flip();
    for (const std::string& during : hours.during()) write_heard(line, outlet, during);
    if (!line.goes_on) write_nobody(line, "while it is muted, ");
  }

  void write_heard(const Line& line, const Outlet& outlet, const std::string& during) {
    if (is_taken(line.conditions)) return;
    if (!line.goes_on && during.empty()) ended_.push_back(line.conditions);
    written_.routes.push_back(
        fmt::format("- {}  # line {}", text_of(line, outlet, during), line.node->line));
  }

  // Pages have to reach somebody: those go on to the lines below.
  void write_nobody(const Line& line, std::string_view when) {
    if (line.goes_on) return;
    const Conditions quiet{{"severity", LabelValues::one_of({"ticket", "info"})}};
    std::string ignored;
    const std::optional<Conditions> rest = intersect(line.conditions, quiet, ignored);
    if (rest && !is_taken(*rest)) {
      ended_.push_back(*rest);
      const Line told{*rest, line.node, false};
      written_.routes.push_back(
          fmt::format("- {}  # line {}", text_of(told, Outlet{}, ""), line.node->line));
    }
    if (!rest || !implies(line.conditions, quiet))
      lose(*line.node,
           fmt::format("{}pages go on to the lines below: Highwater refuses a line that "
                       "leads them to nobody",
                       when));
  }

  // Whether it would never be reached: lines to nobody may take more than those they came from.
  [[nodiscard]] bool is_taken(const Conditions& conditions) const {
    return std::ranges::any_of(ended_,
                               [&](const Conditions& above) { return implies(conditions, above); });
  }

  std::string text_of(const Line& line, const Outlet& outlet, const std::string& during) {
    std::vector<std::string> items = items_of(line.conditions);
    if (!during.empty()) items.push_back("during: " + during);
    if (outlet.ours.empty() && !outlet.lost.empty())
      items.push_back("to: " + plain_or_quoted(line.node->receiver));
    else
      items.push_back("to: " + one_or_list(outlet.ours));
    if (!outlet.ours.empty()) {
      if (const std::string repeat = repeat_of(*line.node); !repeat.empty())
        items.push_back("repeat_interval: " + repeat);
      add_grouping(line, items);
    }
    if (line.goes_on) items.emplace_back("continue: true");
    return fmt::format("{{{}}}", fmt::join(items, ", "));
  }

  // Pages are told by themselves, so that a line that takes nothing else has nothing to group.
  void add_grouping(const Line& line, std::vector<std::string>& items) {
    const Node& node = *line.node;
    std::string ignored;
    const Conditions quiet{{"severity", LabelValues::one_of({"ticket", "info"})}};
    if (!node.group_by || !intersect(line.conditions, quiet, ignored)) return;
    std::vector<std::string> labels;
    for (const std::string& label : *node.group_by) {
      const std::string name = plain_or_quoted(label);
      if (std::ranges::find(labels, name) == labels.end()) labels.push_back(name);
    }
    if (labels.size() > kMostGroupLabels) {
      lose(node, fmt::format("groups by more than {} labels", kMostGroupLabels));
      return;
    }
    items.push_back(fmt::format("group_by: [{}]", fmt::join(labels, ", ")));
    if (const std::string wait = interval_of(node, kWait, node.group_wait); !wait.empty())
      items.push_back("group_wait: " + wait);
    if (const std::string interval = interval_of(node, kInterval, node.group_interval);
        !interval.empty())
      items.push_back("group_interval: " + interval);
  }

  std::string repeat_of(const Node& node) {
    return interval_of(node, kRepeat, node.repeat_interval);
  }

  // Empty where nobody said one, or what is so by default.
  std::string interval_of(const Node& node, const IntervalKey& key, const std::string& written) {
    if (written.empty()) return {};
    const std::optional<Duration> interval = duration_of(written);
    if (!interval) {
      lose(node, fmt::format("has a {} '{}' that is no duration", key.name, written));
      return {};
    }
    if (*interval == key.by_default) return {};
    if (*interval > key.longest) {
      lose(node, fmt::format("has a {} of {}: {} is the longest", key.name, written,
                             format_duration(key.longest)));
      return format_duration(key.longest);
    }
    if (*interval < key.shortest) {
      lose(node, fmt::format("has a {} of {}: {} is the shortest", key.name, written,
                             format_duration(key.shortest)));
      return format_duration(key.shortest);
    }
    return format_duration(*interval);
  }

  const std::vector<Hours>& muted_of(const Node& node) {
    const auto [place, added] = muted_.emplace(&node, std::vector<Hours>{});
    if (added) place->second = muted_hours(node, intervals_, losses_);
    return place->second;
  }

  // Once for each route, however many lines it has.
  void lose(const Node& node, const std::string& what) {
    if (lost_.emplace(&node, what).second)
      losses_.push_back({node.line, fmt::format("route to '{}': {}", node.receiver, what)});
  }

  const std::vector<Line>& lines_;
  const OurReceivers& receivers_;
  const TimeIntervals& intervals_;
  std::vector<Loss>& losses_;
  WrittenLines written_;
  std::vector<Conditions> ended_;  // what lines take that were written
  std::map<const Node*, std::vector<Hours>> muted_;
  std::set<std::pair<const Node*, std::string>> lost_;
  std::set<std::string> names_;  // of maintenance
};

}  // namespace

WrittenLines write_lines(const std::vector<Line>& lines, const Node& root,
                         const OurReceivers& receivers, const TimeIntervals& intervals,
                         std::vector<Loss>& losses) {
  return LinesWriter(lines, receivers, intervals, losses).write(root);
}

}  // namespace highwater::agent::alertmanager
