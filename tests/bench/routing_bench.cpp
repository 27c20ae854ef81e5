// What it costs to say who hears of 1,000 open incidents, with 50 routes, 50 owners and 20
// silences: when everything of them changed, and when nothing did.
#include <benchmark/benchmark.h>

#include <string>

#include "rules/routing/director.h"

namespace highwater::rules {
namespace {

constexpr size_t kIncidents = 1000;
constexpr size_t kLines = 50;
constexpr size_t kSilences = 20;

Matcher matcher(const std::vector<std::string>& texts) {
  return *Matcher::parse(texts);
}

RoutingPlan plan() {
  RoutingPlan plan;
  for (size_t i = 0; i < kLines; ++i) {
    const std::string name = "team-" + std::to_string(i);
    Owner owner;
    owner.team = name;
    owner.topics.push_back(*Pattern::parse(name + "-*"));
    plan.owners.push_back(std::move(owner));
    Route route;
    route.to = {"receiver-" + std::to_string(i)};
    if (i + 1 < kLines) route.matcher = matcher({"team=" + name, "alertname=/^Lag|^Stall/"});
    plan.routes.push_back(std::move(route));
  }
  return plan;
}

Report report_of(size_t incidents) {
  Report report;
  report.at.wall = WallTime(std::chrono::hours(490'000));
  for (size_t i = 0; i < incidents; ++i) {
    Incident& incident = report.incidents.emplace_back();
    incident.id = i + 1;
    incident.cause.rule = "LagTooOld";
    const std::string topic = "team-" + std::to_string(i % (kLines + 10)) + "-topic";
    incident.cause.entity.labels = {{Symbol("cluster"), Symbol("prod")},
                                    {Symbol("group"), Symbol("group-" + std::to_string(i))},
                                    {Symbol("topic"), Symbol(topic)}};
    incident.headline = incident.cause;
  }
  return report;
}

void BM_Directions(benchmark::State& state) {
  const bool all_changes = state.range(0) == 1;
  Director director(plan());
  Report report = report_of(kIncidents);
  for (size_t i = 0; i < kSilences; ++i) {
    Silence silence;
    silence.matcher = matcher({"group=other-" + std::to_string(i) + "-*"});
    silence.ends = report.at.wall + std::chrono::hours(1);
    silence.author = silence.comment = "bench";
    (void)director.silences().add(std::move(silence), report.at.wall);
  }
  for (auto _ : state) {
    if (all_changes) {
      for (Incident& incident : report.incidents)
        incident.severity = incident.severity == Severity::page ? Severity::ticket : Severity::page;
    }
    benchmark::DoNotOptimize(director.direct(report));
  }
}
BENCHMARK(BM_Directions)->ArgName("all_change")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace highwater::rules

BENCHMARK_MAIN();
