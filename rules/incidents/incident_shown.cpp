// What people see of an incident: which of its alerts are listed, which one gives the title, and
// whom all of it is about.
#include <algorithm>
#include <set>

#include "rules/incidents/incident.h"

namespace highwater::rules {
namespace {

Impact affected(std::string_view noun, const std::set<std::string>& names) {
  Impact impact{
      std::string(noun) + (names.size() == 1 ? "" : "s"), "affected", names.size(), {}, false};
  for (const std::string& name : names) {
    if (impact.names.size() == kMaxImpactNames) break;
    impact.names.push_back(name);
  }
  return impact;
}

}  // namespace

void OpenIncident::refresh(Now now) {
  if (cause_ != nullptr) shown_.cause = cause_->alert;
  if (members_changed_) {
    choose_shown();
    note_members();
  }
  members_changed_ = false;
  for (size_t i = 0; i < chosen_.size(); ++i) {
    shown_.evidence[i] = chosen_[i]->evidence;
    if (chosen_[i]->live != nullptr) shown_.evidence[i].summary = chosen_[i]->live->alert.summary;
  }
  choose_headline();
  compose();
  const std::optional<SteadyTime> over = cause_over();
  shown_.cause_over = over ? std::optional(to_wall(*over, now)) : std::nullopt;
  if (has_news() && !news_since_) news_since_ = now.steady;
}

std::optional<SteadyTime> OpenIncident::cause_over() const {
  if (!has_cause()) return cause_ended_;
  std::optional<SteadyTime> over;
  bool holds = false;
  const auto look = [&](const LiveAlert& alert) {
    if (alert.clear_since)
      over = std::max(over.value_or(*alert.clear_since), *alert.clear_since);
    else
      holds = true;
  };
  if (cause_ != nullptr) look(*cause_);
  if (standing_causes_ > 0) {
    for (const auto& [key, member] : members_) {
      if (is_standing_cause(&member)) look(*member.live);
    }
  }
  return holds ? std::nullopt : over;
}

// While no cause stands the incident keeps its last name, unless something graver is found: what
// followed from it ends a little later, and is not what the incident was about.
void OpenIncident::choose_headline() {
  const LiveAlert* best = cause_;
  HeadlineRank rank;
  if (cause_ != nullptr) {
    shown_.severity = std::max(shown_.severity, cause_->alert.severity);
    rank = HeadlineRank(*cause_, true);
  }
  if (worst_ != nullptr && worst_->live != nullptr) {
    const HeadlineRank other(*worst_->live, worst_->evidence.cause);
    shown_.severity = std::max(shown_.severity, worst_->live->alert.severity);
    if (best == nullptr || other.worse_than(rank)) {
      best = worst_->live;
      rank = other;
    }
  }
  if (best == nullptr) return;
  const bool renamed = !shown_.title.empty() && key_of(*best) != key_of(shown_.headline);
  if (renamed && !has_cause() && rank.gravity <= gravity_) return;
  const bool lost = loss_ && loss_->rank.gravity > rank.gravity;
  shown_.headline = lost ? loss_->alert : best->alert;
  headline_traits_ = lost ? loss_->traits : best->rule->traits;
  gravity_ = lost ? loss_->rank.gravity : rank.gravity;
}

void OpenIncident::compose() {
  TitleParts parts;
  parts.headline = &shown_.headline;
  parts.traits = &headline_traits_;
  parts.impact = &hanging_;
  const Symbol rule(shown_.headline.rule);
  const auto peers = causes_by_rule_.find(rule);
  if (peers != causes_by_rule_.end()) parts.peers = &peers->second;
  for (const auto& [name, others] : ground_by_rule_) {
    if (name != rule) parts.consequences.push_back(&others);
  }
  consequences_ =
      static_cast<size_t>(std::ranges::count_if(parts.consequences, [](const Peers* of) {
        return of->traits->fault != Fault::offline && !of->traits->consequence.empty();
      }));
  const auto remarks = remarks_.find(shown_.headline.entity.label("group"));
  if (remarks != remarks_.end()) {
    for (const auto& [name, others] : remarks->second) {
      if (name != rule) parts.remarks.push_back(&others);
    }
  }
  if (has_cause() || shown_.title.empty() || gravity_ > gravest_) {
    facts_ = title_facts(parts);
    shown_.title = compose_title(parts);
    if (gravity_ >= gravest_) gravest_title_ = shown_.title;
    gravest_ = std::max(gravest_, gravity_);
  }
  shown_.impact = hanging_;
  shown_.impact.insert(shown_.impact.end(), affected_.begin(), affected_.end());
}

void OpenIncident::choose_shown() {
  chosen_.clear();
  worst_ = nullptr;
  for (const auto& [key, member] : members_)
    shown_.severity = std::max(shown_.severity, member.evidence.severity);
  grave_ = 0;
  grave_ground_ = 0;
  for (const auto& [key, member] : members_) {
    chosen_.push_back(&member);
    if (member.live == nullptr) continue;
    if (member.live->alert.severity >= shown_.severity)
      ++(member.live->rule->traits.ground ? grave_ground_ : grave_);
    if (worst_ == nullptr || is_worse_headline(member, *worst_)) worst_ = &member;
  }
  const size_t count = std::min(chosen_.size(), kMaxEvidence);
  std::partial_sort(chosen_.begin(), chosen_.begin() + static_cast<ptrdiff_t>(count), chosen_.end(),
                    worse);
  chosen_.resize(count);
  shown_.evidence.resize(count);
  shown_.unlisted_causes =
      standing_causes_ - static_cast<size_t>(std::ranges::count_if(chosen_, is_standing_cause));
}

// What the title needs: the causes by their rules, other ground faults, and whom all is about.
void OpenIncident::note_members() {
  causes_by_rule_.clear();
  ground_by_rule_.clear();
  remarks_.clear();
  std::set<std::string> groups;
  std::set<std::string> topics;
  const auto note = [&](const LiveAlert& alert, bool is_cause) {
    const FaultTraits& traits = alert.rule->traits;
    const auto add = [&](std::map<Symbol, Peers>& peers) {
      Peers& of = peers[alert.rule->name];
      of.traits = &traits;
      of.add(alert.alert.entity);
    };
    const Symbol group = alert.alert.entity.label("group");
    if (is_cause) add(causes_by_rule_);
    if (traits.ground)
      add(ground_by_rule_);
    else if (!group.text().empty() && !traits.consequence.empty())
      add(remarks_[group]);
    const Symbol topic = alert.alert.entity.label("topic");
    if (!group.text().empty()) groups.insert(group.text());
    if (!topic.text().empty()) topics.insert(topic.text());
  };
  if (cause_ != nullptr) note(*cause_, true);
  for (const auto& [key, member] : members_) {
    if (member.live != nullptr) note(*member.live, member.evidence.cause);
  }
  if (cause_ == nullptr && standing_ == 0) return;  // what was said last holds
  affected_.clear();
  if (!groups.empty()) affected_.push_back(affected("group", groups));
  if (!topics.empty()) affected_.push_back(affected("topic", topics));
}

}  // namespace highwater::rules
