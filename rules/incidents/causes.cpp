#include "rules/incidents/causes.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace highwater::rules {
namespace {

// Of one incident; what hangs on its first causes hangs on the others as well.
constexpr size_t kMaxExplainers = 32;
constexpr size_t kMaxHung = 200'000;

using Node = DependencyGraph::Node;

Impact impact_of_nodes(const DependencyGraph& graph, const RelationWords& words,
                       std::string_view state, const std::vector<Node>& nodes) {
  Impact impact{std::string(nodes.size() == 1 ? words.one : words.many),
                std::string(state),
                nodes.size(),
                {},
                false};
  std::vector<std::string> names;
  names.reserve(nodes.size());
  for (const Node node : nodes) names.push_back(graph.name_of(node));
  const size_t shown = std::min(names.size(), kMaxImpactNames);
  // Kafka's own topics, such as __consumer_offsets, come after people's.
  const auto before = [](const std::string& a, const std::string& b) {
    return std::pair(a.starts_with("__"), std::string_view(a)) <
           std::pair(b.starts_with("__"), std::string_view(b));
  };
  std::partial_sort(names.begin(), names.begin() + static_cast<ptrdiff_t>(shown), names.end(),
                    before);
  names.resize(shown);
  impact.names = std::move(names);
  return impact;
}

bool is_down(const Explainer& explainer) {
  return explainer.traits().ground && is_component(explainer.traits().fault);
}

void sort_unique(std::vector<Node>& nodes) {
  std::ranges::sort(nodes);
  nodes.erase(std::ranges::unique(nodes).begin(), nodes.end());
}

}  // namespace

template <class Visit>
void Causes::for_each_cause(const Symbol& name, Cluster& cluster, const Incidents& incidents,
                            Visit visit) {
  auto group = cluster.incidents.begin();  // in the order of the incidents
  for (const auto& [id, incident] : incidents) {
    const LiveAlert* const cause = incident->cause();
    if (cause == nullptr || incident->cluster() != name) continue;
    while (group != cluster.incidents.end() && group->first < id) ++group;
    const bool has_group = group != cluster.incidents.end() && group->first == id;
    const Group* const own = has_group ? &group->second : nullptr;
    const Explainer* known = nullptr;
    if (own != nullptr) {
      const auto found = std::ranges::find_if(
          own->explainers, [cause](const Explainer& one) { return one.is_of(*cause); });
      if (found != own->explainers.end()) known = &*found;
    }
    if (known != nullptr)
      visit(id, *incident, *cause, known->as_alert(), own);
    else
      visit(id, *incident, *cause, Subject(cluster.graph, cause->alert.entity), own);
  }
}

void Causes::follow(std::span<const ClusterView> clusters, const Incidents& incidents,
                    SteadyTime now) {
  views_ = clusters;
  drop_unneeded(incidents);
  for (const auto& [id, incident] : incidents) {
    // After a restart.
    if (cluster(incident->cluster()).incidents.contains(id)) continue;
    if (incident->cause() != nullptr) add(*incident, *incident->cause(), now);
    for (const LiveAlert* alert : incident->standing()) add(*incident, *alert, now);
    cluster(incident->cluster()).incidents.try_emplace(id);
  }
  for (auto& [name, cluster] : clusters_) {
    const auto view = std::find_if(clusters.begin(), clusters.end(),
                                   [&](const ClusterView& v) { return v.cluster() == name; });
    if (view == clusters.end() || !cluster.graph.follow(view->observations())) continue;
    ++version_;
    forget_unused(cluster);
    cluster.graph.connect();
    for (auto& [id, group] : cluster.incidents) {
      for (Explainer& explainer : group.explainers) explainer.follow(cluster.graph, now);
      note_hung(cluster, group);
    }
    cluster.followed = cluster.graph.version();
  }
}

void Causes::prepare(std::span<const LiveAlert* const> alerts) {
  for (const LiveAlert* alert : alerts)
    (void)cluster(alert->cluster).graph.node_of(alert->alert.entity);
  for (auto& [name, cluster] : clusters_) {
    cluster.graph.connect();
    if (cluster.followed == cluster.graph.version()) continue;
    cluster.followed = cluster.graph.version();
    for (auto& [id, group] : cluster.incidents) {
      for (Explainer& explainer : group.explainers) explainer.follow_parts(cluster.graph);
    }
  }
}

std::optional<uint64_t> Causes::explained_by(const LiveAlert& alert) {
  Cluster& found = cluster(alert.cluster);
  const Subject subject(found.graph, alert.alert.entity);
  std::optional<std::pair<uint64_t, CauseMatch>> best;
  for (const auto& [id, group] : found.incidents) {
    for (const Explainer& explainer : group.explainers) {
      const auto match = explainer.explains(alert, subject);
      if (match && (!best || match->better_than(best->second))) best.emplace(id, *match);
    }
  }
  if (!best) return std::nullopt;
  return best->first;
}

std::vector<uint64_t> Causes::explains(const LiveAlert& alert, const Incidents& incidents,
                                       SteadyTime now) {
  std::vector<uint64_t> explained;
  Cluster& found = cluster(alert.cluster);
  const Explainer explainer(alert, found.graph, now);
  for_each_cause(alert.cluster, found, incidents,
                 [&](uint64_t id, const OpenIncident& incident, const LiveAlert& cause,
                     const Subject& subject, const Group*) {
                   if (!explainer.explains(cause, subject)) return;
                   const bool older = incident.any_standing([&](const LiveAlert& other) {
                     return other.onset < explainer.not_before();
                   });
                   if (!older) explained.push_back(id);
                 });
  return explained;
}

std::vector<Causes::Related> Causes::related(const LiveAlert& alert, const Incidents& incidents,
                                             SteadyTime now) {
  std::vector<Related> related;
  Cluster& found = cluster(alert.cluster);
  const Explainer explainer(alert, found.graph, now);
  const Subject subject(found.graph, alert.alert.entity);
  for_each_cause(alert.cluster, found, incidents,
                 [&](uint64_t id, const OpenIncident&, const LiveAlert& cause, const Subject& other,
                     const Group* group) {
                   if (&cause == &alert) return;
                   if (explainer.explains(cause, other, true)) {
                     // A fault of the ground makes worse what was there before; what else began
                     // later does not.
                     const bool affected =
                         explainer.traits().ground || explainer.explains(cause, other).has_value();
                     related.push_back({id, affected});
                     return;
                   }
                   const bool affects =
                       group != nullptr &&
                       std::ranges::any_of(group->explainers, [&](const Explainer& candidate) {
                         return candidate.explains(alert, subject, true).has_value();
                       });
                   if (affects) related.push_back({id, false});
                 });
  return related;
}

bool Causes::explains_any(const OpenIncident& incident, std::span<const LiveAlert* const> alerts) {
  if (alerts.empty()) return false;
  prepare(alerts);
  Cluster& found = cluster(incident.cluster());
  const auto group = found.incidents.find(incident.id());
  if (group == found.incidents.end()) return false;
  return std::ranges::any_of(alerts, [&](const LiveAlert* alert) {
    const Subject subject(found.graph, alert->alert.entity);
    return std::ranges::any_of(group->second.explainers, [&](const Explainer& explainer) {
      return explainer.explains(*alert, subject).has_value();
    });
  });
}

void Causes::add(const OpenIncident& incident, const LiveAlert& alert, SteadyTime now) {
  Cluster& found = cluster(incident.cluster());
  Group& group = found.incidents[incident.id()];
  if (group.explainers.size() >= kMaxExplainers) return;
  if (std::ranges::any_of(group.explainers, [&](const auto& known) { return known.is_of(alert); }))
    return;
  found.graph.connect();
  group.explainers.emplace_back(alert, found.graph, now);
  note_hung(found, group);
  ++version_;
}

void Causes::ended(const OpenIncident& incident, const LiveAlert& alert, SteadyTime now) {
  const auto group = cluster(incident.cluster()).incidents.find(incident.id());
  if (group == cluster(incident.cluster()).incidents.end()) return;
  for (Explainer& explainer : group->second.explainers) {
    if (explainer.is_of(alert)) explainer.end(now);
  }
}

void Causes::merge(const OpenIncident& from, const OpenIncident& into) {
  Cluster& found = cluster(into.cluster());
  const auto old = found.incidents.find(from.id());
  if (old == found.incidents.end()) return;
  Group group = std::move(old->second);
  found.incidents.erase(old);
  Group& target = found.incidents[into.id()];
  for (Explainer& explainer : group.explainers) {
    if (target.explainers.size() < kMaxExplainers)
      target.explainers.push_back(std::move(explainer));
  }
  note_hung(found, target);
  ++version_;
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
  for (auto& [name, cluster] : clusters_)
    std::erase_if(cluster.incidents,
                  [&](const auto& entry) { return !incidents.contains(entry.first); });
  std::erase_if(clusters_, [](const auto& entry) { return entry.second.incidents.empty(); });
}

void Causes::forget_unused(Cluster& cluster) {
  std::vector<Node> kept;
  for (const auto& [id, group] : cluster.incidents) {
    for (const Explainer& explainer : group.explainers) explainer.add_nodes_to(kept);
    for (const Hung& hung : group.hung)
      kept.insert(kept.end(), hung.nodes.begin(), hung.nodes.end());
  }
  const auto numbers = cluster.graph.forget_unused(kept);
  if (!numbers) return;
  for (auto& [id, group] : cluster.incidents) {
    for (Explainer& explainer : group.explainers) explainer.renumber(*numbers);
    for (Hung& hung : group.hung) {
      for (Node& node : hung.nodes) node = (*numbers)[node];
      std::ranges::sort(hung.nodes);
    }
  }
}

// What depends on a cause that is down is counted for as long as the incident lasts: it may move.
void Causes::note_hung(Cluster& cluster, Group& group) {
  cluster.graph.connect();
  for (const Explainer& explainer : group.explainers) {
    if (!is_down(explainer)) continue;
    for (const DependencyGraph::Edge& edge : cluster.graph.dependents_of(explainer.node())) {
      if (edge.relation == DependencyGraph::kPart) continue;
      auto hung = std::ranges::find(group.hung, edge.relation, &Hung::relation);
      if (hung == group.hung.end()) hung = group.hung.insert(group.hung.end(), {edge.relation, {}});
      if (hung->nodes.size() < kMaxHung) hung->nodes.push_back(edge.node);
    }
  }
  for (Hung& hung : group.hung) sort_unique(hung.nodes);
}

std::vector<Impact> Causes::impact_of(const OpenIncident& incident) {
  std::vector<Impact> impact;
  Cluster& found = cluster(incident.cluster());
  const auto group = found.incidents.find(incident.id());
  if (group == found.incidents.end()) return impact;
  found.graph.connect();
  add_relations(found, group->second, impact);
  add_readers(found, group->second, impact);
  add_whole(found, group->second, impact);
  return impact;
}

void Causes::add_relations(const Cluster& cluster, const Group& group,
                           std::vector<Impact>& impact) {
  const DependencyGraph& graph = cluster.graph;
  std::vector<Node> causes;
  for (const Explainer& explainer : group.explainers) {
    if (is_down(explainer)) causes.push_back(explainer.node());
  }
  const auto is_cause = [&](Node node) { return std::ranges::find(causes, node) != causes.end(); };
  // What nobody serves comes first, then what others took over, then what is only weaker.
  std::vector<Impact> taken_over;
  std::vector<Impact> weaker;
  for (const Hung& hung : group.hung) {
    const RelationWords& words = graph.relations()[hung.relation].words;
    if (words.one.empty()) continue;
    std::vector<Node> here;
    std::vector<Node> moved;
    for (const Node node : hung.nodes) {
      bool still = false;
      bool elsewhere = false;
      for (const DependencyGraph::Edge& edge : graph.causes_of(node)) {
        if (edge.relation != hung.relation) continue;
        (is_cause(edge.node) ? still : elsewhere) = true;
      }
      if (still) {
        here.push_back(node);
      } else if (elsewhere) {
        moved.push_back(node);
      }
    }
    const auto add = [&](std::string_view state, const std::vector<Node>& nodes,
                         std::vector<Impact>& to) {
      if (nodes.empty() || state.empty()) return;
      to.push_back(impact_of_nodes(graph, words, state, nodes));
      to.back().in_title = !words.moved.empty();
    };
    add(words.here, here, words.moved.empty() ? weaker : impact);
    add(words.moved, moved, taken_over);
  }
  std::ranges::move(taken_over, std::back_inserter(impact));
  std::ranges::move(weaker, std::back_inserter(impact));
}

// Who reads what an incident about partitions or topics is about.
void Causes::add_readers(const Cluster& cluster, const Group& group, std::vector<Impact>& impact) {
  std::vector<Node> readers;
  for (const Explainer& explainer : group.explainers) {
    const std::optional<CauseKind> kind = kind_of(explainer.traits().fault);
    if (kind != CauseKind::partition && kind != CauseKind::writes && kind != CauseKind::topic)
      continue;
    explainer.reach().for_each_current([&](Node node) {
      if (cluster.graph.label(node, "group") != nullptr &&
          cluster.graph.label(node, "topic") == nullptr)
        readers.push_back(node);
    });
  }
  sort_unique(readers);
  if (readers.empty()) return;
  constexpr RelationWords kGroups{"group", "groups", {}, {}};
  impact.push_back(impact_of_nodes(cluster.graph, kGroups,
                                   readers.size() == 1 ? "reads it" : "read it", readers));
}

// A fault of the cluster as a whole is everybody's.
void Causes::add_whole(const Cluster& cluster, const Group& group, std::vector<Impact>& impact) {
  const bool whole = std::ranges::any_of(group.explainers, [](const Explainer& explainer) {
    return explainer.traits().fault == Fault::cluster || explainer.traits().fault == Fault::quorum;
  });
  if (!whole) return;
  for (const std::string_view word : {"broker", "topic", "group"}) {
    std::vector<std::string> names = cluster.graph.values_of(word);
    if (names.empty()) continue;
    Impact all{std::string(word) + (names.size() == 1 ? "" : "s"),
               "in the cluster",
               names.size(),
               {},
               false};
    names.resize(std::min(names.size(), kMaxImpactNames));
    all.names = std::move(names);
    impact.push_back(std::move(all));
  }
}

}  // namespace highwater::rules
