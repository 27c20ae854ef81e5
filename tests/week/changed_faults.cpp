#include "tests/week/changed_faults.h"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/core/entity_text.h"

namespace highwater::testing {
namespace {

// Rules whose fault is a change, or shows as one; they are among the faults with a cause.
constexpr std::array<std::string_view, 11> kChanges{
    "GroupStopped",   "RebalanceStorm",        "IdleMembers",      "FewPartitions",
    "OffsetsRewound", "PartitionLagsBehind",   "ReplicationAudit", "TopicDeleted",
    "BudgetsLeftOut", "UncleanLeaderElection", "RuleJudgesNothing"};

std::vector<RuleFault> all_faults() {
  std::vector<RuleFault> all;
  for (auto some : {broker_faults(), group_faults(), other_faults(), slo_faults()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

RuleFault fault_of(const std::string& rule) {
  const auto all = all_faults();
  return *std::ranges::find(all, rule, &RuleFault::rule);
}

std::function<void(Scene&)> changes(std::function<void(World&)> how, Duration before_fault) {
  return [=](Scene& scene) {
    how(scene.world());
    scene.world().pass(before_fault);
  };
}

std::function<void(Scene&)> says(std::string labels, std::string text, Duration before_fault) {
  return [=](Scene& scene) {
    scene.mark(labels, text);
    scene.world().pass(before_fault);
  };
}

std::function<void(World&)> deploys(std::string group) {
  return [=](World& world) { world.deploy(group); };
}

std::function<void(World&)> keeps(std::string topic, Duration how_long) {
  return [=](World& world) {
    world.topic(topic).config->retention_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(how_long).count();
  };
}

void set_members(World::Reader& reader, size_t count) {
  while (reader.members.size() > count) reader.members.pop_back();
}

// The other partitions get next to nothing.
void write_to_one_partition(World& world) {
  World::Log& log = world.log("orders");
  log.rates.assign(log.end.size(), 10);
  log.rates[0] = 400;
}

// The last replica of the last topic's first partition is out of sync.
void hold_back_replica(World& world) {
  world.distort = [](kafka::ClusterView& view) {
    kafka::PartitionView& partition = view.topics.back().partitions[0];
    const int32_t last = partition.replicas[2];
    partition.isr.remove_if([last](int32_t broker) { return broker == last; });
  };
}

// payments-service is always so far behind.
std::function<void(World&)> stays_behind(Duration behind) {
  return [=](World& world) {
    world.reader("payments-service").reads = false;
    world.goes_on = [=](World& in) {
      const World::Log& log = in.log("payments");
      World::Reader& reader = in.reader("payments-service");
      for (size_t i = 0; i < reader.position.size(); ++i)
        reader.position[i] = log.end[i] - log.rate * to_seconds(behind);
    };
  };
}

std::vector<ChangedFault> of_groups() {
  RuleFault slow = fault_of("LagGrowing");
  RuleFault fewer = slow;
  fewer.plant = [](World& world) { world.reader("payments-service").plan.capacity = 10; };
  RuleFault near = fault_of("RetentionNear");
  near.prepare = stays_behind(minutes(20));
  near.plant = keeps("payments", minutes(35));
  RuleFault unread = slow;
  unread.plant = [](World& world) { world.log("payments").rates.assign(12, 400); };
  return {
      {"a deploy, and the group stands still",
       fault_of("GroupStalled"),
       changes(deploys("payments-service"), minutes(3)),
       {"group=payments-service: members"}},
      {"a deploy, and the group is too slow",
       slow,
       changes(deploys("payments-service"), minutes(4)),
       {"group=payments-service: members"}},
      {"fewer members, and they are too slow",
       fewer,
       changes([](World& world) { set_members(world.reader("payments-service"), 1); }, minutes(2)),
       {"group=payments-service: members"}},
      {"more partitions, and more records than it can read",
       unread,
       changes([](World& world) { world.add_partitions("payments", 12); }, minutes(1)),
       {"topic=payments: partitions 6 -> 12"}},
      {"retention is shortened below its lag",
       near,
       {},
       {"topic=payments: retention 7 d -> 35 min"}},
      {"retention is shortened, and it loses records",
       fault_of("RecordsLost"),
       changes(keeps("payments", minutes(10)), minutes(2)),
       {"topic=payments: retention"}},
      {"its members were stopped",
       fault_of("GroupStopped"),
       {},
       {"group=payments-service: members"}},
      {"its members come and go",
       fault_of("RebalanceStorm"),
       {},
       {"group=payments-service: members"}},
      {"it got more members than partitions",
       fault_of("IdleMembers"),
       {},
       {"group=orders-service: members"}},
      {"it got a member more than its partitions divide by",
       fault_of("FewPartitions"),
       {},
       {"group=orders-service: members"}},
      {"a group came, and is one too many", fault_of("BudgetsLeftOut"), {}, {"group=more:"}},
      {"a group is gone, and a rule judges nothing",
       fault_of("RuleJudgesNothing"),
       {},
       {"group=batch:"}},
      {"its offsets were set back", fault_of("OffsetsRewound"), {}, {"offsets set back"}},
      {"the offset of one partition is set back",
       fault_of("PartitionLagsBehind"),
       {},
       {"offsets set back"}},
  };
}

std::vector<ChangedFault> of_applications() {
  const auto rolls_back = [](Scene& scene) {
    scene.mark("group=payments-service", "rolled back to payments 1.41");
  };
  RuleFault hot = fault_of("HotPartition");
  hot.plant = write_to_one_partition;
  return {
      {"a deploy, and records fail",
       fault_of("ErrorRateHigh"),
       says("group=payments-service", "deploy payments 1.42", minutes(3)),
       {"payments 1.42"}},
      {"a deploy, and failing records burn a budget",
       fault_of("error-rate"),
       says("group=payments-service", "deploy payments 1.42", minutes(5)),
       {"payments 1.42"},
       rolls_back},
      {"a deploy, and lag burns a budget",
       fault_of("consumer-lag"),
       changes(deploys("payments-service"), minutes(4)),
       {"group=payments-service: members"},
       rolls_back},
      {"a deploy, and dead letters arrive",
       fault_of("DeadLetters"),
       changes(deploys("payments-service"), minutes(3)),
       {"group=payments-service: members"}},
      {"a producer got other keys",
       hot,
       says("topic=orders", "deploy shop 7", minutes(10)),
       {"deploy shop 7"}},
      {"keys meet other partitions",
       hot,
       changes([](World& world) { world.add_partitions("orders", 12); }, minutes(10)),
       {"topic=orders: partitions 6 -> 12"}},
  };
}

std::vector<ChangedFault> of_brokers() {
  RuleFault refused = fault_of("UnderMinIsr");
  refused.plant = [](World& world) { world.topic("refunds").config->min_insync_replicas = 3; };
  RuleFault behind = fault_of("UnderReplicated");
  behind.plant = [](World& world) {
    hold_back_replica(world);
    world.stop_in_order(3);
    world.pass(minutes(1));
    world.bring_back(3);
    world.elect_preferred();
  };
  RuleFault uneven = fault_of("LeaderImbalance");
  uneven.plant = [](World& world) {
    world.stop_in_order(2);
    world.pass(minutes(1));
    world.bring_back(2);
  };
  return {
      {"min.insync.replicas is raised above what is in sync",
       refused,
       changes(hold_back_replica, minutes(4)),
       {"topic=refunds: min.insync.replicas 2 -> 3"}},
      {"a broker restarts, and a replica stays behind",
       behind,
       {},
       {"broker=3: stopped answering"}},
      {"a broker restarts, and does not lead again",
       uneven,
       {},
       {"broker=2: stopped answering", "broker=2: answers again"}},
      {"retention is lengthened, and a volume is full",
       fault_of("LogDirFull"),
       changes(keeps("payments", hours(30 * 24)), minutes(9)),
       {"topic=payments: retention"}},
      {"a kernel is updated, and the broker crashes",
       fault_of("BrokerDown"),
       says("broker=2", "kernel update on kafka-2", minutes(6)),
       {"kernel update"}},
      {"a firewall is changed, and nothing answers",
       fault_of("ClusterUnreachable"),
       says("", "firewall rules of the rack", minutes(2)),
       {"firewall rules"}},
      {"unclean elections are allowed",
       fault_of("UncleanLeaderElection"),
       {},
       {"topic=refunds: unclean leader election allowed"}},
      {"replicas are taken away",
       fault_of("ReplicationAudit"),
       {},
       {"topic=refunds: replication factor 3 -> 2"}},
      {"a topic is deleted", fault_of("TopicDeleted"), {}, {"topic=old: topic deleted"}},
  };
}

}  // namespace

Scene::Scene(const std::string& slos)
    : world_(std::make_unique<World>(builtin_rules_with(slos.empty() ? "" : "slos:\n" + slos))) {
  world_->sees = [this](const Report& report) { see(report); };
}

void Scene::see(const Report& report) {
  seen_ = report;
  ledger_.add(seen_);
  prior_.add_to(seen_, ledger_);
}

void Scene::mark(const std::string& labels, const std::string& text) {
  Entity about;
  for (const auto& [name, value] : parse_entity_text(labels).value_or(EntityLabels{}))
    about.labels.emplace_back(Symbol(name), Symbol(value));
  ledger_.mark(world_->now().wall, std::move(about), text);
}

const Incident* Scene::incident_of(const std::string& rule) const {
  const auto alert = std::ranges::find_if(seen_.alerts, [&](const Alert& one) {
    return one.rule == rule && one.state == AlertState::firing;
  });
  if (alert == seen_.alerts.end()) return nullptr;
  const auto found = std::ranges::find(seen_.incidents, alert->incident, &Incident::id);
  return found == seen_.incidents.end() ? nullptr : &*found;
}

bool Scene::is_active(const std::string& rule) const {
  return std::ranges::find(seen_.alerts, rule, &Alert::rule) != seen_.alerts.end();
}

std::vector<ChangedFault> faults_with_cause() {
  std::vector<ChangedFault> all;
  for (auto some : {of_groups(), of_applications(), of_brokers()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

std::vector<ChangedFault> faults_without_cause() {
  std::vector<ChangedFault> all;
  for (RuleFault& fault : all_faults()) {
    std::string name = fault.rule + fault.kind;
    if (std::ranges::find(kChanges, fault.rule) == kChanges.end())
      all.push_back({std::move(name), std::move(fault)});
  }
  return all;
}

}  // namespace highwater::testing
