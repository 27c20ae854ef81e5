#include "rules/routing/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

namespace highwater::rules {
namespace {

constexpr std::string_view kOver = "it has ended";
constexpr std::string_view kEnded = "all of them have ended";
constexpr std::string_view kElsewhere = "its incidents are sent on their own, or in other groups";

bool is_hidden(const Incident& incident) {
  return incident.direction != nullptr && !incident.direction->silenced_by.empty();
}

bool is_acknowledged(const Incident& incident) {
  return incident.direction != nullptr && !incident.direction->acknowledged.empty();
}

// In whatever way.
bool leads_to(const Incident& incident, const std::string& receiver) {
  if (incident.direction == nullptr || incident.direction->everyone) return true;
  const auto& hearers = incident.direction->hearers;
  return std::ranges::find(hearers, receiver, &Hearer::receiver) != hearers.end();
}

GroupedIncident grouped(const Incident& incident) {
  return {.id = incident.id,
          .correlation = incident.correlation,
          .rule = incident.cause.rule,
          .entity = incident.cause.entity,
          .labels = incident.cause.labels,
          .title = incident.title.empty() ? incident.cause.entity.text_after(incident.cause.rule)
                                          : incident.title,
          .severity = incident.severity,
          .team = incident.team,
          .runbook = incident.headline.runbook,
          .since = incident.opened,
          .ended = incident.ended};
}

// The open ones first, then the worst, then the oldest.
bool comes_first(const GroupedIncident& one, const GroupedIncident& other) {
  const auto rank = [](const GroupedIncident& it) {
    return std::tuple(it.ended.has_value(), -static_cast<int>(it.severity), it.since, it.id);
  };
  return rank(one) < rank(other);
}

// What all of them have alike; else the other.
template <class Get>
std::string common(const std::vector<GroupedIncident>& all, Get get, std::string other) {
  for (const GroupedIncident& one : all) {
    if (get(one) != get(all.front())) return other;
  }
  return all.empty() ? other : get(all.front());
}

std::string resolution_of(const Incident& incident) {
  if (incident.group->ended == 0) return std::string(kElsewhere);
  if (is_several(incident)) return std::string(kEnded);
  return incident.resolution.empty() ? std::string(kOver) : incident.resolution;
}

// What is said of several.
void describe(const IncidentGroup& group, Incident& incident) {
  const size_t count = group.open > 0 ? group.open : group.total;
  const std::string labels = labels_text(group.labels);
  incident.title = fmt::format("{} incident{}{}", count, count == 1 ? "" : "s",
                               labels.empty() ? "" : " (" + labels + ")");
  // Where nothing is listed: one that each receiver of groups takes.
  incident.severity = group.listed.empty() ? Severity::ticket : Severity::info;
  for (const GroupedIncident& one : group.listed)
    incident.severity = std::max(incident.severity, one.severity);
  Alert& cause = incident.cause;
  cause.rule = common(
      group.listed, [](const GroupedIncident& one) { return one.rule; }, "IncidentGroup");
  for (const auto& [name, value] : group.labels)
    cause.entity.labels.emplace_back(Symbol(name), Symbol(value));
  std::ranges::sort(cause.entity.labels);
  cause.severity = incident.severity;
  cause.state = AlertState::firing;
  cause.summary = incident.title;
  if (!group.listed.empty()) cause.runbook = group.listed.front().runbook;
  incident.headline = cause;
  incident.team = common(
      group.listed, [](const GroupedIncident& one) { return one.team; }, std::string());
}

}  // namespace

void Groups::gather(Report& report, const Listeners& listeners, const HeardOf& heard_of) {
  const Now now = report.at;
  Incidents open;
  for (const Incident& incident : report.incidents) open.emplace(incident.id, &incident);
  Incidents known = open;
  for (const Transition& transition : report.transitions) {
    const Incident& incident = transition.incident;
    known.emplace(incident.id, &incident);
    // One that opened and ended within this report is told as well.
    if (transition.kind == TransitionKind::opened) open.emplace(incident.id, &incident);
  }
  std::erase_if(groups_, [&](const auto& entry) {
    const bool gone = !listeners.contains(entry.first.receiver);
    if (gone) ++version_;
    return gone;
  });
  for (auto& [key, group] : groups_) {
    if (group.anchored) continue;
    for (std::optional<Now>* const at : {&group.news_at, &group.told_at}) {
      if (*at) (*at)->steady = to_steady((*at)->wall, now);
    }
    group.anchored = true;
  }
  const Places places = places_of(open, listeners);
  for (const auto& [key, here] : places) join(key, here, listeners.at(key.receiver));
  const Telling telling{now, known, report.groups};
  for (auto& [key, group] : groups_) {
    const auto here = places.find(key);
    const Listener& listener = listeners.at(key.receiver);
    leave(key, group, here == places.end() ? std::vector<Place>() : here->second, listener, open,
          now);
    forget_told_ends(key, group, heard_of);
    tell(key, group, listener, telling);
  }
  std::erase_if(groups_, [&](const auto& entry) {
    const Group& group = entry.second;
    const bool rests = group.told_at && now.steady < group.told_at->steady + group.interval;
    const bool over = group.members.empty() && group.ended.empty() && !group.opened && !rests;
    if (over) ++version_;
    return over;
  });
}

Groups::Places Groups::places_of(const Incidents& open, const Listeners& listeners) {
  Places places;
  for (const auto& [id, incident] : open) {
    if (incident->direction == nullptr) continue;
    for (const Hearer& hearer : incident->direction->hearers) {
      const auto listener = listeners.find(hearer.receiver);
      if (!hearer.group || listener == listeners.end()) continue;
      if (incident->severity < listener->second.lowest) continue;
      places[{hearer.group->line, hearer.receiver, hearer.group->labels}].push_back(
          {incident, &hearer});
    }
  }
  return places;
}

void Groups::join(const Key& key, const std::vector<Place>& places, const Listener& listener) {
  for (const Place& place : places) {
    const Incident& incident = *place.incident;
    const bool hidden = is_hidden(incident);
    auto found = groups_.find(key);
    if (found == groups_.end() && hidden) continue;
    if (found == groups_.end()) found = groups_.try_emplace(key).first;
    Group& group = found->second;
    const GroupPlace& where = *place.hearer->group;
    group.wait = where.wait;
    group.interval = where.interval;
    group.repeat = place.hearer->repeat_interval.value_or(listener.repeat_interval);
    auto member = group.members.find(incident.id);
    if (hidden && (member == group.members.end() || !member->second.told)) {
      if (group.members.erase(incident.id) > 0) ++version_;
      continue;
    }
    if (member == group.members.end()) {
      if (group.members.empty() && group.ended.empty() && !group.opened) begin(group);
      group.since = group.total == 0 ? incident.opened : std::min(group.since, incident.opened);
      ++group.total;
      ++version_;
      member = group.members.try_emplace(incident.id).first;
    }
    Member& one = member->second;
    one.shown = grouped(incident);
    if (one.hidden && !hidden) one.back = true;
    one.hidden = hidden;
    one.quiet = is_acknowledged(incident);
  }
}

void Groups::begin(Group& group) {
  group.id = next_++;
  group.correlation = TraceId::random();
  group.sequence = 0;
  group.total = 0;
}

// Those that no line leads here any more. Whoever heard of one hears of its end.
void Groups::leave(const Key& key, Group& group, const std::vector<Place>& places,
                   const Listener& listener, const Incidents& open, Now now) {
  std::set<uint64_t> stay;
  for (const Place& place : places) stay.insert(place.incident->id);
  for (auto member = group.members.begin(); member != group.members.end();) {
    Member& one = member->second;
    const auto found = open.find(member->first);
    if (stay.contains(member->first)) {
      ++member;
      continue;
    }
    if (found == open.end()) {
      end(group, std::move(one.shown), now.wall);
      member = group.members.erase(member);
      continue;
    }
    const Incident& incident = *found->second;
    const bool hidden = is_hidden(incident);
    const bool told_otherwise =
        !hidden && incident.severity >= listener.lowest && leads_to(incident, key.receiver);
    if (!one.told || told_otherwise) {
      ++version_;
      member = group.members.erase(member);
      continue;
    }
    one.shown = grouped(incident);
    one.hidden = hidden;
    one.quiet = true;
    ++member;
  }
}

// What was not delivered is said once more with what comes next.
void Groups::forget_told_ends(const Key& key, Group& group, const HeardOf& heard_of) {
  const auto is_told = [](const Ended& one) { return one.told; };
  if (group.more_ended_told == 0 && std::ranges::none_of(group.ended, is_told)) return;
  if (heard_of && heard_of(key.receiver, group.id) == Hearing::waits) return;
  std::erase_if(group.ended, is_told);
  group.more_ended_told = 0;
  ++version_;
}

void Groups::end(Group& group, GroupedIncident shown, WallTime now) {
  ++version_;
  shown.ended = now;
  if (group.ended.size() < kMostEnded)
    group.ended.push_back({std::move(shown), false});
  else
    ++group.more_ended;
}

bool Groups::has_news(const Group& group, const Listener& listener) {
  const auto is_untold = [](const Ended& one) { return !one.told; };
  const bool ended = group.more_ended > 0 || std::ranges::any_of(group.ended, is_untold);
  // What began and ended before anybody was told of it is told all the same.
  if (ended && (listener.hears_ends || !group.opened)) return true;
  return std::ranges::any_of(group.members,
                             [](const auto& entry) { return entry.second.is_news(); });
}

void Groups::tell(const Key& key, Group& group, const Listener& listener, const Telling& telling) {
  if (group.members.empty() && group.opened) return tell_end(key, group, telling);
  const SteadyTime now = telling.now.steady;
  if (has_news(group, listener)) {
    if (!group.news_at) ++version_;
    if (!group.news_at) group.news_at = telling.now;
    SteadyTime due = group.news_at->steady + group.wait;
    if (group.told_at) due = std::max(due, group.told_at->steady + group.interval);
    if (now < due) return;
    say(key, group, group.opened ? TransitionKind::updated : TransitionKind::opened, telling);
    if (group.members.empty()) tell_end(key, group, telling);
    return;
  }
  group.news_at.reset();
  const bool wanted = std::ranges::any_of(
      group.members, [](const auto& entry) { return !entry.second.quiet && !entry.second.hidden; });
  if (!wanted || !group.told_at || group.repeat <= Duration::zero() ||
      now < group.told_at->steady + group.repeat)
    return;
  say(key, group, TransitionKind::updated, telling);
  telling.notices.back().again = true;
}

void Groups::tell_end(const Key& key, Group& group, const Telling& telling) {
  const std::optional<Now> told_at = group.told_at;
  say(key, group, TransitionKind::resolved, telling);
  group.told_at = told_at;
  group.opened = false;
  group.ended.clear();
  group.more_ended_told = 0;
}

void Groups::say(const Key& key, Group& group, TransitionKind kind, const Telling& telling) {
  ++version_;
  GroupNotice& notice = telling.notices.emplace_back();
  notice.receiver = key.receiver;
  notice.transition.kind = kind;
  notice.transition.sequence = ++group.sequence;
  notice.transition.incident = incident_of(key, group, telling.known);
  if (kind == TransitionKind::resolved)
    notice.transition.resolution = resolution_of(notice.transition.incident);
  group.opened = true;
  group.told_at = telling.now;
  group.news_at.reset();
  for (auto& [id, member] : group.members) {
    if (member.hidden) continue;
    member.told = member.shown.severity;
    member.back = false;
  }
  for (Ended& one : group.ended) one.told = true;
  group.more_ended_told += std::exchange(group.more_ended, 0);
}

Incident Groups::incident_of(const Key& key, const Group& group, const Incidents& known) {
  auto made = std::make_shared<IncidentGroup>();
  made->receiver = key.receiver;
  made->labels = key.labels;
  made->total = group.total;
  for (const auto& [id, member] : group.members) {
    if (member.hidden) continue;
    ++made->open;
    if (member.is_news()) ++made->news;
    made->listed.push_back(member.shown);
  }
  made->ended = group.ended.size() + group.more_ended + group.more_ended_told;
  for (const Ended& one : group.ended) made->listed.push_back(one.shown);
  std::ranges::sort(made->listed, comes_first);
  if (made->listed.size() > kMaxGrouped) made->listed.resize(kMaxGrouped);
  Incident incident;
  if (made->total == 1 && made->listed.size() == 1) {
    const auto found = known.find(made->listed.front().id);
    incident = found == known.end() ? ungrouped(made->listed.front()) : *found->second;
    incident.direction = nullptr;
    incident.ended.reset();
  } else {
    describe(*made, incident);
    incident.opened = group.since;
    incident.updated = group.since;
  }
  incident.id = group.id;
  incident.correlation = group.correlation;
  incident.group = std::move(made);
  return incident;
}

std::vector<Incident> Groups::told() const {
  std::vector<Incident> told;
  for (const auto& [key, group] : groups_) {
    if (group.opened) told.push_back(incident_of(key, group, {}));
  }
  return told;
}

}  // namespace highwater::rules
