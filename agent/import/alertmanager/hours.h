// Alertmanager's time intervals, and when a route tells nobody, as `during:` has it. Pure; any
// thread.
#pragma once

#include <bitset>
#include <map>
#include <string>
#include <vector>

#include "agent/core/yaml.h"
#include "agent/import/alertmanager/flatten.h"
#include "agent/import/fields.h"

namespace highwater::agent::alertmanager {

constexpr size_t kMinutesOfDay = 24 * 60;
using Week = std::bitset<7 * kMinutesOfDay>;  // minutes from Monday on

// The hours of a week, as the clocks of a zone show them.
struct Hours {
  std::string time_zone;
  Week week;

  // "{days: mon-fri, hours: ["08:00-18:00"], time_zone: Europe/Berlin}": together they are it.
  [[nodiscard]] std::vector<std::string> during() const;
};

// By its name. What a week cannot say, such as days of a month, is not known of it.
struct TimeInterval {
  std::vector<Hours> hours;
  bool known = true;
};
using TimeIntervals = std::map<std::string, TimeInterval, std::less<>>;

// `time_intervals:` and, as it was called before, `mute_time_intervals:`.
[[nodiscard]] TimeIntervals read_time_intervals(const YamlNode& document, Fields& fields,
                                                std::vector<Loss>& losses);

// When a route tells nobody, one for each zone; none: it always tells. What cannot be said is lost,
// so that it tells more.
[[nodiscard]] std::vector<Hours> muted_hours(const Node& node, const TimeIntervals& intervals,
                                             std::vector<Loss>& losses);

}  // namespace highwater::agent::alertmanager
