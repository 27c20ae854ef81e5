#include "rules/icalendar/recurrence.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>

#include "rules/icalendar/content_lines.h"

namespace highwater::rules::icalendar {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::weekday;
using std::chrono::year_month_day;
using Every = Recurrence::Every;

constexpr int kMostInterval = 1000;
constexpr int kMostCount = 100'000;
constexpr size_t kMostListed = 100;  // of BYDAY, and of BYMONTHDAY
constexpr std::array<std::string_view, 7> kDays{"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
constexpr std::array<std::pair<std::string_view, Every>, 4> kEvery{{{"DAILY", Every::day},
                                                                    {"WEEKLY", Every::week},
                                                                    {"MONTHLY", Every::month},
                                                                    {"YEARLY", Every::year}}};

local_days week_of(local_days day, weekday begins) {
  return day - (weekday(day) - begins);
}

int months_of(const year_month_day& date) {
  return static_cast<int>(date.year()) * 12 + static_cast<int>(static_cast<unsigned>(date.month()));
}

struct Period {
  local_days first;
  local_days last;
};

Period month_of(const year_month_day& date) {
  const auto month = date.year() / date.month();
  return {local_days(month / 1), local_days(month / std::chrono::last)};
}

Period year_of(const year_month_day& date) {
  return {local_days(date.year() / 1 / 1), local_days(date.year() / 12 / 31)};
}

bool is_on(const Recurrence::Weekday& one, local_days day, const Period& period) {
  if (weekday(day) != one.day) return false;
  if (one.which == 0) return true;
  const auto before = (day - period.first) / days(7);
  const auto behind = (period.last - day) / days(7);
  return one.which > 0 ? before == one.which - 1 : behind == -one.which - 1;
}

bool is_month_day(const std::vector<int>& chosen, local_days day) {
  const Period month = month_of(year_month_day(day));
  const int from_begin = static_cast<int>((day - month.first).count()) + 1;
  const int from_end = -static_cast<int>((month.last - day).count()) - 1;
  return std::ranges::any_of(chosen, [&](int one) { return one == from_begin || one == from_end; });
}

std::optional<weekday> weekday_of(std::string_view text) {
  const auto found = std::ranges::find(kDays, text);
  if (found == kDays.end()) return std::nullopt;
  return weekday(static_cast<unsigned>(found - kDays.begin()));
}

tl::unexpected<RuleMistake> wrong(std::string what, std::string advice = "") {
  return tl::unexpected(RuleMistake{std::move(what), std::move(advice)});
}

using Read = tl::expected<void, RuleMistake>;

Read read_by_day(std::string_view text, Recurrence& rule) {
  for (const std::string_view item : split(text, ',')) {
    const size_t letters = item.size() < 2 ? 0 : item.size() - 2;
    const auto day = weekday_of(item.substr(letters));
    const auto which =
        letters == 0 ? std::optional(0) : number_of(item.substr(0, letters), -53, 53);
    if (!day || !which || (letters > 0 && *which == 0))
      return wrong(fmt::format("BYDAY cannot be '{}'", excerpt(item)),
                   "write it like MO, 1SU (the first) or -1FR (the last)");
    rule.by_day.push_back({*day, *which});
  }
  return {};
}

Read read_by_month_day(std::string_view text, Recurrence& rule) {
  for (const std::string_view item : split(text, ',')) {
    const auto day = number_of(item, -31, 31);
    if (!day || *day == 0)
      return wrong(fmt::format("BYMONTHDAY cannot be '{}'", excerpt(item)),
                   "write 1 to 31, or -1 for the last day of the month");
    rule.by_month_day.push_back(*day);
  }
  return {};
}

Read read_number(std::string_view name, std::string_view text, int most, int& into) {
  const auto number = number_of(text, 1, most);
  if (!number)
    return wrong(fmt::format("{} cannot be '{}'", name, excerpt(text)),
                 fmt::format("write 1 to {}", most));
  into = *number;
  return {};
}

Read read_part(std::string_view name, std::string_view value, Recurrence& rule) {
  if (name == "FREQ") {
    const auto found = std::ranges::find(kEvery, value, &std::pair<std::string_view, Every>::first);
    if (found == kEvery.end())
      return wrong(fmt::format("FREQ={} is not supported", excerpt(value)),
                   "write DAILY, WEEKLY, MONTHLY or YEARLY");
    rule.every = found->second;
    return {};
  }
  if (name == "INTERVAL") return read_number(name, value, kMostInterval, rule.interval);
  if (name == "COUNT") return read_number(name, value, kMostCount, rule.count.emplace());
  if (name == "BYDAY") return read_by_day(value, rule);
  if (name == "BYMONTHDAY") return read_by_month_day(value, rule);
  if (name == "UNTIL") {
    rule.until = value;
    return {};
  }
  if (name == "WKST") {
    const auto day = weekday_of(value);
    if (!day) return wrong(fmt::format("WKST cannot be '{}'", excerpt(value)), "write MO");
    rule.week_begins = *day;
    return {};
  }
  return wrong(fmt::format("{} of RRULE is not supported", excerpt(name)),
               "say it with FREQ, INTERVAL, BYDAY, BYMONTHDAY, UNTIL and COUNT, or as several "
               "events");
}

Read check(const Recurrence& rule, bool has_frequency) {
  if (std::max(rule.by_day.size(), rule.by_month_day.size()) > kMostListed)
    return wrong(fmt::format("BYDAY or BYMONTHDAY lists more than {} days", kMostListed));
  if (!has_frequency) return wrong("RRULE has no FREQ", "write FREQ=WEEKLY, for example");
  if (rule.count && !rule.until.empty())
    return wrong("COUNT does not go with UNTIL", "leave out one of them");
  if (rule.every == Every::week && !rule.by_month_day.empty())
    return wrong("BYMONTHDAY does not go with FREQ=WEEKLY", "write FREQ=MONTHLY");
  const bool ordinal = std::ranges::any_of(rule.by_day, [](const auto& one) { return one.which; });
  if (!ordinal) return {};
  if (rule.every == Every::day || rule.every == Every::week)
    return wrong("the first, second or last day of BYDAY needs FREQ=MONTHLY or YEARLY");
  if (rule.every == Every::year && !rule.by_month_day.empty())
    return wrong("the first, second or last day of BYDAY does not go with BYMONTHDAY in a year",
                 "write FREQ=MONTHLY");
  return {};
}

}  // namespace

bool Recurrence::falls_on(local_days day, local_days first) const {
  const year_month_day date(day);
  const year_month_day first_date(first);
  const auto on_day = [&](const Period& period) {
    return by_day.empty() ||
           std::ranges::any_of(by_day, [&](const Weekday& one) { return is_on(one, day, period); });
  };
  const bool on_month_day = by_month_day.empty() || is_month_day(by_month_day, day);
  const bool chosen = !by_day.empty() || !by_month_day.empty();
  switch (every) {
    case Every::day:
      return (day - first).count() % interval == 0 && on_day({day, day}) && on_month_day;
    case Every::week: {
      const auto weeks = (week_of(day, week_begins) - week_of(first, week_begins)) / days(7);
      if (weeks % interval != 0) return false;
      return chosen ? on_day({day, day}) : weekday(day) == weekday(first);
    }
    case Every::month:
      if ((months_of(date) - months_of(first_date)) % interval != 0) return false;
      return chosen ? on_day(month_of(date)) && on_month_day : date.day() == first_date.day();
    case Every::year:
      if (static_cast<int>((date.year() - first_date.year()).count()) % interval != 0) return false;
      return chosen ? on_day(year_of(date)) && on_month_day
                    : date.month() == first_date.month() && date.day() == first_date.day();
  }
  return false;
}

tl::expected<Recurrence, RuleMistake> parse_recurrence(std::string_view written) {
  const std::string text = upper_case(written);
  Recurrence rule;
  std::set<std::string, std::less<>> seen;
  for (const std::string_view part : split(text, ';')) {
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos)
      return wrong(fmt::format("'{}' is no part of an RRULE", excerpt(part)),
                   "write it like FREQ=WEEKLY;BYDAY=SA");
    const std::string name(part.substr(0, equals));
    if (!seen.insert(name).second) return wrong(fmt::format("RRULE has {} twice", name));
    if (auto read = read_part(name, part.substr(equals + 1), rule); !read)
      return tl::unexpected(read.error());
  }
  if (auto sound = check(rule, seen.contains("FREQ")); !sound) return tl::unexpected(sound.error());
  return rule;
}

}  // namespace highwater::rules::icalendar
