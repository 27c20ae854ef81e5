#include "rules/language/slo_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <utility>

#include "agent/core/utf8.h"
#include "rules/calendar.h"
#include "rules/language/rule_fields.h"

namespace highwater::rules {
namespace {

using std::chrono::hours;

constexpr Duration kShortestWindow = hours(1);
constexpr Duration kLongestWindow = hours(24 * 366);
constexpr size_t kMostTiers = 10;
constexpr double kLargestBurn = 1e6;
constexpr double kMostEvents = 1e15;
constexpr size_t kLongestOwner = 200;

constexpr std::string_view kWindowForm = "write it like 30d, or month with 'time_zone'";

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kWindowsMeant{
    {{"monthly", "month"},
     {"weekly", "week"},
     {"quarterly", "quarter"},
     {"months", "month"},
     {"1month", "month"},
     {"1 month", "month"},
     {"Month", "month"},
     {"Week", "week"},
     {"Quarter", "quarter"},
     {"1M", "month"},
     {"1week", "1w"},
     {"1 week", "1w"},
     {"1quarter", "quarter"},
     {"30 days", "30d"},
     {"28 days", "28d"},
     {"7 days", "7d"}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kNoDataMeant{
    {{"unknown", "hold"},
     {"ignore", "hold"},
     {"keep", "hold"},
     {"freeze", "hold"},
     {"ok", "good"},
     {"zero", "good"},
     {"no", "hold"},
     {"alert", "bad"},
     {"alerting", "bad"},
     {"error", "bad"}}};

std::optional<double> parse_double(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (text.empty() || problem != std::errc{} || stop != end || !std::isfinite(number))
    return std::nullopt;
  return number;
}

bool looks_octal(std::string_view text) {
  return text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

// A share as it is written. Dividing by 100 would round twice: 99.9 / 100 is not 0.999.
struct Share {
  std::optional<double> value;
  bool percent = false;
};
Share parse_share(std::string_view text) {
  Share share;
  share.percent = text.ends_with('%');
  if (!share.percent) {
    share.value = parse_double(text);
    return share;
  }
  text.remove_suffix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (!parse_double(text)) return share;
  const std::string shifted = fmt::format("{}e-2", text);
  double number = 0;
  (void)std::from_chars(shifted.data(), shifted.data() + shifted.size(), number);
  share.value = number;
  return share;
}

// Says what is wrong with a share that is not one, and returns nothing then.
std::optional<double> read_share(YamlMap& map, const std::string& key, const YamlNode& node) {
  const std::string& text = node.scalar;
  const Share share = parse_share(text);
  if (!share.value) {
    std::string better = text;
    std::ranges::replace(better, ',', '.');
    const bool comma = better != text && parse_share(better).value;
    map.error(node, fmt::format("'{}' must be a percentage, not '{}'", key, text.substr(0, 60)),
              comma ? fmt::format("write {}", better) : "write it like 99.5%");
    return std::nullopt;
  }
  if (!share.percent && *share.value > 1 && *share.value <= 100) {
    map.error(node, fmt::format("'{}' is {}: percent, or a share?", key, text),
              fmt::format("write {}%", text));
    return std::nullopt;
  }
  if (*share.value > 1 || *share.value < 0) {
    map.error(node, fmt::format("'{}' must lie between 0 and 100 %, not at {}", key, text),
              "write it like 99.5%");
    return std::nullopt;
  }
  return share.value;
}

}  // namespace

std::optional<double> read_objective(YamlMap& map) {
  const YamlNode* const node = read_scalar(map, "objective", true);
  if (node == nullptr) return std::nullopt;
  const std::optional<double> objective = read_share(map, "objective", *node);
  if (!objective) return std::nullopt;
  if (*objective == 1) {
    map.error(*node, "an objective of 100 % leaves no error budget: everything would burn it",
              "choose one below it, like 99.9%");
    return std::nullopt;
  }
  if (*objective == 0) {
    map.error(*node, "an objective of 0 % is always met: nothing could burn its budget",
              "choose one above it, like 99.5%");
    return std::nullopt;
  }
  return objective;
}

std::optional<double> read_min_coverage(YamlMap& map) {
  const YamlNode* const node = read_scalar(map, "min_coverage", false);
  if (node == nullptr) return std::nullopt;
  const std::optional<double> coverage = read_share(map, "min_coverage", *node);
  if (coverage && *coverage == 0) {
    map.error(*node, "with a 'min_coverage' of 0 % nothing seen would be nothing wrong",
              "choose one above it; 50% is the default");
    return std::nullopt;
  }
  return coverage;
}

namespace {

std::optional<SloWindow> parse_calendar(std::string_view text) {
  using Kind = SloWindow::Kind;
  if (text == "week") return SloWindow{Kind::week, hours(24 * 7), "UTC"};
  if (text == "month") return SloWindow{Kind::month, hours(24 * 30), "UTC"};
  if (text == "quarter") return SloWindow{Kind::quarter, hours(24 * 90), "UTC"};
  return std::nullopt;
}

std::optional<SloWindow> parse_window(YamlMap& map, const YamlNode& node) {
  const std::string& text = node.scalar;
  if (auto calendar = parse_calendar(text)) return calendar;
  const Result<Duration> length = parse_duration(text);
  if (!length) {
    const auto* const meant = std::ranges::find(
        kWindowsMeant, text, &std::pair<std::string_view, std::string_view>::first);
    const bool number = parse_double(text).has_value();
    map.error(node,
              number ? fmt::format("'window': {} has no unit", text)
                     : fmt::format("'{}' is no window", text.substr(0, 60)),
              meant != kWindowsMeant.end() ? fmt::format("did you mean '{}'?", meant->second)
              : number                     ? fmt::format("write {}d for days", text)
                                           : std::string(kWindowForm));
    return std::nullopt;
  }
  if (*length < kShortestWindow || *length > kLongestWindow) {
    map.error(node,
              fmt::format("'window' must be between {} and {}, not {}",
                          format_duration(kShortestWindow), format_duration(kLongestWindow), text),
              "28d and 30d are usual");
    return std::nullopt;
  }
  return SloWindow{SloWindow::Kind::rolling, *length, {}};
}

}  // namespace

std::optional<SloWindow> read_window(YamlMap& map) {
  const YamlNode* const node = read_scalar(map, "window", true);
  const YamlNode* const zone = read_scalar(map, "time_zone", false);
  std::optional<SloWindow> window;
  if (node != nullptr) window = parse_window(map, *node);
  if (zone == nullptr) return window;
  if (!is_time_zone(zone->scalar)) {
    map.error(*zone, fmt::format("there is no time zone '{}'", zone->scalar.substr(0, 60)),
              "name one as IANA does, like Europe/Berlin or UTC");
    return std::nullopt;
  }
  if (window && window->kind != SloWindow::Kind::rolling) window->time_zone = zone->scalar;
  return window;
}

std::optional<double> read_min_bad(YamlMap& map, bool events) {
  const YamlNode* const node = read_scalar(map, "min_bad", false);
  if (node == nullptr) return std::nullopt;
  const std::string& text = node->scalar;
  const Result<Duration> duration = parse_duration(text);
  const std::optional<double> number = parse_double(text);
  if (!events) {
    if (duration) return to_seconds(*duration);
    map.error(*node,
              number ? fmt::format("'min_bad': {} has no unit", text) : duration.error().message,
              "this SLO judges time: write it like 30s");
    return std::nullopt;
  }
  if (duration && *duration > Duration::zero()) {
    map.error(*node, fmt::format("'min_bad': {} is a duration, and this SLO counts events", text),
              "write a number of events, like 10");
    return std::nullopt;
  }
  if (!number || *number < 0 || *number > kMostEvents || *number != std::floor(*number)) {
    map.error(*node,
              fmt::format("'min_bad' must be a number of events, not '{}'", text.substr(0, 60)),
              "write it like 10");
    return std::nullopt;
  }
  if (looks_octal(text)) {
    map.error(*node, fmt::format("'min_bad': {} could be read as octal", text),
              "write it without the leading zero");
    return std::nullopt;
  }
  return number;
}

std::optional<NoData> read_no_data(YamlMap& map) {
  const YamlNode* const node = read_scalar(map, "no_data", false);
  if (node == nullptr) return std::nullopt;
  if (node->scalar == "hold") return NoData::hold;
  if (node->scalar == "bad") return NoData::bad;
  if (node->scalar == "good") return NoData::good;
  const auto* const meant = std::ranges::find(
      kNoDataMeant, node->scalar, &std::pair<std::string_view, std::string_view>::first);
  map.error(*node, fmt::format("'no_data' cannot be '{}'", node->scalar.substr(0, 60)),
            meant != kNoDataMeant.end()
                ? fmt::format("did you mean '{}'?", meant->second)
                : did_you_mean(node->scalar, std::vector<std::string>{"hold", "bad", "good"}));
  return std::nullopt;
}

std::string read_owner(YamlMap& map) {
  const YamlNode* const node = read_scalar(map, "owner", false);
  if (node == nullptr) return {};
  if (node->scalar.empty() || utf8::count_characters(node->scalar) > kLongestOwner ||
      node->scalar.find('\n') != std::string::npos) {
    map.error(*node, fmt::format("'owner' must be one line of 1 to {} characters", kLongestOwner),
              "name the team whose budget it is");
    return {};
  }
  return node->scalar;
}

namespace {

std::optional<double> read_burn(YamlMap& tier, const YamlNode& node) {
  const std::string& text = node.scalar;
  const std::optional<double> burn = parse_double(text);
  if (!burn) {
    const bool times = text.ends_with('x') && parse_double(text.substr(0, text.size() - 1));
    tier.error(node, fmt::format("'burn' must be a number, not '{}'", text.substr(0, 60)),
               times ? fmt::format("write {}", text.substr(0, text.size() - 1))
                     : "write it like 14.4: how many times as fast as the objective allows");
    return std::nullopt;
  }
  if (looks_octal(text)) {
    tier.error(node, fmt::format("'burn': {} could be read as octal", text),
               "write it without the leading zero");
    return std::nullopt;
  }
  if (*burn <= 0 || *burn > kLargestBurn) {
    tier.error(node,
               fmt::format("'burn' must be above 0, and at most {}, not {}", kLargestBurn,
                           text.substr(0, 60)),
               "1 spends exactly the budget within the window");
    return std::nullopt;
  }
  return burn;
}

std::optional<PlacedTier> read_tier(const YamlNode& node, const RuleSource& source) {
  YamlMap map(node, "a tier", source.file, source.diagnostics);
  if (!map.valid()) return std::nullopt;
  const size_t before = source.diagnostics.size();
  PlacedTier placed;
  placed.burn = read_scalar(map, "burn", true);
  if (placed.burn != nullptr) placed.tier.factor = read_burn(map, *placed.burn).value_or(0);
  placed.long_window = map.require("long");
  placed.short_window = map.get("short");
  if (const auto length = map.duration("long")) placed.tier.long_window = *length;
  placed.tier.short_window = placed.tier.long_window / 12;
  if (placed.short_window == nullptr) placed.short_window = placed.long_window;
  if (const auto length = map.duration("short")) placed.tier.short_window = *length;
  placed.tier.severity = read_severity(map, true).value_or(Severity::ticket);
  map.finish();
  if (source.diagnostics.size() != before) return std::nullopt;
  return placed;
}

}  // namespace

std::optional<std::vector<PlacedTier>> read_tiers(YamlMap& map, const RuleSource& source) {
  const YamlNode* const node = map.get("tiers");
  std::vector<PlacedTier> tiers;
  if (node == nullptr)
    return map.node().find("tiers") == nullptr ? std::optional(tiers) : std::nullopt;
  if (node->kind != YamlNode::Kind::list || node->items.empty()) {
    map.error(*node, "'tiers' must be a list with at least one tier",
              "write it like [{burn: 14.4, long: 1h, short: 5m, severity: page}]");
    return std::nullopt;
  }
  if (node->items.size() > kMostTiers) {
    map.error(*node, fmt::format("there are more than {} tiers", kMostTiers),
              "nobody could tell them apart; the default has four");
    return std::nullopt;
  }
  for (const YamlNode& item : node->items) {
    if (auto tier = read_tier(item, source)) tiers.push_back(*tier);
  }
  if (tiers.size() != node->items.size()) return std::nullopt;
  return tiers;
}

}  // namespace highwater::rules
