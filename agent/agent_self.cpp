// What the agent watches and tells of itself: an observation for the rules, metrics, log lines.
#include "agent/agent_impl.h"

namespace highwater::agent {

ObservationPtr Agent::Impl::observe_self(Now now) {
  refresh_self_metrics();
  SelfStatus status{notifier_.stats(), keeper_.problem(), file_, "", std::nullopt};
  heartbeats_.aliveness().look(status.receivers, status.state_problem, pipeline_.missing().empty(),
                               now.steady);
  if (judged_ != nullptr) status.rules = judged_rows_.look(*judged_, now.steady);
  for (const RuleRows& rule : status.rules) {
    if (!rule.nothing) continue;
    log_.on_change("rule/" + rule.rule, rule.why,
                   *rule.nothing ? LogLevel::warning : LogLevel::info,
                   *rule.nothing ? "a rule judges nothing" : "a rule has something to judge",
                   {{"rule", rule.rule}, {"why", rule.why}});
  }
  if (recorder_) status.recording = recorder_->health();
  {
    const std::lock_guard lock(reload_mutex_);
    status.reload_problem = reload_problem_.empty() ? access_problem_ : reload_problem_;
    status.certificate_expiry = certificate_expiry_;
  }
  return self_.observe(status, now);
}

void Agent::Impl::refresh_self_metrics() {
  for (const auto& receiver : notifier_.stats())
    self_metrics_.set_notifications(
        receiver.name,
        {receiver.sent, receiver.failed_attempts, receiver.rejected, receiver.given_up},
        receiver.pending);
  const otlp::TraceStats traces = traces_.stats();
  self_metrics_.set_spans(traces.sent, traces.dropped);
  self_metrics_.set_log_lines_lost(log_.lines_lost());
  heartbeats_.show(self_metrics_);
}

void Agent::Impl::log_transition(const Transition& transition) {
  const Incident& incident = transition.incident;
  const LogLevel level = incident.severity == Severity::page ? LogLevel::warning : LogLevel::info;
  log_.write(level, "incident " + std::string(transition_name(transition.kind)),
             {{"incident", incident.id},
              {"correlation_id", incident.correlation.hex()},
              {"alertname", incident.cause.rule},
              {"severity", severity_name(incident.severity)},
              {"entity", incident.cause.entity.text()},
              {"summary", incident.title},
              {"evidence", incident.evidence_count},
              {"resolution", transition.resolution}});
}

}  // namespace highwater::agent
