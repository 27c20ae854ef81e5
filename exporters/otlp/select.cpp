#include "exporters/otlp/select.h"

#include <algorithm>
#include <set>

#include "exporters/push/incident_span.h"

namespace highwater::otlp {
namespace {

bool failed(const Observation& observation) {
  return std::any_of(observation.spans.begin(), observation.spans.end(),
                     [](const Span& span) { return !span.error.empty(); });
}

bool slow(const Observation& observation) {
  return observation.cadence > Duration::zero() && observation.took > observation.cadence / 2;
}

// Whoever sends records chose those whose way it tells of; a second lot would leave next to none.
bool is_way_of_a_record(const Span& span) {
  return span.kind == SpanKind::producer;
}

bool opened_by(const Transition& transition, const Observation* observation) {
  return transition.kind == TransitionKind::opened && transition.revealed_by.get() == observation;
}

bool reveals(const Observation& observation, const Report& report) {
  return std::any_of(report.transitions.begin(), report.transitions.end(),
                     [&](const Transition& one) { return opened_by(one, &observation); });
}

Span copy_under(const Span& original, const TraceId& trace, const SpanId& parent) {
  Span copy = original;
  copy.trace = trace;
  copy.id = SpanId::random();
  copy.parent = parent;
  copy.links.push_back({original.trace, original.id});
  return copy;
}

// What judged a poll is part of its trace, and of the incident's: as it is where it was made in
// that trace, else as a copy. A copy links to the original only when that is sent too.
void add_evaluation(const Span& evaluation, const TraceId& trace, const SpanId& parent,
                    std::vector<Span>& out) {
  if (!evaluation.id.valid()) return;
  if (evaluation.trace == trace) {
    out.push_back(evaluation);
    return;
  }
  const bool original_sent = std::any_of(
      out.begin(), out.end(), [&](const Span& span) { return span.id == evaluation.id; });
  Span copy = copy_under(evaluation, trace, parent);
  if (!original_sent) copy.links = evaluation.links;
  out.push_back(std::move(copy));
}

WallTime end_of(const Report& report) {
  const WallTime evaluated = report.evaluation.start + report.evaluation.duration;
  return std::max(report.at.wall, evaluated);
}

Span incident_root(const Transition& transition, const Report& report) {
  const Incident& incident = transition.incident;
  const Alert& cause = incident.cause;
  Span root;
  root.trace = incident.correlation;
  root.id = incident_span(incident.correlation);
  root.name = "incident " + cause.rule;
  root.error = cause.summary.empty() ? cause.entity.text_after(cause.rule) : cause.summary;
  root.attributes = {{"alertname", cause.rule},
                     {"severity", std::string(severity_name(incident.severity))},
                     {"highwater.incident", std::to_string(incident.id)}};
  for (const auto& [name, value] : cause.entity.labels)
    root.attributes.emplace_back(name.text(), value.text());
  const Observation* const poll = transition.revealed_by.get();
  const bool traced = poll != nullptr && !poll->spans.empty();
  root.start = traced ? poll->spans.front().start : std::min(incident.opened, report.at.wall);
  root.duration = std::max(end_of(report) - root.start, Duration::zero());
  if (traced) {
    root.links.push_back({poll->spans.front().trace, poll->spans.front().id});
  } else if (incident.revealed_by.trace.valid()) {
    root.links.push_back(incident.revealed_by);
  }
  if (incident.former_correlation.valid())
    root.links.push_back({incident.former_correlation, incident_span(incident.former_correlation)});
  return root;
}

void add_incident(const Transition& transition, const Report& report, std::vector<Span>& out) {
  const Span root = incident_root(transition, report);
  out.push_back(root);
  const Observation* const poll = transition.revealed_by.get();
  if (poll != nullptr && !poll->spans.empty()) {
    Span copy = copy_under(poll->spans.front(), root.trace, root.id);
    const SpanId parent = copy.id;
    const size_t place = out.size();
    out.push_back(std::move(copy));
    size_t failures = 0;
    for (auto span = poll->spans.begin() + 1; span != poll->spans.end(); ++span) {
      if (span->error.empty() || ++failures > kMaxCopiedRequests) continue;
      out.push_back(copy_under(*span, root.trace, parent));
    }
    out[place].attributes.emplace_back("highwater.failed_requests", std::to_string(failures));
  }
  add_evaluation(report.evaluation, root.trace, root.id, out);
}

}  // namespace

std::vector<Span> TraceSelector::select(const Report& report) {
  std::vector<Span> out;
  if (report.snapshot) add_polls(report, out);
  for (const Transition& transition : report.transitions) {
    if (transition.kind == TransitionKind::opened) add_incident(transition, report, out);
  }
  return out;
}

void TraceSelector::add_polls(const Report& report, std::vector<Span>& out) {
  const auto& current = report.snapshot->observations;
  std::erase_if(seen_, [&](const auto& item) { return !current.contains(item.first); });
  for (const auto& [key, observation] : current) {
    if (!observation || observation->spans.empty()) continue;
    Seen& seen = seen_[key];
    const bool is_new = seen.observation != observation;
    if (is_new) seen = {observation, false};
    if (seen.sent) continue;
    if (!(is_new && kept_by_itself(*observation)) && !reveals(*observation, report)) continue;
    add_poll(*observation, report, out);
    seen.sent = true;
  }
  add_older_polls(report, out);
}

bool TraceSelector::kept_by_itself(const Observation& observation) const {
  return failed(observation) || slow(observation) ||
         is_way_of_a_record(observation.spans.front()) ||
         sampler_.keeps(observation.spans.front().trace);
}

// A poll may have begun what became an incident only minutes later. It was sent in its time if it
// was kept by itself; otherwise it is sent now.
void TraceSelector::add_older_polls(const Report& report, std::vector<Span>& out) const {
  std::set<const Observation*> done;
  for (const auto& [key, seen] : seen_) done.insert(seen.observation.get());
  for (const Transition& transition : report.transitions) {
    const Observation* const poll = transition.revealed_by.get();
    if (transition.kind != TransitionKind::opened || poll == nullptr || poll->spans.empty())
      continue;
    if (done.insert(poll).second && !kept_by_itself(*poll)) add_poll(*poll, report, out);
  }
}

void TraceSelector::add_poll(const Observation& observation, const Report& report,
                             std::vector<Span>& out) const {
  const size_t root = out.size();
  const size_t sent = std::min(observation.spans.size(), kMaxPollSpans);
  out.insert(out.end(), observation.spans.begin(),
             observation.spans.begin() + static_cast<std::ptrdiff_t>(sent));
  if (sent < observation.spans.size())
    out[root].attributes.emplace_back("highwater.spans", std::to_string(observation.spans.size()));
  for (const Transition& transition : report.transitions) {
    if (!opened_by(transition, &observation)) continue;
    const TraceId& correlation = transition.incident.correlation;
    out[root].links.push_back({correlation, incident_span(correlation)});
  }
  if (!is_way_of_a_record(out[root]))
    add_evaluation(report.evaluation, out[root].trace, out[root].id, out);
}

}  // namespace highwater::otlp
