#include "rules/incidents/explainer.h"

#include <algorithm>

namespace highwater::rules {
namespace {

// What says something of the cluster as a whole is explained by a broker that died this shortly
// before it: the quorum was lost with it.
constexpr Duration kWithCluster = std::chrono::seconds(60);
// What begins this long after the end of its cause may still be what it left behind.
constexpr Duration kAfterItsEnd = std::chrono::seconds(60);

std::vector<Subject::Part> parts_of(const DependencyGraph& graph, DependencyGraph::Node node) {
  const auto part = [&](DependencyGraph::Node which) {
    return Subject::Part{which, graph.label(which, "topic") != nullptr};
  };
  std::vector<Subject::Part> parts{part(node)};
  for (size_t i = 0; i < parts.size(); ++i) {
    for (const DependencyGraph::Edge& edge : graph.causes_of(parts[i].node)) {
      if (edge.hops() == 0 &&
          std::ranges::find(parts, edge.node, &Subject::Part::node) == parts.end())
        parts.push_back(part(edge.node));
    }
  }
  return parts;
}

}  // namespace

Subject::Subject(DependencyGraph& graph, const Entity& entity) : node(graph.node_of(entity)) {
  graph.connect();
  follow(graph);
  about_cluster = entity.labels.size() < 2;
  for (const auto& [name, value] : entity.labels) {
    if (name.text() == "topic") topic = value;
    has_partition = has_partition || name.text() == "partition";
  }
}

void Subject::follow(const DependencyGraph& graph) {
  parts = parts_of(graph, node);
}

bool CauseMatch::better_than(const CauseMatch& other) const {
  if (hops != other.hops) return hops < other.hops;
  if (severity != other.severity) return severity > other.severity;
  return onset < other.onset;
}

Explainer::Explainer(const LiveAlert& alert, DependencyGraph& graph, SteadyTime now)
    : alert_(&alert),
      traits_(alert.rule->traits),
      severity_(alert.alert.severity),
      onset_(alert.onset),
      not_before_(alert.not_before),
      subject_(graph, alert.alert.entity),
      as_alert_(subject_) {
  follow(graph, now);
}

void Explainer::follow(const DependencyGraph& graph, SteadyTime now) {
  as_alert_.follow(graph);
  if (!subject_.about_cluster) reach_.follow(graph, subject_.node, now);
}

void Explainer::add_nodes_to(std::vector<Node>& nodes) const {
  for (const Subject::Part& part : subject_.parts) nodes.push_back(part.node);
  for (const Subject::Part& part : as_alert_.parts) nodes.push_back(part.node);
  reach_.add_nodes_to(nodes);
}

void Explainer::renumber(std::span<const Node> numbers) {
  for (Subject* const subject : {&subject_, &as_alert_}) {
    subject->node = numbers[subject->node];
    for (Subject::Part& part : subject->parts) part.node = numbers[part.node];
  }
  reach_.renumber(numbers);
}

std::optional<CauseMatch> Explainer::explains(const LiveAlert& alert, const Subject& subject,
                                              bool whenever) const {
  if (alert_ == &alert || severity_ == Severity::info) return std::nullopt;
  const CauseKinds& causes = alert.rule->traits.caused_by;
  if (!may_be_admitted(causes)) return std::nullopt;
  if (!whenever && !in_time(alert)) return std::nullopt;
  const std::optional<Reach::Hit> hit = related(alert, subject);
  if (!hit) return std::nullopt;
  const std::optional<CauseKind> kind = kind_of(traits_.fault);
  const bool admitted = (hit->plain && kind && causes.has(*kind)) ||
                        (hit->coordinator && causes.has(CauseKind::coordinator)) ||
                        (causes.has(CauseKind::same) && is_same(subject, *hit));
  if (!admitted) return std::nullopt;
  return CauseMatch{hit->hops, severity_, onset_};
}

// Whether any relation could do. Each alert is held against every explainer there is, and how the
// two are related is the dear part of it.
bool Explainer::may_be_admitted(const CauseKinds& causes) const {
  const std::optional<CauseKind> kind = kind_of(traits_.fault);
  return (kind && causes.has(*kind)) || causes.has(CauseKind::coordinator) ||
         causes.has(CauseKind::same);
}

// About the same entity; where it is of no kind that is known here, also about a part of it.
bool Explainer::is_same(const Subject& subject, const Reach::Hit& hit) const {
  if (subject_.about_cluster || subject.about_cluster) return false;
  return subject_.node == subject.node || (traits_.fault == Fault::other && hit.hops == 0);
}

bool Explainer::in_time(const LiveAlert& alert) const {
  return not_before_ <= alert.onset && (!ended_ || alert.onset <= *ended_ + kAfterItsEnd);
}

std::optional<Reach::Hit> Explainer::related(const LiveAlert& alert, const Subject& subject) const {
  constexpr Reach::Hit kEverything{kMaxHops, true, false};
  if (traits_.fault == Fault::cluster || traits_.fault == Fault::quorum) return kEverything;
  if (subject_.about_cluster) return std::nullopt;
  if (subject.about_cluster) {
    const bool near = onset_ <= alert.onset + kWithCluster && alert.onset <= onset_ + kWithCluster;
    if (traits_.ground && traits_.fault == Fault::broker && near) return Reach::Hit{1, true, false};
    return std::nullopt;
  }
  std::optional<Reach::Hit> best;
  for (const auto& [part, has_topic] : subject.parts) {
    auto hit = reach_.find(part, alert.onset);
    if (!hit) continue;
    // A group that reads two topics lags on the one that the broker leads, not on the other.
    const bool another_topic =
        subject.topic && !has_topic && hit->hops > 0 && reach_.has_topics() &&
        (subject.has_partition || !reach_.has_topic(*subject.topic, alert.onset));
    if (another_topic) hit->plain = false;
    if (!hit->plain && !hit->coordinator) continue;
    if (!best || hit->hops < best->hops) best = hit;
  }
  if (best) return best;
  // What is about a whole is related to what is about a part of it, but not to its other parts.
  if (std::ranges::find(subject_.parts, subject.node, &Subject::Part::node) != subject_.parts.end())
    return Reach::Hit{0, true, false};
  if (subject.topic && !subject.has_partition && reach_.has_topic(*subject.topic, alert.onset))
    return Reach::Hit{1, true, false};
  return std::nullopt;
}

}  // namespace highwater::rules
