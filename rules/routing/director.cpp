#include "rules/routing/director.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

namespace highwater::rules {
namespace {

constexpr std::string_view kIncidentLabel = "incident";

Labels labels_of(const Incident& incident, std::string_view rule, const Entity& entity,
                 const std::vector<std::pair<std::string, std::string>>& own,
                 const Owners& owners) {
  Labels labels(own.begin(), own.end());
  for (const auto& [name, value] : entity.labels) labels[name.text()] = value.text();
  labels["alertname"] = rule;
  labels["severity"] = severity_name(incident.severity);
  labels[std::string(kIncidentLabel)] = std::to_string(incident.id);
  if (!labels.contains("team")) {
    const Owner* const owner = owner_of(owners, labels);
    if (owner != nullptr) labels["team"] = owner->team;
  }
  return labels;
}

bool is_standing_cause(const Evidence& evidence) {
  return evidence.cause && !evidence.ended;
}

// The steps that are due at the same time are one.
void add_step(const NextStep& step, std::optional<EscalationStep>& made) {
  if (made && step.at > made->at) return;
  if (!made || step.at < made->at) made = EscalationStep{step.at, {}};
  for (const std::string& receiver : step.step.to) {
    if (std::ranges::find(made->to, receiver) == made->to.end()) made->to.push_back(receiver);
  }
}

bool is_cause(const Incident& incident, const Alert& alert) {
  const auto is = [&](std::string_view rule, const Entity& entity) {
    return alert.rule == rule && alert.entity == entity;
  };
  if (is(incident.cause.rule, incident.cause.entity) ||
      is(incident.headline.rule, incident.headline.entity))
    return true;
  return std::ranges::any_of(incident.evidence, [&](const Evidence& item) {
    return is_standing_cause(item) && is(item.rule, item.entity);
  });
}

// "topic orders", "group billing topic orders"
std::string name_of(const Entity& entity) {
  std::string name;
  for (const auto& [label, value] : entity.labels) {
    if (label.text() == "cluster") continue;
    name += fmt::format("{}{} {}", name.empty() ? "" : " ", label.text(), value.text());
  }
  return name.empty() ? entity.text() : name;
}

// Differs when something that is looked at does.
size_t signature_of(const Incident& incident) {
  size_t hash = static_cast<size_t>(incident.severity) * 31 + incident.unlisted_causes;
  const auto add = [&](std::string_view rule, const Entity& entity) {
    hash = (hash * 31 + std::hash<std::string_view>{}(rule)) * 31 + entity.hash();
  };
  add(incident.headline.rule, incident.headline.entity);
  for (const Evidence& item : incident.evidence) {
    if (is_standing_cause(item)) add(item.rule, item.entity);
  }
  return hash;
}

}  // namespace

Subjects subjects_of(const Incident& incident, const Owners& owners) {
  Subjects subjects;
  const auto add = [&](std::string_view rule, const Entity& entity,
                       const std::vector<std::pair<std::string, std::string>>& own) {
    Labels labels = labels_of(incident, rule, entity, own, owners);
    if (std::ranges::find(subjects.causes, labels) == subjects.causes.end())
      subjects.causes.push_back(std::move(labels));
  };
  const Alert& cause = incident.cause;
  const Alert& headline = incident.headline;
  add(cause.rule, cause.entity, cause.labels);
  if (headline.rule != cause.rule || headline.entity != cause.entity)
    add(headline.rule, headline.entity, headline.labels);
  for (const Evidence& item : incident.evidence) {
    if (!is_standing_cause(item)) continue;
    if (item.rule == headline.rule && item.entity == headline.entity) continue;
    add(item.rule, item.entity,
        item.rule == cause.rule ? cause.labels
                                : std::vector<std::pair<std::string, std::string>>{});
  }
  if (incident.unlisted_causes > 0) {
    // They are of the same rule, in the same cluster.
    Labels& others = subjects.others.emplace();
    for (const char* const name : {"alertname", "severity", "cluster", "incident"}) {
      const auto found = subjects.causes.front().find(name);
      if (found != subjects.causes.front().end()) others.insert(*found);
    }
  }
  return subjects;
}

bool covers(const Silence& silence, const Labels& cause, uint64_t incident) {
  const bool meant = silence.incidents.empty() ||
                     std::ranges::find(silence.incidents, incident) != silence.incidents.end();
  return meant && silence.matcher.matches(cause);
}

Hiding hiding(const ActiveSilences& active, const Subjects& subjects, uint64_t incident) {
  Hiding hiding;
  const auto is_covered = [&](const Labels& cause) {
    bool covered = false;
    for (const Silence* const silence : active) {
      if (!covers(*silence, cause, incident)) continue;
      covered = true;
      if (std::ranges::find(hiding.by, silence) == hiding.by.end()) hiding.by.push_back(silence);
    }
    return covered;
  };
  for (const Labels& cause : subjects.causes) {
    if (!is_covered(cause)) hiding.left.push_back(&cause);
  }
  // Where the others lead is not known: to wherever one of the listed does.
  if (subjects.others && !is_covered(*subjects.others)) {
    hiding.left.clear();
    for (const Labels& cause : subjects.causes) hiding.left.push_back(&cause);
  }
  return hiding;
}

bool RoutingPlan::escalates() const {
  return std::ranges::any_of(routes, [](const Route& line) { return !line.escalate.empty(); });
}

bool RoutingPlan::leads_by_evidence() const {
  return std::ranges::any_of(routes, &Route::as_evidence);
}

void Director::replace(RoutingPlan plan) {
  plan_ = std::move(plan);
  known_.clear();
}

ActiveSilences Director::active(WallTime now) const {
  ActiveSilences active;
  const auto add = [&](const std::vector<Silence>& silences) {
    for (const Silence& silence : silences) {
      if (silence.active(now)) active.push_back(&silence);
    }
  };
  add(plan_.maintenance);
  add(silences_.all());
  return active;
}

std::vector<std::string> Director::direct(Report& report, const HeardOf& heard_of) {
  const WallTime now = report.at.wall;
  std::set<uint64_t> open;
  for (const Incident& incident : report.incidents) open.insert(incident.id);
  std::vector<std::string> ended;
  for (const Silence& silence : silences_.expire(now, open)) ended.push_back(silence.text(now));
  for (const Ack& ack : acks_.expire(now, report.incidents))
    ended.push_back(fmt::format("acknowledgement of incident {}, {}", ack.incident, ack.text()));

  OpenLines lines = open_lines(plan_.routes, now);
  active_ = active(now);
  std::vector<std::string> texts;
  for (const Silence* const silence : active_) texts.push_back(silence->text(now));
  if (lines != open_lines_ || texts != active_texts_ || acks_.version() != acks_version_) {
    acks_version_ = acks_.version();
    open_lines_ = std::move(lines);
    active_texts_ = std::move(texts);
    for (auto& [id, known] : known_) known.signature = 0;
  }
  report.silences = active_.size();
  ++round_;
  unattended_.keep_only(open);
  ack_links_->keep_only(open);
  if (plan_.leads_by_evidence()) {
    for (const Alert& alert : report.alerts) {
      if (alert.incident != 0) evidence_[alert.incident].push_back(&alert);
    }
  }
  for (Incident& incident : report.incidents)
    incident.direction = direction_of(incident, report.at, heard_of);
  for (Transition& transition : report.transitions) {
    if (transition.kind != TransitionKind::resolved)
      transition.incident.direction = direction_of(transition.incident, report.at, heard_of);
  }
  std::erase_if(known_, [this](const auto& entry) { return entry.second.seen != round_; });
  evidence_.clear();
  groups_.gather(report, plan_.listeners, heard_of);
  return ended;
}

std::vector<StateRecord> Director::records() const {
  std::vector<StateRecord> records;
  silences_.add_records(records);
  acks_.add_records(records);
  ack_links_->add_records(records);
  unattended_.add_records(records);
  groups_.add_records(records);
  return records;
}

std::vector<std::string> Director::restore(std::span<const StateRecord> records) {
  std::vector<std::string> problems = silences_.restore(records);
  for (std::string& problem : acks_.restore(records)) problems.push_back(std::move(problem));
  for (std::string& problem : ack_links_->restore(records)) problems.push_back(std::move(problem));
  for (std::string& problem : unattended_.restore(records)) problems.push_back(std::move(problem));
  for (std::string& problem : groups_.restore(records)) problems.push_back(std::move(problem));
  return problems;
}

DirectionPtr Director::direction_of(const Incident& incident, Now now, const HeardOf& heard_of) {
  Known& known = known_[incident.id];
  known.seen = round_;
  const size_t signature = (signature_of(incident) + evidence_signature(incident.id)) | 1U;
  const bool due = known.due && now.steady >= *known.due;
  if (known.signature == signature && !due) return known.direction;
  known.signature = signature;
  known.due.reset();
  Direction direction = made_for(incident, now, known);
  // Whoever was told of it by itself, by other routes, goes on to hear of it by itself.
  for (Hearer& hearer : direction.hearers) {
    if (hearer.group && heard_of && heard_of(hearer.receiver, incident.id) != Hearing::nothing)
      hearer.group.reset();
  }
  // Nothing that anybody has to look at.
  const bool usual = direction == Direction();
  if (usual)
    known.direction = nullptr;
  else if (known.direction == nullptr || *known.direction != direction)
    known.direction = std::make_shared<const Direction>(std::move(direction));
  return known.direction;
}

Direction Director::made_for(const Incident& incident, Now now, Known& known) {
  Direction direction;
  direction.everyone = plan_.routes.empty();
  const Ack* const ack = acks_.find(incident.id);
  if (ack != nullptr) direction.acknowledged = ack->text();
  if (direction.everyone && active_.empty()) return direction;
  const Subjects subjects = subjects_of(incident, plan_.owners);
  Hiding hidden = hiding(active_, subjects, incident.id);
  const bool is_hidden = hidden.left.empty();
  for (const Silence* const silence : hidden.by) {
    if (is_hidden) direction.silenced_by.push_back(silence->text(now.wall));
  }
  // One that is hidden leads to whom it will be told when the silence ends.
  if (is_hidden) {
    for (const Labels& cause : subjects.causes) hidden.left.push_back(&cause);
  }

  std::optional<Unanswered> unanswered;
  if (ack != nullptr || is_hidden || !plan_.escalates()) {
    unattended_.end(incident.id);
  } else {
    const Unattended::Since& since = unattended_.begin(incident, now);
    unanswered = Unanswered{since.at.wall, since.age(now), now.wall};
  }
  for (const Labels* const cause : hidden.left) {
    const Routed routed = route(plan_.routes, open_lines_, *cause, unanswered);
    add_hearers(routed.hearers, direction.hearers);
    for (const NextStep& step : routed.next) {
      add_step(step, direction.next);
      const SteadyTime due = now.steady + step.in;
      known.due = std::min(known.due.value_or(due), due);
    }
  }
  add_affected(incident, direction.hearers);
  return direction;
}

// Whatever their order is.
size_t Director::evidence_signature(uint64_t incident) const {
  const auto found = evidence_.find(incident);
  if (found == evidence_.end()) return 0;
  size_t signature = 0;
  for (const Alert* const alert : found->second)
    signature += (std::hash<std::string>{}(alert->rule) ^ alert->entity.hash()) * 31 +
                 static_cast<size_t>(alert->severity);
  return signature;
}

void Director::add_affected(const Incident& incident, std::vector<Hearer>& hearers) const {
  const auto found = evidence_.find(incident.id);
  if (found == evidence_.end()) return;
  std::set<std::pair<std::string, std::string>> said;  // receiver and what is affected
  for (const Alert* const alert : found->second) {
    if (is_cause(incident, *alert)) continue;
    Subjects subjects;
    Labels& labels = subjects.causes.emplace_back(
        labels_of(incident, alert->rule, alert->entity, alert->labels, plan_.owners));
    labels["severity"] = severity_name(alert->severity);
    if (hiding(active_, subjects, incident.id).left.empty()) continue;
    for (Hearer& hearer : route_evidence(plan_.routes, open_lines_, labels)) {
      auto known = std::ranges::find(hearers, hearer.receiver, &Hearer::receiver);
      // Whoever hears of it anyway needs no reason.
      if (known != hearers.end() && known->affected_count == 0) continue;
      const std::string name = name_of(alert->entity);
      if (!said.emplace(hearer.receiver, name).second) continue;
      if (known == hearers.end()) known = hearers.insert(hearers.end(), std::move(hearer));
      ++known->affected_count;
      if (known->affected.size() < kMaxAffected) known->affected.push_back(name);
    }
  }
}

std::vector<uint64_t> Director::hidden_by(const Silence& silence, const RoutingPlan& plan,
                                          const std::vector<Incident>& open) {
  std::vector<uint64_t> hidden;
  for (const Incident& incident : open) {
    const Subjects subjects = subjects_of(incident, plan.owners);
    if (hiding({&silence}, subjects, incident.id).left.empty()) hidden.push_back(incident.id);
  }
  return hidden;
}

}  // namespace highwater::rules
