// Which changes may have to do with an incident. See ledger.h.
#include <algorithm>
#include <optional>
#include <tuple>

#include "exporters/changes/ledger.h"
#include "exporters/changes/nearby.h"

namespace highwater::changes {
namespace {

bool names_nothing(const Entity& entity) {
  return std::ranges::all_of(Nearby::kNames,
                             [&](std::string_view name) { return entity.label(name).empty(); });
}

// What is said of everything, or of so much that only its cluster is known.
std::optional<int> distance_of_cluster(const Change& change, bool whole_cluster) {
  if (change.kind == ChangeKind::mark) return 1;
  if (change.kind != ChangeKind::seen || whole_cluster) return kFarthest;
  return std::nullopt;
}

// How far from what the incident is about; nothing: they have nothing to do with each other.
std::optional<int> distance(const Change& change, const Incident& incident, const Nearby& nearby) {
  if (change.kind == ChangeKind::began_watching) return std::nullopt;
  const bool mark = change.kind == ChangeKind::mark;
  if (change.about.labels.empty()) return mark ? 1 : kFarthest + 1;  // else the agent's own
  const Symbol cluster = change.about.label("cluster");
  const bool any_cluster = mark && cluster.empty();
  if (!any_cluster && cluster != incident.cause.entity.label("cluster")) return std::nullopt;
  if (names_nothing(change.about)) return distance_of_cluster(change, nearby.is_whole_cluster());
  if (const auto place = nearby.find(change.about)) {
    if (place->by_size && change.kind != ChangeKind::growth) return std::nullopt;
    return place->distance;
  }
  if (!nearby.is_whole_cluster()) return std::nullopt;
  // Its brokers carry all of a cluster.
  const bool carries = !change.about.label("broker").empty();
  return carries ? std::optional(kFarthest) : std::nullopt;
}

// The onset was not seen: it is counted back from how large a lag was.
bool is_counted_back(const Incident& incident) {
  const Alert& cause = incident.cause;
  return cause.onset != WallTime{} && cause.onset + kSameMoment < cause.active_since;
}

// What is seen of a thing in the same moment as its fault is the fault.
bool is_the_fault(const Related& related, const Incident& incident) {
  return related.before == Duration{} && related.distance == 0 &&
         related.change.kind == ChangeKind::seen && !is_counted_back(incident);
}

// How much later than the onset a change may be seen that came before it.
Duration seen_within(const Incident& incident) {
  if (!is_counted_back(incident)) return kSameMoment;
  const Alert& cause = incident.cause;
  return std::min(kSeenWithin, cause.active_since - cause.onset);
}

bool is_likely(const Related& related) {
  if (related.distance > kFarthest) return false;
  const bool happened = related.change.kind == ChangeKind::seen;
  return !happened || related.distance == 0 || related.before <= kNearby;
}

}  // namespace

WallTime began(const Incident& incident) {
  const Alert& cause = incident.cause;
  const WallTime since = std::min(cause.active_since, incident.opened);
  return cause.onset == WallTime{} ? since : std::min(cause.onset, since);
}

std::vector<Related> changes_before(const Ledger& ledger, const Incident& incident,
                                    const Snapshot* snapshot, size_t most) {
  const WallTime until = began(incident);
  std::vector<Change> changes = ledger.between(until - kLookBack, until + seen_within(incident));
  if (changes.empty()) return {};
  const Nearby nearby(incident, snapshot, kFarthest);
  std::vector<Related> found;
  for (Change& change : changes) {
    const auto far = distance(change, incident, nearby);
    if (!far) continue;
    const Duration before = until - change.at;
    Related related{std::move(change), *far, before < kSameMoment ? Duration{} : before};
    if (is_the_fault(related, incident)) continue;
    related.likely = is_likely(related);
    found.push_back(std::move(related));
  }
  std::ranges::stable_sort(found, [](const Related& a, const Related& b) {
    const auto rank = [](const Related& one) {
      return std::tuple(!one.likely, one.before + one.distance * kRelationCounts);
    };
    return rank(a) < rank(b);
  });
  if (found.size() > most) found.erase(found.begin() + static_cast<ptrdiff_t>(most), found.end());
  return found;
}

}  // namespace highwater::changes
