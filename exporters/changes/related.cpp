// Which changes may have to do with an incident. See ledger.h.
#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

#include "exporters/changes/ledger.h"

namespace highwater::changes {
namespace {

// What an incident and a change can share.
constexpr std::array<std::string_view, 3> kNames{"topic", "group", "broker"};

bool share_a_name(const Entity& a, const Entity& b) {
  return std::ranges::any_of(kNames, [&](std::string_view name) {
    const Symbol value = a.label(name);
    return !value.empty() && value == b.label(name);
  });
}

bool is_of_the_ground(const Entity& entity) {
  return entity.label("topic").empty() && entity.label("group").empty();
}

// How far from what the incident is about; nothing: they have nothing to do with each other.
std::optional<int> distance(const Change& change, const Incident& incident) {
  if (change.kind == ChangeKind::began_watching) return std::nullopt;
  const Entity& about = incident.cause.entity;
  const bool mark = change.kind == ChangeKind::mark;
  if (change.about.labels.empty()) return mark ? 1 : 3;  // else the agent's own
  const Symbol cluster = change.about.label("cluster");
  const bool any_cluster = mark && cluster.empty();
  if (!any_cluster && cluster != about.label("cluster")) return std::nullopt;
  if (share_a_name(change.about, about) || share_a_name(change.about, incident.headline.entity))
    return 0;
  const bool affected = std::ranges::any_of(incident.evidence, [&](const Evidence& evidence) {
    return share_a_name(change.about, evidence.entity);
  });
  if (affected) return 1;
  // Brokers and the controller carry everything.
  if (is_of_the_ground(change.about)) return mark ? 1 : 2;
  // What is about the whole cluster may come from any of it.
  if (about.labels.size() < 2) return 2;
  return std::nullopt;
}

}  // namespace

WallTime began(const Incident& incident) {
  return std::min(incident.cause.active_since, incident.opened);
}

std::vector<Related> changes_before(const Ledger& ledger, const Incident& incident, size_t most) {
  const WallTime until = began(incident);
  std::vector<Related> found;
  for (Change& change : ledger.between(until - kLookBack, until)) {
    if (const auto far = distance(change, incident)) {
      const Duration before = until - change.at;
      found.push_back({std::move(change), *far, before});
    }
  }
  std::ranges::stable_sort(found, [](const Related& a, const Related& b) {
    return std::tie(a.distance, a.before) < std::tie(b.distance, b.before);
  });
  if (found.size() > most) found.erase(found.begin() + static_cast<ptrdiff_t>(most), found.end());
  return found;
}

}  // namespace highwater::changes
