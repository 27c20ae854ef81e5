#include "rules/language/slo_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace highwater::rules {
namespace {

// Budgets are kept to the minute.
constexpr Duration kResolution = std::chrono::minutes(1);
// Of a comparison that rounding must not decide.
constexpr double kTolerance = 1e-9;

Duration from_seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

class TierChecker {
 public:
  TierChecker(YamlMap& map, const SloRule& rule, bool by_default, Duration sample_every)
      : map_(map), rule_(rule), by_default_(by_default), sample_every_(sample_every) {}

  // True when the tier is right.
  bool check(const PlacedTier& placed);
  bool budget_covers_min_bad();
  void check_twice(const std::vector<PlacedTier>& tiers);

 private:
  bool check_windows(const PlacedTier& placed);
  bool can_fire(const PlacedTier& placed);
  bool takes_more_than_a_sample(const PlacedTier& placed);
  bool leaves_room_for_min_bad(const PlacedTier& placed);
  [[nodiscard]] std::string name(const SloTier& tier) const;
  void error(const YamlNode* own, const char* key_of_default, std::string what, std::string advice);

  YamlMap& map_;
  const SloRule& rule_;
  bool by_default_;
  Duration sample_every_;
};

bool TierChecker::check(const PlacedTier& placed) {
  return check_windows(placed) && can_fire(placed) && leaves_room_for_min_bad(placed) &&
         takes_more_than_a_sample(placed);
}

bool TierChecker::check_windows(const PlacedTier& placed) {
  const SloTier& tier = placed.tier;
  if (tier.short_window >= tier.long_window) {
    map_.error(
        *placed.short_window,
        fmt::format("'short' ({}) is not shorter than 'long' ({})",
                    format_duration(tier.short_window), format_duration(tier.long_window)),
        tier.short_window > tier.long_window ? "exchange them" : "a twelfth of 'long' is usual");
    return false;
  }
  if (tier.long_window > rule_.window.length) {
    error(placed.long_window, "window",
          fmt::format("'long' ({}) is longer than the SLO's window ({})",
                      format_duration(tier.long_window), format_duration(rule_.window.length)),
          "what lies before the window has no budget: choose a shorter one");
    return false;
  }
  const Duration shortest = std::max(kResolution, 2 * sample_every_);
  if (tier.short_window >= shortest) return true;
  const std::string than = kResolution >= 2 * sample_every_
                               ? "a minute, to which budgets are kept"
                               : fmt::format("two polls ({})", format_duration(2 * sample_every_));
  error(placed.short_window, "window",
        fmt::format("the short window of {} is shorter than {}", name(tier), than),
        by_default_ ? fmt::format("choose a 'window' of at least {}, or write 'tiers' yourself",
                                  format_duration(shortest * 12 * 720))
                    : fmt::format("make it {} or longer", format_duration(shortest)));
  return false;
}

bool TierChecker::can_fire(const PlacedTier& placed) {
  const SloTier& tier = placed.tier;
  const double budget = rule_.budget();
  if (tier.factor * budget < 1 - kTolerance) return true;
  error(placed.burn, "objective",
        fmt::format("{} can never fire: when everything is bad, a budget of {:.6g} % burns only "
                    "{:.6g} times as fast as it may",
                    name(tier), budget * 100, 1 / budget),
        by_default_
            ? fmt::format("raise the objective above {:.6g}%, or write 'tiers' yourself",
                          (1 - 1 / tier.factor) * 100)
            : fmt::format("choose a 'burn' below {:.6g}, or a higher objective", 1 / budget));
  return false;
}

bool TierChecker::leaves_room_for_min_bad(const PlacedTier& placed) {
  const double seconds = to_seconds(rule_.most_inside(placed.tier.short_window));
  if (rule_.sli.is_events() || rule_.min_bad <= seconds) return true;
  error(map_.node().find("min_bad"), "min_bad",
        fmt::format("{} can never fire: 'min_bad' ({}) is longer than its short window",
                    name(placed.tier), format_duration(from_seconds(rule_.min_bad))),
        fmt::format("at most {} fits into it",
                    format_duration(rule_.most_inside(placed.tier.short_window))));
  return false;
}

// A sample counts until the next one, so one that is bad is `sample_every` of bad time.
bool TierChecker::takes_more_than_a_sample(const PlacedTier& placed) {
  if (rule_.sli.is_events()) return true;
  const SloTier& tier = placed.tier;
  const double sample = to_seconds(sample_every_);
  const double fires_after =
      tier.factor * rule_.budget() * to_seconds(rule_.most_inside(tier.long_window));
  if (sample <= fires_after || rule_.min_bad > sample) return true;
  const double budget = rule_.budget() * to_seconds(rule_.most_inside(rule_.window.length));
  error(placed.burn, "objective",
        fmt::format("one bad sample ({}) sets off {}: {} of bad time are enough",
                    format_duration(sample_every_), name(tier),
                    describe_duration(from_seconds(fires_after))),
        2 * sample <= budget ? fmt::format("add 'min_bad: {}', or lower the objective",
                                           format_duration(2 * sample_every_))
                             : fmt::format("lower the objective: its whole budget is {}",
                                           describe_duration(from_seconds(budget))));
  return false;
}

bool TierChecker::budget_covers_min_bad() {
  const double budget = rule_.budget() * to_seconds(rule_.most_inside(rule_.window.length));
  if (rule_.sli.is_events() || rule_.min_bad <= budget) return true;
  error(map_.node().find("min_bad"), "min_bad",
        fmt::format("'min_bad' ({}) is more than the whole budget: {} of {} may be bad",
                    format_duration(from_seconds(rule_.min_bad)),
                    describe_duration(from_seconds(budget)), format_duration(rule_.window.length)),
        "choose a smaller one, or a lower objective");
  return false;
}

void TierChecker::check_twice(const std::vector<PlacedTier>& tiers) {
  for (size_t i = 0; i < tiers.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const SloTier& one = tiers[j].tier;
      const SloTier& other = tiers[i].tier;
      if (one.long_window != other.long_window || one.short_window != other.short_window ||
          one.severity != other.severity) {
        continue;
      }
      map_.error(
          *tiers[i].burn,
          fmt::format("there is a {} tier over {} and {} already", severity_name(other.severity),
                      format_duration(other.long_window), format_duration(other.short_window)),
          "the lower burn would always hold first: keep one of them");
    }
  }
}

std::string TierChecker::name(const SloTier& tier) const {
  return fmt::format("the {}tier {}x over {} and {}", by_default_ ? "default " : "", tier.factor,
                     format_duration(tier.long_window), format_duration(tier.short_window));
}

void TierChecker::error(const YamlNode* own, const char* key_of_default, std::string what,
                        std::string advice) {
  const YamlNode* const key = map_.node().find(key_of_default);
  const YamlNode& at = own != nullptr ? *own : key != nullptr ? *key : map_.node();
  map_.error(at, std::move(what), std::move(advice));
}

}  // namespace

void check_tiers(YamlMap& map, const SloRule& rule, const std::vector<PlacedTier>& tiers,
                 Duration sample_every) {
  TierChecker checker(map, rule, tiers.empty(), sample_every);
  if (!checker.budget_covers_min_bad()) return;
  for (const PlacedTier& placed : tiers) (void)checker.check(placed);
  checker.check_twice(tiers);
  if (!tiers.empty()) return;
  // The author chose none of these: the first mistake says enough.
  for (const SloTier& tier : default_tiers(rule.window.length)) {
    if (!checker.check({tier, nullptr, nullptr, nullptr})) return;
  }
}

}  // namespace highwater::rules
