#include "agent/prior_changes.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "agent/core/entity_text.h"

namespace highwater::agent {
namespace {

// "topic=orders: partitions 6 -> 12"; a mark speaks for itself.
std::string text_of(const changes::Change& change) {
  const std::string about = entity_text(change.about);
  if (change.kind == changes::ChangeKind::mark || about.empty()) return change.text;
  return fmt::format("{}: {}", about, change.text);
}

// A person is told of no more than what is likely.
std::vector<PriorChange> prior_to(const Incident& incident, const changes::Ledger& ledger,
                                  const Snapshot* snapshot) {
  std::vector<PriorChange> prior;
  for (const changes::Related& one :
       changes::changes_before(ledger, incident, snapshot, kMaxPriorChanges)) {
    if (one.likely) prior.push_back({one.before, one.change.at, text_of(one.change)});
  }
  return prior;
}

}  // namespace

void PriorChanges::add_to(Report& report, const changes::Ledger& ledger) {
  std::set<uint64_t> open;
  const auto fill = [&](Incident& incident) {
    auto found = found_.find(incident.id);
    if (found == found_.end())
      found = found_.emplace(incident.id, prior_to(incident, ledger, report.snapshot.get())).first;
    incident.changes = found->second;
  };
  for (Incident& incident : report.incidents) {
    open.insert(incident.id);
    fill(incident);
  }
  for (Transition& transition : report.transitions) {
    if (transition.kind != TransitionKind::resolved) fill(transition.incident);
  }
  std::erase_if(found_, [&](const auto& entry) { return !open.contains(entry.first); });
}

}  // namespace highwater::agent
