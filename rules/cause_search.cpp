#include "rules/cause_search.h"

#include <algorithm>

namespace highwater::rules {

CauseSearch::CauseSearch(const DependencyGraph& graph)
    : graph_(graph), visited_(graph.nodes(), 0), best_(graph.nodes()) {}

void CauseSearch::add(StandingAlert alert) {
  if (alert.covers_cluster && alert.is_cause)
    cluster_wide_ = add_explainer({alert.severity, false, alert.incident, {alert.incident, 0}});
  if (alert.absorbed_if_begun_by) starts_.push_back(alert.node);
  alerts_[alert.node].standing.push_back(alert);
}

// What covers the whole cluster comes before all else.
void CauseSearch::add(ArrivingAlert alert) {
  std::vector<ArrivingAlert>& arriving = alerts_[alert.node].arriving;
  if (alert.covers_cluster) {
    starts_.insert(starts_.begin(), alert.node);
    arriving.insert(arriving.begin(), alert);
  } else {
    starts_.push_back(alert.node);
    arriving.push_back(alert);
  }
}

SearchResult CauseSearch::run() && {
  for (const Node start : starts_) visit(start);
  return std::move(result_);
}

void CauseSearch::visit(Node start) {
  if (visited_[start] != 0) return;
  std::vector<std::pair<Node, size_t>> path{{start, 0}};  // a node, and its next edge
  visited_[start] = 1;
  while (!path.empty()) {
    auto& [node, next] = path.back();
    const auto edges = graph_.causes_of(node);
    while (next < edges.size() && visited_[edges[next].node] != 0) ++next;
    if (next == edges.size()) {
      finish(node);
      path.pop_back();
      continue;
    }
    const Node ahead = edges[next++].node;
    visited_[ahead] = 1;
    path.emplace_back(ahead, 0);
  }
}

void CauseSearch::finish(Node node) {
  Best best = look_ahead(node);
  if (const auto here = alerts_.find(node); here != alerts_.end()) {
    place_standing(here->second, best);
    place_arriving(here->second, best);
  }
  best_[node] = best;
  visited_[node] = 2;
}

// A node that is still on the way is part of a cycle: it explains nothing here.
CauseSearch::Best CauseSearch::look_ahead(Node node) const {
  Best best;
  for (const DependencyGraph::Edge& edge : graph_.causes_of(node)) {
    if (visited_[edge.node] != 2) continue;
    const Best& ahead = best_[edge.node];
    offer(best.cause, {ahead.cause.explainer, ahead.cause.hops + edge.hops});
    offer(best.evidence, {ahead.evidence.explainer, ahead.evidence.hops + edge.hops});
  }
  offer(best.cause, {cluster_wide_, 0});
  return best;
}

void CauseSearch::place_standing(const AtNode& here, Best& best) {
  const Link cause = best.cause;
  for (const StandingAlert& alert : here.standing) {
    Place place{alert.incident, 0};
    bool is_cause = alert.is_cause;
    if (absorbs(cause, alert)) {
      place = explainers_[cause.explainer].place;
      result_.absorbed.emplace_back(alert.incident, place.root);
      is_cause = false;
    }
    if (!alert.explains) continue;
    const uint32_t explainer = add_explainer({alert.severity, false, alert.incident, place});
    offer(is_cause ? best.cause : best.evidence, {explainer, 0});
  }
}

void CauseSearch::place_arriving(const AtNode& here, Best& best) {
  for (const ArrivingAlert& alert : here.arriving) {
    Place place{0, alert.newcomer};
    if (best.cause.explainer != kNone)
      place = explainers_[best.cause.explainer].place;
    else if (alert.open)
      place = {*alert.open, 0};
    else if (best.evidence.explainer != kNone)
      place = explainers_[best.evidence.explainer].place;
    const bool is_cause = place.incident == 0 && place.root == alert.newcomer;
    result_.places.emplace_back(alert.newcomer, place);
    if (!alert.explains && !alert.covers_cluster) continue;
    const uint32_t explainer =
        add_explainer({alert.severity, true, alert.newcomer, place, alert.began});
    if (alert.covers_cluster && is_cause) cluster_wide_ = explainer;
    offer(is_cause ? best.cause : best.evidence, {explainer, 0});
  }
}

bool CauseSearch::absorbs(Link cause, const StandingAlert& alert) const {
  if (cause.explainer == kNone || !alert.absorbed_if_begun_by) return false;
  const Explainer& explainer = explainers_[cause.explainer];
  return explainer.fresh && explainer.began <= *alert.absorbed_if_begun_by;
}

void CauseSearch::offer(Link& link, Link candidate) const {
  if (candidate.explainer == kNone || candidate.hops > kMaxHops) return;
  if (link.explainer == kNone) {
    link = candidate;
    return;
  }
  const Explainer& now = explainers_[link.explainer];
  const Explainer& other = explainers_[candidate.explainer];
  if (candidate.hops != link.hops) {
    if (candidate.hops < link.hops) link = candidate;
  } else if (other.severity != now.severity) {
    if (other.severity > now.severity) link = candidate;
  } else if (other.fresh != now.fresh) {
    if (now.fresh) link = candidate;
  } else if (other.order < now.order) {
    link = candidate;
  }
}

uint32_t CauseSearch::add_explainer(Explainer explainer) {
  explainers_.push_back(explainer);
  return static_cast<uint32_t>(explainers_.size() - 1);
}

}  // namespace highwater::rules
