// When people hear of an incident again: what of it is news, and when that may be told.
#include <algorithm>

#include "rules/incidents/incident.h"

namespace highwater::rules {
namespace {

using std::chrono::seconds;

constexpr Duration kBurst = seconds(2);            // evidence comes in bursts: one update for all
constexpr Duration kBetweenUpdates = seconds(30);  // but for one that says something worse
constexpr Duration kFollowsWithin = seconds(20);   // what follows from a fault is told once, then
constexpr size_t kWorthAnUpdate = 5;               // pieces of evidence

// A change of it is news.
std::string_view tier_of(const Alert& headline) {
  return headline.budget ? std::string_view(headline.budget->tier) : std::string_view();
}

}  // namespace

bool OpenIncident::update_due(SteadyTime now) const {
  return has_news() && now >= news_allowed_at();
}

void OpenIncident::sent(Now now, bool as_update) {
  sent_evidence_ = std::max(sent_evidence_, telling());
  sent_consequences_ = std::max(sent_consequences_, consequences_);
  sent_severity_ = shown_.severity;
  sent_gravity_ = gravity_;
  sent_tier_ = tier_of(shown_.headline);
  sent_headline_ = Symbol(shown_.headline.rule);
  sent_facts_ = facts_;
  reason_told_ = reason_told_ || !facts_.empty();
  title_settled_ = title_settled_ || now.steady >= title_settles_at();
  news_since_.reset();
  shown_.updated = now.wall;
  if (as_update) last_update_ = now.steady;
}

std::optional<SteadyTime> OpenIncident::next_deadline(SteadyTime now) const {
  std::optional<SteadyTime> earliest;
  const auto consider = [&](SteadyTime time) {
    if (time > now && (!earliest || time < *earliest)) earliest = time;
  };
  if (has_news()) consider(news_allowed_at());
  if (!title_settled_ && facts_ != sent_facts_) consider(title_settles_at());
  if (!has_cause() && standing_ > 0) consider(*cause_ended_ + kEvidenceOutlives);
  return earliest;
}

// Something worse than was said: it does not wait for the next update.
bool OpenIncident::is_worse_than_sent() const {
  return shown_.severity > sent_severity_ || gravity_ > sent_gravity_;
}

bool OpenIncident::has_news() const {
  // What is over is not told again, but for what is worse.
  if (!has_cause()) return is_worse_than_sent();
  if (is_worse_than_sent() || tier_of(shown_.headline) != sent_tier_) return true;
  if (shown_.headline.rule != sent_headline_.text()) return true;
  if (evidence_is_news()) return true;
  // Why it is so, as soon as that is known.
  if (!reason_told_ && !facts_.empty() && !is_component(headline_traits_.fault)) return true;
  return !title_settled_ && facts_ != sent_facts_;
}

bool OpenIncident::evidence_is_news() const {
  if (is_component(headline_traits_.fault) && consequences_ > sent_consequences_) return true;
  const size_t count = telling();
  if (sent_evidence_ == 0) return count > 0;
  return count >= 2 * sent_evidence_ && count >= sent_evidence_ + kWorthAnUpdate;
}

// Evidence that may be news. What is less grave than the incident itself wakes nobody again, and
// what the title of a broker counts is said there.
size_t OpenIncident::telling() const {
  return grave_ + (is_component(headline_traits_.fault) ? 0 : grave_ground_);
}

SteadyTime OpenIncident::news_allowed_at() const {
  const SteadyTime burst_over = news_since_.value_or(opened_) + kBurst;
  const bool only_title = !is_worse_than_sent() && tier_of(shown_.headline) == sent_tier_ &&
                          shown_.headline.rule == sent_headline_.text() && !evidence_is_news();
  if (only_title && is_component(headline_traits_.fault))
    return std::max(burst_over, title_settles_at());
  if (!last_update_ || is_worse_than_sent()) return burst_over;
  return std::max(burst_over, *last_update_ + kBetweenUpdates);
}

// Kafka needs about ten seconds to give a dead broker's partitions to others.
SteadyTime OpenIncident::title_settles_at() const {
  return opened_ + kFollowsWithin;
}

}  // namespace highwater::rules
