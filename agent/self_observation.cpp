#include "agent/self_observation.h"

#include <fmt/format.h>

#include <algorithm>

namespace highwater::agent {
namespace {

constexpr auto kFailingAfter = std::chrono::minutes(5);
// It is asked every few seconds; what passed beyond that is a pause, in which nothing was tried.
constexpr Duration kLongestGap = std::chrono::seconds(15);

const Measure kNotificationFailing{"notification_failing",
                                   "1 when a receiver of notifications refused them for good, or "
                                   "could not be reached for 5 minutes; unknown until it took one.",
                                   Unit::boolean,
                                   MeasureType::gauge,
                                   {"cluster", "receiver"}};
const Measure kStateFailing{
    "state_failing",
    "1 when alerts, incidents and budgets cannot be written to the disk, or "
    "what was there could not be read: a restart forgets them.",
    Unit::boolean,
    MeasureType::gauge,
    {"cluster"}};
const Measure kReloadFailing{
    "reload_failing",
    "1 when the configuration was to be read again and has mistakes: the rules of before go on.",
    Unit::boolean,
    MeasureType::gauge,
    {"cluster", "file"}};
const Measure kRecordingDropped{
    "recording_dropped_total",
    "Moments that are not in the recording, because its disk was full, slow or out of reach; a "
    "replay takes what happened then for unknown.",
    Unit::count,
    MeasureType::counter,
    {"cluster"}};
const Measure kRuleJudgesNothing{
    "rule_judges_nothing",
    "1 when a rule or SLO of the user looks at no row at all, so that it can never fire; unknown "
    "while what it looks at cannot be read.",
    Unit::boolean,
    MeasureType::gauge,
    {"cluster", "rule"}};
const Measure kCertificateExpiry{
    "agent_certificate_expiry_seconds",
    "For how long the certificate of the agent's own server is still valid; negative: it expired.",
    Unit::seconds,
    MeasureType::gauge,
    {"cluster"}};
const Measure* const kMeasures[] = {&kNotificationFailing, &kStateFailing,
                                    &kReloadFailing,       &kRecordingDropped,
                                    &kRuleJudgesNothing,   &kCertificateExpiry};

std::shared_ptr<const KeySet> one_row(const Measure& measure, std::vector<Symbol> cells) {
  return std::make_shared<const KeySet>(measure.dimensions, std::move(cells));
}

}  // namespace

std::span<const Measure* const> self_measures() {
  return kMeasures;
}

ObservationPtr SelfObserver::observe(const SelfStatus& status, Now now) {
  const Symbol cluster(kSelfCluster);
  const std::vector<notify::ReceiverStats>& receivers = status.receivers;
  if (!keys_ || !std::ranges::equal(receivers, names_, {}, &notify::ReceiverStats::name)) {
    std::vector<Symbol> cells;
    names_.clear();
    for (const auto& receiver : receivers) {
      names_.push_back(receiver.name);
      cells.push_back(cluster);
      cells.emplace_back(receiver.name);
    }
    keys_ = std::make_shared<const KeySet>(kNotificationFailing.dimensions, std::move(cells));
  }
  Observation observation;
  observation.cluster = cluster;
  observation.part = kAgentPart;
  observation.at = now;
  observation.cadence = std::chrono::seconds(5);
  const Duration gap = now.steady - observed_.value_or(now.steady);
  observed_ = now.steady;
  if (gap > kLongestGap) {
    for (auto& [name, since] : failing_since_) since += gap - kLongestGap;
  }
  TableBuilder failing(kNotificationFailing, keys_);
  for (size_t i = 0; i < receivers.size(); ++i) {
    const auto& receiver = receivers[i];
    if (receiver.last_error.empty()) {
      failing_since_.erase(receiver.name);
    } else {
      failing_since_.try_emplace(receiver.name, now.steady);
      observation.notes.push_back(
          {Entity(kNotificationFailing.dimensions, keys_->row(i)), receiver.last_error});
    }
    const auto since = failing_since_.find(receiver.name);
    const bool fails = since != failing_since_.end() &&
                       (receiver.misconfigured || now.steady - since->second >= kFailingAfter);
    // What was never delivered since the start may have failed for long before it.
    if (fails || receiver.last_success)
      failing.set(i, fails ? 1 : 0);
    else
      failing.set_unknown(i, Unknown::not_asked);
  }
  observation.tables.push_back(std::move(failing).build());
  if (!own_keys_) {
    own_keys_ = one_row(kStateFailing, {cluster});
    file_keys_ = one_row(kReloadFailing, {cluster, Symbol(status.config_file)});
  }
  const auto add_own = [&](const Measure& measure, const std::shared_ptr<const KeySet>& keys,
                           double value, const std::string& problem) {
    TableBuilder table(measure, keys);
    table.set(0, value);
    observation.tables.push_back(std::move(table).build());
    if (!problem.empty())
      observation.notes.push_back({Entity(measure.dimensions, keys->row(0)), problem});
  };
  const auto add_problem = [&](const Measure& measure, const std::shared_ptr<const KeySet>& keys,
                               const std::string& problem) {
    add_own(measure, keys, problem.empty() ? 0 : 1, problem);
  };
  add_problem(kStateFailing, own_keys_, status.state_problem);
  add_problem(kReloadFailing, file_keys_, status.reload_problem);
  if (status.recording)
    add_own(kRecordingDropped, own_keys_, static_cast<double>(status.recording->dropped), {});
  if (status.certificate_expiry)
    add_own(kCertificateExpiry, own_keys_, to_seconds(*status.certificate_expiry - now.wall), {});
  add_rules(status.rules, observation);
  return std::make_shared<const Observation>(std::move(observation));
}

void SelfObserver::add_rules(const std::vector<RuleRows>& rules, Observation& observation) {
  if (rules.empty()) return;
  if (!rule_keys_ || !std::ranges::equal(rules, rule_names_, {}, &RuleRows::rule)) {
    std::vector<Symbol> cells;
    rule_names_.clear();
    for (const RuleRows& rule : rules) {
      rule_names_.push_back(rule.rule);
      cells.insert(cells.end(), {observation.cluster, Symbol(rule.rule)});
    }
    rule_keys_ = std::make_shared<const KeySet>(kRuleJudgesNothing.dimensions, std::move(cells));
  }
  TableBuilder nothing(kRuleJudgesNothing, rule_keys_);
  for (size_t i = 0; i < rules.size(); ++i) {
    if (!rules[i].nothing) {
      nothing.set_unknown(i, Unknown::not_asked);
      continue;
    }
    nothing.set(i, *rules[i].nothing ? 1 : 0);
    if (!*rules[i].nothing) continue;
    const Entity entity(kRuleJudgesNothing.dimensions, rule_keys_->row(i));
    observation.notes.push_back({entity, rules[i].why});
    observation.problems.push_back(
        {fmt::format("{} judges nothing: {}", rules[i].rule, rules[i].why), entity});
  }
  observation.tables.push_back(std::move(nothing).build());
}

}  // namespace highwater::agent
