#include "rules/causes.h"

#include <algorithm>

namespace highwater::rules {
namespace {

// An incident is absorbed by a cause that fires this soon after it; also later, up to the second
// limit, when the cause began first but had to hold for a while before it fired.
constexpr Duration kAbsorbedWithin = std::chrono::seconds(15);
constexpr Duration kAbsorbedAtMost = std::chrono::seconds(30);
constexpr size_t kMaxReached = 200'000;  // dependents remembered for each incident, at most

// Whether anything may depend on the incident's cause by relations.
bool has_relations(const OpenIncident& incident) {
  return !is_about_cluster(incident.cause_key().entity);
}

std::optional<SteadyTime> absorbed_if_begun_by(const OpenIncident& incident, SteadyTime now) {
  const Duration age = now - incident.opened();
  if (age <= kAbsorbedWithin) return now;
  if (age <= kAbsorbedAtMost) return incident.opened();
  return std::nullopt;
}

// What is about {cluster} alone explains nothing, and neither does what only informs: a page must
// not become a footnote to it.
bool explains(const LiveAlert& alert) {
  return !is_about_cluster(alert.alert.entity) && alert.alert.severity != Severity::info;
}

// The node and the parts of it, and the parts of those.
std::vector<DependencyGraph::Node> parts_of(const DependencyGraph& graph,
                                            DependencyGraph::Node node) {
  std::vector<DependencyGraph::Node> parts{node};
  for (size_t i = 0; i < parts.size(); ++i) {
    for (const DependencyGraph::Edge& edge : graph.causes_of(parts[i])) {
      const bool listed = std::find(parts.begin(), parts.end(), edge.node) != parts.end();
      if (edge.hops == 0 && !listed) parts.push_back(edge.node);
    }
  }
  return parts;
}

// All that is reached from the node over these edges, in rising order; the node too.
template <class EdgesOf>
std::vector<DependencyGraph::Node> reached_from(const DependencyGraph& graph,
                                                DependencyGraph::Node start, EdgesOf edges_of) {
  std::vector<uint8_t> seen(graph.nodes(), 0);
  std::vector<DependencyGraph::Node> found{start};
  std::vector<uint32_t> hops{0};
  seen[start] = 1;
  for (size_t i = 0; i < found.size(); ++i) {
    for (const DependencyGraph::Edge& edge : edges_of(found[i])) {
      const uint32_t distance = hops[i] + edge.hops;
      if (seen[edge.node] != 0 || distance > kMaxHops || found.size() >= kMaxReached) continue;
      seen[edge.node] = 1;
      found.push_back(edge.node);
      hops.push_back(distance);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<DependencyGraph::Node> dependents_of(const DependencyGraph& graph,
                                                 DependencyGraph::Node start) {
  return reached_from(graph, start, [&](auto node) { return graph.dependents_of(node); });
}

std::vector<DependencyGraph::Node> causes_of(const DependencyGraph& graph,
                                             DependencyGraph::Node start) {
  return reached_from(graph, start, [&](auto node) { return graph.causes_of(node); });
}

// Whether an alert of the incident says the same of a part of what this one is about: partition 0
// of the topic is under min ISR, and so the topic's budget burns.
bool says_it_of_a_part(const OpenIncident& incident, const LiveAlert& alert) {
  const auto covers = [&alert](const LiveAlert& other) {
    return other.rule->measure == alert.rule->measure &&
           std::all_of(alert.alert.entity.labels.begin(), alert.alert.entity.labels.end(),
                       [&other](const auto& label) {
                         return other.alert.entity.label(label.first.text()) == label.second;
                       });
  };
  if (incident.cause() != nullptr && covers(*incident.cause())) return true;
  const std::vector<LiveAlert*> standing = incident.standing();
  return std::any_of(standing.begin(), standing.end(),
                     [&](const LiveAlert* other) { return covers(*other); });
}

}  // namespace

void Causes::follow(std::span<const ClusterView> clusters, const Incidents& incidents) {
  views_ = clusters;
  drop_unneeded(incidents);
  for (auto& [name, cluster] : clusters_) {
    const auto view = std::find_if(clusters.begin(), clusters.end(),
                                   [&](const ClusterView& v) { return v.cluster() == name; });
    if (view == clusters.end() || !cluster.graph.follow(view->observations())) continue;
    forget_unused(cluster);
    for (const auto& [id, incident] : incidents) {
      if (incident->cluster() == name && incident->cause() != nullptr && has_relations(*incident))
        remember(cluster, *incident);
    }
  }
}

Causes::Placement Causes::place(std::span<const Newcomer> newcomers, const Incidents& incidents,
                                SteadyTime now) {
  Placement placement;
  placement.places.resize(newcomers.size());
  std::map<Symbol, std::vector<size_t>> by_cluster;
  for (size_t i = 0; i < newcomers.size(); ++i)
    by_cluster[newcomers[i].alert->cluster].push_back(i);
  for (const auto& [name, chosen] : by_cluster) {
    std::vector<OpenIncident*> open;
    for (const auto& [id, incident] : incidents) {
      if (incident->cluster() == name) open.push_back(incident.get());
    }
    place_in(cluster(name), chosen, newcomers, open, now, placement);
  }
  return placement;
}

void Causes::opened(OpenIncident& incident) {
  if (!has_relations(incident)) return;
  Cluster& found = cluster(incident.cluster());
  remember(found, incident);
  incident.set_impact(found.graph.impact_of(found.graph.node_of(incident.cause_key().entity)));
}

Causes::Cluster& Causes::cluster(const Symbol& name) {
  const auto [found, added] = clusters_.try_emplace(name);
  if (added) {
    for (const ClusterView& view : views_) {
      if (view.cluster() == name) (void)found->second.graph.follow(view.observations());
    }
  }
  return found->second;
}

void Causes::drop_unneeded(const Incidents& incidents) {
  for (auto& [name, cluster] : clusters_) {
    std::erase_if(cluster.dependents,
                  [&](const auto& entry) { return !incidents.contains(entry.first); });
  }
  std::erase_if(clusters_, [&](const auto& entry) {
    return std::none_of(incidents.begin(), incidents.end(), [&](const auto& incident) {
      return incident.second->cluster() == entry.first && has_relations(*incident.second);
    });
  });
}

void Causes::forget_unused(Cluster& cluster) {
  std::vector<std::vector<Node>*> kept;
  kept.reserve(cluster.dependents.size());
  for (auto& [id, nodes] : cluster.dependents) kept.push_back(&nodes);
  cluster.graph.forget_unused(kept);
}

void Causes::place_in(Cluster& cluster, std::span<const size_t> chosen,
                      std::span<const Newcomer> newcomers, std::span<OpenIncident* const> incidents,
                      SteadyTime now, Placement& placement) {
  std::vector<StandingAlert> standing;
  const auto add_standing = [&](const OpenIncident& incident, const LiveAlert& alert) {
    const bool is_cause = incident.cause() == &alert;
    standing.push_back({cluster.graph.node_of(alert.alert.entity), incident.id(),
                        alert.alert.severity, is_cause, explains(alert), covers_cluster(alert),
                        is_cause ? absorbed_if_begun_by(incident, now) : std::nullopt});
  };
  std::vector<std::pair<uint64_t, Node>> burning;
  for (const OpenIncident* incident : incidents) {
    if (incident->cause() != nullptr) add_standing(*incident, *incident->cause());
    if (incident->pages_for_budget()) burning.emplace_back(incident->id(), standing.back().node);
    for (const LiveAlert* alert : incident->standing()) add_standing(*incident, *alert);
  }
  std::vector<Node> nodes;
  for (const size_t i : chosen)
    nodes.push_back(cluster.graph.node_of(newcomers[i].alert->alert.entity));
  cluster.graph.connect();

  // By incident.
  std::vector<std::pair<uint64_t, std::vector<Node>>> hurt_by;
  for (const auto& [incident, node] : burning)
    hurt_by.emplace_back(incident, causes_of(cluster.graph, node));
  const auto hurts = [&](Node node) -> std::optional<uint64_t> {
    for (const auto& [incident, causes] : hurt_by) {
      if (std::binary_search(causes.begin(), causes.end(), node)) return incident;
    }
    return std::nullopt;
  };
  CauseSearch search(cluster.graph);
  for (const StandingAlert& alert : standing) search.add(alert);
  for (size_t i = 0; i < chosen.size(); ++i) {
    const LiveAlert& alert = *newcomers[chosen[i]].alert;
    std::optional<uint64_t> open = remembered(cluster, nodes[i], alert, incidents);
    if (!open && !alert.alert.budget) open = hurts(nodes[i]);
    search.add(ArrivingAlert{nodes[i], chosen[i], alert.alert.severity, explains(alert),
                             covers_cluster(alert), alert.active_since, open});
  }
  SearchResult result = std::move(search).run();
  for (const auto& [newcomer, place] : result.places) placement.places[newcomer] = place;
  placement.absorbed.insert(placement.absorbed.end(), result.absorbed.begin(),
                            result.absorbed.end());
}

// The open incident that once had the alert as evidence, on whose cause the entity depended at some
// time while it was open, or that is about a part of it: the most severe, then the oldest.
std::optional<uint64_t> Causes::remembered(const Cluster& cluster, Node node,
                                           const LiveAlert& alert,
                                           std::span<OpenIncident* const> incidents) {
  const std::vector<Node> parts = parts_of(cluster.graph, node);
  const OpenIncident* best = nullptr;
  for (const OpenIncident* incident : incidents) {
    if (incident->severity() == Severity::info) continue;
    if (best != nullptr && best->severity() >= incident->severity()) continue;
    if (remembers(cluster, parts, *incident, alert)) best = incident;
  }
  if (best == nullptr) return std::nullopt;
  return best->id();
}

bool Causes::remembers(const Cluster& cluster, std::span<const Node> parts,
                       const OpenIncident& incident, const LiveAlert& alert) {
  const auto found = cluster.dependents.find(incident.id());
  const bool depended =
      found != cluster.dependents.end() && std::any_of(parts.begin(), parts.end(), [&](Node part) {
        return std::binary_search(found->second.begin(), found->second.end(), part);
      });
  return depended || incident.covers_cluster() || incident.had_evidence(key_of(alert)) ||
         says_it_of_a_part(incident, alert);
}

bool Causes::explained(const OpenIncident& incident, const LiveAlert& alert) {
  const auto found = clusters_.find(incident.cluster());
  if (found == clusters_.end() || incident.severity() == Severity::info) return false;
  DependencyGraph& graph = found->second.graph;
  const Node node = graph.node_of(alert.alert.entity);
  graph.connect();
  return remembers(found->second, parts_of(graph, node), incident, alert);
}

void Causes::remember(Cluster& cluster, const OpenIncident& incident) {
  const Node node = cluster.graph.node_of(incident.cause_key().entity);
  cluster.graph.connect();
  const std::vector<Node> now = dependents_of(cluster.graph, node);
  std::vector<Node>& known = cluster.dependents[incident.id()];
  std::vector<Node> all;
  all.reserve(std::max(known.size(), now.size()));
  std::set_union(known.begin(), known.end(), now.begin(), now.end(), std::back_inserter(all));
  if (all.size() <= kMaxReached) known = std::move(all);
}

}  // namespace highwater::rules
