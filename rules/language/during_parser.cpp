#include "rules/language/during_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/plain_text.h"
#include "rules/calendar.h"
#include "rules/language/rule_fields.h"

namespace highwater::rules {
namespace {

using std::chrono::local_days;
using std::chrono::minutes;

constexpr size_t kMostRanges = 20;
constexpr size_t kMostDates = 1000;
constexpr int kDayMinutes = 24 * 60;
constexpr std::string_view kForm =
    "write it like {days: mon-fri, hours: \"08:00-18:00\", time_zone: Europe/Berlin}";
constexpr std::string_view kDaysForm = "write it like mon-fri, or [mon, wed]";
constexpr std::string_view kHoursForm = "write it like \"08:00-18:00\", or \"22:00-06:00\"";
constexpr std::string_view kDateForm = "write it like 2026-12-25";

constexpr std::array<std::string_view, 7> kDayNames{"monday", "tuesday",  "wednesday", "thursday",
                                                    "friday", "saturday", "sunday"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kDaysMeant{
    {{"weekdays", "mon-fri"},
     {"weekday", "mon-fri"},
     {"workdays", "mon-fri"},
     {"weekend", "sat-sun"},
     {"weekends", "sat-sun"},
     {"daily", "mon-sun"},
     {"all", "mon-sun"},
     {"every day", "mon-sun"}}};

constexpr std::array<ForeignKey, 12> kForeignKeys{{{"timezone", "write it as 'time_zone'"},
                                                   {"timeZone", "write it as 'time_zone'"},
                                                   {"location", "write it as 'time_zone'"},
                                                   {"tz", "write it as 'time_zone'"},
                                                   {"zone", "write it as 'time_zone'"},
                                                   {"weekdays", "write them as 'days'"},
                                                   {"day", "write it as 'days'"},
                                                   {"times", "write them as 'hours'"},
                                                   {"time", "write it as 'hours'"},
                                                   {"holidays", "write them as 'except'"},
                                                   {"exclude", "write it as 'except'"},
                                                   {"but", "write it as 'except'"}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<int> number_of(std::string_view text, size_t fewest, size_t most) {
  if (text.size() < fewest || text.size() > most || !std::ranges::all_of(text, is_digit))
    return std::nullopt;
  int number = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// Both sides of the '-', or the whole twice.
struct Sides {
  std::string_view left;
  std::string_view right;
  bool range = false;
};
Sides sides_of(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return {text, text, false};
  return {trimmed(text.substr(0, dash)), trimmed(text.substr(dash + 1)), true};
}

// From Monday; "mon", "Monday".
std::optional<size_t> day_of(std::string_view text) {
  const std::string name = lower_case(text);
  for (size_t day = 0; day < kDayNames.size(); ++day) {
    if (name == kDayNames[day] || name == kDayNames[day].substr(0, 3)) return day;
  }
  return std::nullopt;
}

// "8", "08:00", "24:00": minutes since midnight.
std::optional<int> time_of_day(std::string_view text) {
  const size_t colon = text.find(':');
  const auto hour = number_of(text.substr(0, colon), 1, 2);
  const auto minute =
      colon == std::string_view::npos ? std::optional(0) : number_of(text.substr(colon + 1), 2, 2);
  if (!hour || !minute || *minute > 59 || *hour > 24 || (*hour == 24 && *minute > 0))
    return std::nullopt;
  return *hour * 60 + *minute;
}

std::optional<local_days> date_of(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = number_of(text.substr(0, 4), 4, 4);
  const auto month = number_of(text.substr(5, 2), 2, 2);
  const auto day = number_of(text.substr(8, 2), 2, 2);
  if (!year || !month || !day || *year < 1971 || *year > 2199) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return local_days(date);
}

class DuringReader {
 public:
  DuringReader(const YamlNode& node, const std::string& file, Diagnostics& diagnostics)
      : node_(node), diagnostics_(diagnostics), map_(node, "'during'", file, diagnostics) {}

  std::shared_ptr<const OpenHours> read();

 private:
  void read_days();
  void read_hours();
  void read_zone();
  void read_except();
  void add_days(const YamlNode& item, std::string_view text);
  void add_hours(const YamlNode& item, std::string_view text);
  void add_date(const YamlNode& item, std::string_view text);
  // Each entry of the list, or each piece of the one text that stands instead of it.
  template <class Add>
  void each(const char* key, size_t most, std::string_view form, Add add);

  const YamlNode& node_;
  Diagnostics& diagnostics_;
  YamlMap map_;
  During during_;
};

std::shared_ptr<const OpenHours> DuringReader::read() {
  const size_t before = diagnostics_.size();
  if (!map_.valid()) {
    diagnostics_.back().advice = kForm;
    return nullptr;
  }
  read_days();
  read_hours();
  read_zone();
  read_except();
  report_foreign_keys(map_, "'during'", kForeignKeys, nullptr);
  map_.finish();
  if (diagnostics_.size() != before) return nullptr;
  auto hours = std::make_shared<const OpenHours>(std::move(during_));
  if (hours->longest() == Duration::max() && hours->during().except.empty()) {
    map_.error(node_, "'during' is always: it leaves nothing out",
               "say days or hours, or remove it");
    return nullptr;
  }
  return hours;
}

template <class Add>
void DuringReader::each(const char* key, size_t most, std::string_view form, Add add) {
  const YamlNode* const node = map_.get(key);
  if (node == nullptr) return;
  const bool list = node->kind == YamlNode::Kind::list;
  if (node->kind == YamlNode::Kind::map || (list && node->items.empty())) {
    map_.error(
        *node,
        list ? fmt::format("'{}' is empty", key) : fmt::format("'{}' must be text or a list", key),
        std::string(form));
    return;
  }
  const std::vector<YamlNode> one = list ? std::vector<YamlNode>{} : std::vector{*node};
  size_t pieces = 0;
  for (const YamlNode& item : list ? node->items : one) {
    if (item.kind != YamlNode::Kind::scalar) {
      map_.error(item, fmt::format("an entry of '{}' must be text", key), std::string(form));
      continue;
    }
    std::string_view rest = item.scalar;
    while (true) {
      const size_t comma = std::min(rest.find(','), rest.size());
      if (++pieces > most) {
        map_.error(item, fmt::format("'{}' has more than {} entries", key, most),
                   "keep those that matter");
        return;
      }
      add(item, trimmed(rest.substr(0, comma)));
      if (comma == rest.size()) break;
      rest.remove_prefix(comma + 1);
    }
  }
}

void DuringReader::read_days() {
  if (map_.node().find("days") != nullptr) during_.days = {};
  each("days", kMostRanges, kDaysForm,
       [&](const YamlNode& item, std::string_view text) { add_days(item, text); });
}

void DuringReader::add_days(const YamlNode& item, std::string_view text) {
  const std::string whole = lower_case(text);
  const auto* const meant =
      std::ranges::find(kDaysMeant, whole, &std::pair<std::string_view, std::string_view>::first);
  const Sides sides = sides_of(text);
  const auto first = day_of(sides.left);
  const auto last = day_of(sides.right);
  if (first && last) {
    // fri-mon is Friday to Monday.
    for (size_t day = *first;; day = (day + 1) % during_.days.size()) {
      during_.days[day] = true;
      if (day == *last) return;
    }
  }
  const std::string_view wrong = first ? sides.right : sides.left;
  const std::vector<std::string> names(kDayNames.begin(), kDayNames.end());
  std::string advice = meant != kDaysMeant.end() ? fmt::format("write {}", meant->second)
                       : wrong.empty()           ? std::string(kDaysForm)
                                                 : did_you_mean(lower_case(wrong), names);
  if (advice.empty()) advice = kDaysForm;
  map_.error(item, fmt::format("there is no day '{}'", wrong.substr(0, 60)), std::move(advice));
}

void DuringReader::read_hours() {
  if (map_.node().find("hours") != nullptr) during_.hours.clear();
  each("hours", kMostRanges, kHoursForm,
       [&](const YamlNode& item, std::string_view text) { add_hours(item, text); });
  std::ranges::sort(during_.hours, {}, &During::Hours::begin);
}

void DuringReader::add_hours(const YamlNode& item, std::string_view text) {
  const Sides sides = sides_of(text);
  if (!sides.range) {
    map_.error(item, fmt::format("'{}' is no range of hours", text.substr(0, 60)),
               std::string(kHoursForm));
    return;
  }
  const auto begin = time_of_day(sides.left);
  auto end = time_of_day(sides.right);
  const bool late = begin && *begin == kDayMinutes;
  if (!begin || !end || late) {
    map_.error(item,
               fmt::format("'{}' is no time of the day{}",
                           (!begin || late ? sides.left : sides.right).substr(0, 60),
                           late ? " at which anything begins" : ""),
               late ? "write 00:00" : std::string(kHoursForm));
    return;
  }
  if (*begin == *end) {
    map_.error(item, fmt::format("the range '{}' is empty", text),
               "leave 'hours' out for the whole day");
    return;
  }
  if (*end < *begin) *end += kDayMinutes;
  during_.hours.push_back({minutes(*begin), minutes(*end)});
}

void DuringReader::read_zone() {
  const YamlNode* const zone = read_scalar(map_, "time_zone", false);
  if (zone == nullptr) return;
  if (!is_time_zone(zone->scalar)) {
    map_.error(*zone, fmt::format("there is no time zone '{}'", zone->scalar.substr(0, 60)),
               "name one as IANA does, like Europe/Berlin or UTC");
    return;
  }
  during_.time_zone = zone->scalar;
  during_.zone_named = true;
}

void DuringReader::read_except() {
  each("except", kMostDates, kDateForm,
       [&](const YamlNode& item, std::string_view text) { add_date(item, text); });
  std::ranges::sort(during_.except);
  during_.except.erase(std::unique(during_.except.begin(), during_.except.end()),
                       during_.except.end());
}

void DuringReader::add_date(const YamlNode& item, std::string_view text) {
  if (const auto date = date_of(text)) {
    during_.except.push_back(*date);
    return;
  }
  map_.error(item, fmt::format("'{}' is no date", text.substr(0, 60)), std::string(kDateForm));
}

}  // namespace

std::shared_ptr<const OpenHours> read_during(YamlMap& map, const std::string& file,
                                             Diagnostics& diagnostics) {
  const YamlNode* const node = map.get("during");
  return node == nullptr ? nullptr : DuringReader(*node, file, diagnostics).read();
}

void check_hold_fits(YamlMap& map, const AlertRule& rule) {
  if (rule.during == nullptr || rule.hold < rule.during->longest()) return;
  const YamlNode* const hold = map.node().find("for");
  const YamlNode* const during = map.node().find("during");
  const YamlNode& at = hold != nullptr ? *hold : during != nullptr ? *during : map.node();
  const std::string longest = format_duration(rule.during->longest());
  map.error(at,
            fmt::format("it can never fire: 'for' ({}) does not fit into its hours, which last {} "
                        "at most",
                        format_duration(rule.hold), longest),
            fmt::format("choose a 'for' shorter than {}", longest));
}

}  // namespace highwater::rules
