#include "agent/import/alertmanager/hours.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "agent/core/plain_text.h"
#include "agent/import/yaml_text.h"
#include "rules/calendar.h"

namespace highwater::agent::alertmanager {
namespace {

constexpr std::array<std::string_view, 7> kDays{"monday", "tuesday",  "wednesday", "thursday",
                                                "friday", "saturday", "sunday"};
constexpr size_t kMostRanges = 20;  // of hours, in `during:`

using Day = std::bitset<kMinutesOfDay>;

Day day_of(const Week& week, size_t day) {
  Day minutes;
  for (size_t i = 0; i < kMinutesOfDay; ++i) minutes[i] = week[day * kMinutesOfDay + i];
  return minutes;
}

std::vector<std::string> ranges_of(const Day& day) {
  const auto clock = [](size_t minute) {
    return fmt::format("{:02}:{:02}", minute / 60, minute % 60);
  };
  std::vector<std::string> ranges;
  for (size_t begin = 0; begin < kMinutesOfDay; ++begin) {
    if (!day[begin]) continue;
    size_t end = begin;
    while (end < kMinutesOfDay && day[end]) ++end;
    ranges.push_back(clock(begin) + "-" + clock(end));
    begin = end;
  }
  return ranges;
}

// "mon-fri", "mon", "sat"
std::vector<std::string> day_names(const std::array<bool, 7>& days) {
  std::vector<std::string> names;
  for (size_t first = 0; first < days.size(); ++first) {
    if (!days[first]) continue;
    size_t last = first;
    while (last + 1 < days.size() && days[last + 1]) ++last;
    const std::string name(kDays[first].substr(0, 3));
    names.push_back(last == first ? name : fmt::format("{}-{}", name, kDays[last].substr(0, 3)));
    first = last;
  }
  return names;
}

std::optional<size_t> minute_of(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  size_t hour = 0;
  size_t minute = 0;
  const auto number = [](std::string_view digits, size_t& to) {
    const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + 2, to);
    return wrong == std::errc() && end == digits.data() + 2;
  };
  if (!number(text.substr(0, 2), hour) || !number(text.substr(3, 2), minute)) return std::nullopt;
  const size_t minutes = hour * 60 + minute;
  return minute < 60 && minutes <= kMinutesOfDay ? std::optional(minutes) : std::nullopt;
}

// Reads one entry of an interval; nothing: a week cannot say it.
class EntryReader {
 public:
  EntryReader(const YamlNode& node, Fields& fields) : node_(node), fields_(fields) {}

  std::optional<Hours> read() {
    if (node_.kind != YamlNode::Kind::map) return std::nullopt;
    fields_.open(node_);
    for (const auto& [key, value] : node_.entries) {
      const bool known = key.scalar == "times" || key.scalar == "weekdays" ||
                         key.scalar == "location" || value.kind == YamlNode::Kind::null ||
                         (value.kind == YamlNode::Kind::list && value.items.empty());
      if (!known) return std::nullopt;
    }
    Hours hours;
    hours.time_zone = fields_.text(node_, "location");
    if (hours.time_zone.empty()) hours.time_zone = "UTC";
    const auto days = weekdays();
    const auto day = times();
    if (!days || !day || !rules::is_time_zone(hours.time_zone)) return std::nullopt;
    for (size_t i = 0; i < hours.week.size(); ++i)
      hours.week[i] = (*days)[i / kMinutesOfDay] && (*day)[i % kMinutesOfDay];
    return hours;
  }

 private:
  std::optional<std::array<bool, 7>> weekdays() {
    std::array<bool, 7> days{};
    const YamlNode& list = fields_.list(node_, "weekdays");
    if (list.items.empty()) days.fill(true);
    for (const YamlNode& item : list.items) {
      const std::string text = lower_case(item.scalar);
      const size_t colon = std::min(text.find(':'), text.size());
      const auto find = [](std::string_view name) {
        return static_cast<size_t>(std::ranges::find(kDays, name) - kDays.begin());
      };
      const size_t first = find(std::string_view(text).substr(0, colon));
      const size_t last = colon == text.size() ? first : find(text.substr(colon + 1));
      if (first == kDays.size() || last == kDays.size()) return std::nullopt;
      // Sunday is the first day of Alertmanager's week, so sunday:tuesday is a range.
      for (size_t day = first;; day = (day + 1) % days.size()) {
        days[day] = true;
        if (day == last) break;
      }
      fields_.take(item);
    }
    return days;
  }

  std::optional<Day> times() {
    Day day;
    const YamlNode& list = fields_.list(node_, "times");
    if (list.items.empty()) day.set();
    for (const YamlNode& item : list.items) {
      fields_.open(item);
      const auto begin = minute_of(fields_.text(item, "start_time"));
      const auto end = minute_of(fields_.text(item, "end_time"));
      if (!begin || !end || *begin >= *end) return std::nullopt;
      for (size_t minute = *begin; minute < *end; ++minute) day.set(minute);
    }
    return day;
  }

  const YamlNode& node_;
  Fields& fields_;
};

// Adds hours to those of the same zone.
void add(const Hours& hours, std::vector<Hours>& to) {
  const auto same = std::ranges::find(to, hours.time_zone, &Hours::time_zone);
  if (same == to.end())
    to.push_back(hours);
  else
    same->week |= hours.week;
}

}  // namespace

std::vector<std::string> Hours::during() const {
  std::vector<std::string> during;
  std::array<bool, 7> done{};
  for (size_t day = 0; day < done.size(); ++day) {
    const Day minutes = day_of(week, day);
    if (done[day] || minutes.none()) continue;
    std::array<bool, 7> alike{};
    for (size_t other = day; other < done.size(); ++other) {
      alike[other] = !done[other] && day_of(week, other) == minutes;
      done[other] = done[other] || alike[other];
    }
    std::vector<std::string> keys;
    if (std::ranges::find(alike, false) != alike.end())
      keys.push_back("days: " + one_or_list(day_names(alike)));
    const std::vector<std::string> ranges = ranges_of(minutes);
    for (size_t first = 0; first < ranges.size(); first += kMostRanges) {
      const auto count = std::min(kMostRanges, ranges.size() - first);
      std::vector<std::string> all = keys;
      if (!minutes.all())
        all.push_back("hours: " + one_or_list(std::span(ranges).subspan(first, count)));
      all.push_back("time_zone: " + time_zone);
      during.push_back(fmt::format("{{{}}}", fmt::join(all, ", ")));
    }
  }
  return during;
}

TimeIntervals read_time_intervals(const YamlNode& document, Fields& fields,
                                  std::vector<Loss>& losses) {
  TimeIntervals intervals;
  for (const std::string_view key : {"time_intervals", "mute_time_intervals"}) {
    for (const YamlNode& node : fields.list(document, key).items) {
      fields.open(node);
      const std::string name = fields.text(node, "name");
      TimeInterval& interval = intervals[name];
      for (const YamlNode& entry : fields.list(node, "time_intervals").items) {
        if (const auto hours = EntryReader(entry, fields).read()) {
          add(*hours, interval.hours);
          continue;
        }
        interval.known = false;
        losses.push_back(
            {entry.line, fmt::format("time interval '{}': this entry has what 'during' cannot say, "
                                     "such as days of a month, months or years",
                                     name)});
        fields.take(entry);
      }
    }
  }
  return intervals;
}

std::vector<Hours> muted_hours(const Node& node, const TimeIntervals& intervals,
                               std::vector<Loss>& losses) {
  std::vector<Hours> muted;
  for (const std::string& name : node.mute) {
    const auto found = intervals.find(name);
    if (found == intervals.end()) continue;
    for (const Hours& hours : found->second.hours) add(hours, muted);
  }
  if (node.active.empty()) return muted;
  std::vector<Hours> active;
  bool known = true;
  for (const std::string& name : node.active) {
    const auto found = intervals.find(name);
    if (found == intervals.end()) continue;
    known = known && found->second.known;
    for (const Hours& hours : found->second.hours) add(hours, active);
  }
  if (known && active.size() == 1) {
    active.front().week.flip();
    add(active.front(), muted);
  } else {
    losses.push_back(
        {node.line, fmt::format("route: its active time intervals {}: it is never muted",
                                known ? "are of several zones" : "cannot be said with 'during'")});
  }
  return muted;
}

}  // namespace highwater::agent::alertmanager
