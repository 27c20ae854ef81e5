// Faults of sources, the canary and the agent itself, and those that burn the budgets of SLOs.
#include <fmt/format.h>

#include <algorithm>

#include "tests/week/restart_faults.h"

namespace highwater::testing {
namespace {

constexpr double kRecords = 100;  // a second, as the application counts them

}  // namespace

// The page of a group's members, whose counters go on by the world's time.
std::function<void(World&)> counts(double failed, bool names_failures) {
  return [=](World& world) {
    const double before = world.page_counters.second;
    world.page_counters.first += failed * kRecords * to_seconds(kStep);
    world.page_counters.second = before + kRecords * to_seconds(kStep);
    world.around().page = fmt::format("app_records_total{{group=\"payments-service\"}} {:.0f}\n",
                                      world.page_counters.second);
    if (names_failures)
      *world.around().page += fmt::format("app_failed_total{{group=\"payments-service\"}} {:.0f}\n",
                                          world.page_counters.first);
  };
}

namespace {

void add_source(World& world) {
  world.around().has_source = true;
  world.goes_on = counts(0);
}

canary::ProbeReport probe(std::chrono::milliseconds end_to_end) {
  canary::ProbeReport report;
  report.sending = true;
  report.partitions = 3;
  for (int32_t i = 0; i < 3; ++i) {
    canary::PartitionReport one;
    one.partition = i;
    one.produced = {std::chrono::milliseconds(3)};
    one.end_to_end = {end_to_end};
    report.probed.push_back(one);
  }
  return report;
}

void add_canary(World& world) {
  world.around().probe = probe(std::chrono::milliseconds(20));
  world.around().probe_fails.clear();
}

notify::ReceiverStats receiver(World& world, std::string error) {
  notify::ReceiverStats stats;
  stats.name = "oncall";
  stats.last_error = std::move(error);
  if (stats.last_error.empty()) stats.last_success = world.now().wall;
  return stats;
}

void deliver(World& world) {
  world.around().self.receivers = {receiver(world, "")};
}

std::vector<RuleFault> sources() {
  return {
      {.rule = "SourceFailing",
       .plant = [](World& world) { world.goes_on = [](World& in) { in.around().page.reset(); }; },
       .fires_within = minutes(5),
       .heal = [](World& world) { world.goes_on = counts(0); },
       .prepare = add_source},
      {.rule = "SourceLacksMetric",
       .plant = [](World& world) { world.goes_on = counts(0, false); },
       .fires_within = minutes(12),
       .heal = [](World& world) { world.goes_on = counts(0); },
       .prepare = add_source},
      {.rule = "ErrorRateHigh",
       .plant = [](World& world) { world.goes_on = counts(0.05); },
       .fires_within = minutes(6),
       .heal = [](World& world) { world.goes_on = counts(0); },
       .prepare = add_source},
  };
}

std::vector<RuleFault> canaries() {
  return {
      {.rule = "CanaryFailing",
       .plant =
           [](World& world) {
             world.around().probe.reset();
             world.around().probe_fails = "it ended";
           },
       .fires_within = minutes(7),
       .heal = add_canary,
       .prepare = add_canary},
      {.rule = "CanaryBlocked",
       .plant = [](World& world) { world.around().probe->probed[1].error = "not enough replicas"; },
       .fires_within = minutes(2),
       .heal = add_canary,
       .prepare = add_canary},
      {.rule = "CanaryRecordsLost",
       .plant = [](World& world) { world.around().probe->probed[1].counts.lost = 3; },
       .fires_within = minutes(1),
       .heal = [](World&) {},
       .clears_within = minutes(75),
       .prepare = add_canary,
       .told_for = minutes(60)},
  };
}

void add_node(World& world) {
  kafka::NodeView view;
  view.reached = true;
  for (const int32_t id : {1, 2, 3}) {
    view.brokers[id].outcome = kafka::ProbeOutcome::answered;
    view.brokers[id].connect = view.brokers[id].first_answer = std::chrono::milliseconds(2);
  }
  world.around().node = std::move(view);
  collectors::DiskSpace disk;
  disk.path = "/data";
  disk.total_bytes = disk.inodes = 1000;
  disk.usable_bytes = disk.free_inodes = 500;
  world.around().node_disks = {disk};
}

std::vector<RuleFault> nodes() {
  return {
      {.rule = "NodeCannotReachBroker",
       .plant =
           [](World& world) {
             kafka::NodeBroker& broker = world.around().node->brokers[2];
             broker.outcome = kafka::ProbeOutcome::failed;
             broker.why = "no connection to kafka-2:9092 within 2 s";
             broker.peers = kafka::PeerVerdict::serving;
           },
       .fires_within = minutes(2),
       .heal = add_node,
       .prepare = add_node},
      {.rule = "NodeReachesNoBroker",
       .plant = [](World& world) { world.around().node->reached = false; },
       .fires_within = minutes(12),
       .heal = add_node,
       .prepare = add_node},
      {.rule = "NodeLogDirFull",
       .plant = [](World& world) { world.around().node_disks[0].usable_bytes = 30; },
       .fires_within = minutes(7),
       .heal = add_node,
       .prepare = add_node},
      {.rule = "NodeLogDirInodes",
       .plant = [](World& world) { world.around().node_disks[0].free_inodes = 30; },
       .fires_within = minutes(7),
       .heal = add_node,
       .prepare = add_node},
  };
}

std::function<void(World&)> own_certificate_ends(Duration later) {
  return
      [later](World& world) { world.around().self.certificate_expiry = world.now().wall + later; };
}

std::vector<RuleFault> agents() {
  return {
      {.rule = "NotificationFailing",
       .plant =
           [](World& world) {
             world.around().self.receivers = {receiver(world, "connection refused")};
           },
       .fires_within = minutes(7),
       .heal = deliver,
       .prepare = deliver},
      {.rule = "AgentCertificateExpiring",
       .plant = own_certificate_ends(hours(20 * 24)),
       .fires_within = minutes(12),
       .heal = own_certificate_ends(hours(365 * 24)),
       .prepare = own_certificate_ends(hours(365 * 24))},
      {.rule = "BudgetsUnwatched",
       .plant = distorted([](kafka::ClusterView& view) {
         for (kafka::GroupView& group : view.groups) group.committed_reason = Unknown::timed_out;
       }),
       .fires_within = hours(14),
       .heal = straighten,
       .clears_within = hours(20),
       .slos = "  - use: consumer-lag\n"},
      {.rule = "BudgetsLeftOut",
       .plant =
           [](World& world) {
             world.add_group({.name = "more", .topic = "refunds", .capacity = 50});
           },
       .fires_within = minutes(7),
       .heal = [](World& world) { world.delete_group("more"); },
       .slos = "  - {use: consumer-lag, max_entities: 3}\n"},
      {.rule = "RuleJudgesNothing",
       .plant = [](World& world) { world.delete_group("batch"); },
       .fires_within = minutes(35),
       .heal =
           [](World& world) {
             world.add_group({.name = "batch", .topic = "refunds", .capacity = 50});
           },
       .slos = "  - {use: consumer-lag, select: {group: batch}}\n",
       .prepare =
           [](World& world) {
             world.add_group({.name = "batch", .topic = "refunds", .capacity = 50});
           }},
  };
}

// The same fault as for an alert, long enough to burn a budget.
RuleFault burns(std::string slo, const std::string& like, Duration within, std::string more = "") {
  std::vector<RuleFault> known = broker_faults();
  for (auto some : {group_faults(), sources(), canaries()})
    known.insert(known.end(), some.begin(), some.end());
  RuleFault fault = *std::ranges::find(known, like, &RuleFault::rule);
  fault.slos = "  - {use: " + slo + more + "}\n";
  fault.rule = std::move(slo);
  fault.kind.clear();
  fault.fires_within = within;
  fault.clears_within = hours(10);
  fault.told_for.reset();
  return fault;
}

}  // namespace

std::vector<RuleFault> slo_faults() {
  std::vector<RuleFault> all{
      burns("consumer-lag", "GroupStalled", minutes(40)),
      burns("partition-availability", "LeaderlessPartitions", minutes(10)),
      burns("write-availability", "UnderMinIsr", minutes(10)),
      burns("broker-availability", "BrokerDown", minutes(20)),
      burns("cluster-availability", "ClusterUnreachable", minutes(10)),
      burns("controller-availability", "QuorumLost", minutes(10)),
      burns("leader-failover", "LeaderlessPartitions", minutes(10)),
      burns("canary-end-to-end", "CanaryBlocked", minutes(40)),
      burns("error-rate", "ErrorRateHigh", minutes(40)),
      burns("freshness", "GroupStalled", hours(2), ", select: {topic: orders}"),
  };
  for (RuleFault& fault : all) {
    if (fault.rule == "canary-end-to-end")
      fault.plant = [](World& world) { world.around().probe = probe(seconds(400)); };
    if (fault.rule == "error-rate") fault.plant = [](World& world) { world.goes_on = counts(0.5); };
    // What the cause leaves behind is a matter of its own, with a restart and without.
    if (fault.rule == "leader-failover") fault.outlives_cause = true;
    if (fault.rule != "freshness") continue;
    fault.plant = [](World& world) { world.log("orders").rates.assign(6, 0); };
    fault.heal = [](World& world) { world.log("orders").rates.clear(); };
  }
  return all;
}

// Kafka lets this client wait for half of the time.
std::vector<RuleFault> quotas() {
  return {{"MonitorThrottled", "",
           [](World& world) {
             world.distort = [millis = uint64_t{0}](kafka::ClusterView& view) mutable {
               millis += std::chrono::duration_cast<std::chrono::milliseconds>(kStep).count() / 2;
               view.requests[{1, "Metadata"}].throttled_ms = millis;
             };
           },
           minutes(5), straighten}};
}

std::vector<RuleFault> other_faults() {
  std::vector<RuleFault> all;
  for (auto some : {sources(), canaries(), agents(), nodes(), quotas()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

std::vector<Excused> excused_rules() {
  return {
      {"StateFailing", "what cannot be written is not there after a restart"},
      {"ReloadFailing", "a start reads the file anew, and does not start with a bad one"},
  };
}

}  // namespace highwater::testing
