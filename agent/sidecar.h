// What an agent with a scope does differently: which of its incidents are those of its whole
// application, by what id all replicas' agents call them, and what it does not page for. Pure; any
// thread.
#pragma once

#include <optional>

#include "agent/config/config.h"
#include "rules/engine.h"
#include "rules/rule_set.h"

namespace highwater::agent {

// An incident about the scope is the same for the agents of all replicas: made of what it is about,
// and of nothing that belongs to this pod. Nothing: it is about this pod alone, as what its sources
// tell, and the agent itself. The same alert has the same id when it comes again.
[[nodiscard]] rules::Engine::Correlate correlate_of(const Config& config);

// Brokers are the business of whoever runs the cluster: one that is down is a cause here, and told
// when something of the scope suffers. That the agent cannot see is a ticket: the application may
// be well. Without a scope nothing changes.
[[nodiscard]] rules::RuleSet for_sidecar(rules::RuleSet rules, const Config& config);

}  // namespace highwater::agent
