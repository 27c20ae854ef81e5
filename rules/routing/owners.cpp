#include "rules/routing/owners.h"

#include <algorithm>

namespace highwater::rules {
namespace {

bool any_matches(const std::vector<Pattern>& patterns, std::string_view value) {
  return !value.empty() && std::ranges::any_of(patterns, [&](const Pattern& pattern) {
    return pattern.matches(value);
  });
}

struct Place {
  std::string_view cluster;
  std::string_view topic;
  std::string_view group;
};

const Owner* find_owner(const Owners& owners, const Place& place) {
  const auto owns = [&](const Owner& owner) {
    if (!owner.clusters.empty() && !any_matches(owner.clusters, place.cluster)) return false;
    if (owner.topics.empty() && owner.groups.empty()) return true;
    return any_matches(owner.topics, place.topic) || any_matches(owner.groups, place.group);
  };
  const auto found = std::ranges::find_if(owners, owns);
  return found == owners.end() ? nullptr : &*found;
}

}  // namespace

const Owner* owner_of(const Owners& owners, const Labels& labels) {
  const auto value = [&](std::string_view name) {
    const auto found = labels.find(name);
    return found == labels.end() ? std::string_view() : std::string_view(found->second);
  };
  return find_owner(owners, {value("cluster"), value("topic"), value("group")});
}

std::string team_of(const Owners& owners, const Alert& alert) {
  for (const auto& [name, value] : alert.labels) {
    if (name == "team") return value;
  }
  const Entity& entity = alert.entity;
  const Symbol cluster = entity.label("cluster");
  const Symbol topic = entity.label("topic");
  const Symbol group = entity.label("group");
  const Owner* const owner = find_owner(owners, {cluster.text(), topic.text(), group.text()});
  return owner == nullptr ? std::string() : owner->team;
}

}  // namespace highwater::rules
