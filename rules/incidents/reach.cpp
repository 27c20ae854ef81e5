#include "rules/incidents/reach.h"

#include <algorithm>
#include <unordered_map>

namespace highwater::rules {
namespace {

constexpr size_t kMaxReached = 200'000;  // dependents of one entity, at most

bool is_recent(SteadyTime last, SteadyTime at) {
  return last == SteadyTime::max() || last + kAftermath >= at;
}

}  // namespace

void Reach::follow(const DependencyGraph& graph, Node start, SteadyTime now) {
  const std::vector<Entry> current = walk(graph, start);
  std::vector<Entry> all;
  all.reserve(std::max(entries_.size(), current.size()));
  auto old = entries_.begin();
  const auto keep_old = [&] {
    Entry entry = *old++;
    if (entry.last == SteadyTime::max()) entry.last = now;
    if (entry.last + kAftermath + kAftermath >= now) all.push_back(entry);
  };
  for (const Entry& entry : current) {
    while (old != entries_.end() && old->node < entry.node) keep_old();
    if (old != entries_.end() && old->node == entry.node) ++old;
    all.push_back(entry);
  }
  while (old != entries_.end()) keep_old();
  entries_ = std::move(all);

  for (auto& [topic, last] : topics_) {
    if (last == SteadyTime::max()) last = now;
  }
  for (const Entry& entry : current) {
    if (!entry.hit.plain || graph.label(entry.node, "partition") == nullptr) continue;
    const Symbol* const topic = graph.label(entry.node, "topic");
    if (topic != nullptr) topics_[*topic] = SteadyTime::max();
  }
  std::erase_if(topics_, [&](const auto& topic) { return !is_recent(topic.second, now); });
}

// Breadth first: an entity is met at its shortest distance. It is looked at again only when it
// turns out to be reached in another way too.
std::vector<Reach::Entry> Reach::walk(const DependencyGraph& graph, Node start) const {
  std::unordered_map<Node, Hit> found;
  std::vector<Node> queue{start};
  found[start] = {0, true, false};
  for (size_t i = 0; i < queue.size(); ++i) {
    const Hit from = found[queue[i]];
    for (const DependencyGraph::Edge& edge : graph.dependents_of(queue[i])) {
      const uint32_t hops = from.hops + edge.hops();
      const bool coordinates =
          edge.relation != DependencyGraph::kPart && graph.relations()[edge.relation].coordinates;
      if (hops > kMaxHops) continue;
      const bool plain = from.plain && !coordinates;
      const bool coordinator = from.coordinator || coordinates;
      const auto [place, added] = found.try_emplace(edge.node, Hit{hops, false, false});
      Hit& hit = place->second;
      if (hit.plain >= plain && hit.coordinator >= coordinator) continue;
      hit.plain = hit.plain || plain;
      hit.coordinator = hit.coordinator || coordinator;
      if (queue.size() < kMaxReached) queue.push_back(edge.node);
    }
  }
  std::vector<Entry> entries;
  entries.reserve(found.size());
  for (const auto& [node, hit] : found) entries.push_back({node, hit, SteadyTime::max()});
  std::ranges::sort(entries, {}, &Entry::node);
  return entries;
}

void Reach::renumber(std::span<const Node> numbers) {
  for (Entry& entry : entries_) entry.node = numbers[entry.node];
  std::ranges::sort(entries_, {}, &Entry::node);
}

void Reach::add_nodes_to(std::vector<Node>& nodes) const {
  for (const Entry& entry : entries_) nodes.push_back(entry.node);
}

std::optional<Reach::Hit> Reach::find(Node node, SteadyTime at) const {
  const auto found = std::ranges::lower_bound(entries_, node, {}, &Entry::node);
  if (found == entries_.end() || found->node != node || !is_recent(found->last, at))
    return std::nullopt;
  return found->hit;
}

bool Reach::has_topic(const Symbol& topic, SteadyTime at) const {
  const auto found = topics_.find(topic);
  return found != topics_.end() && is_recent(found->second, at);
}

}  // namespace highwater::rules
