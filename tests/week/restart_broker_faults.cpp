// Faults of brokers, partitions, log directories and the cluster.
#include <algorithm>
#include <utility>

#include "tests/week/restart_faults.h"

namespace highwater::testing {
namespace {

using kafka::BrokerStatus;

kafka::PartitionView& last_topic(kafka::ClusterView& view) {
  return view.topics.back().partitions[0];
}

std::function<void(World&)> fails(int32_t broker, BrokerStatus how) {
  return [=](World& world) {
    world.fail(broker, how);
    world.pass(seconds(15));
    world.fence(broker);
    world.view().brokers.at(broker).listed = false;
  };
}

std::function<void(World&)> returns(int32_t broker) {
  return [=](World& world) {
    world.bring_back(broker);
    world.elect_preferred();
  };
}

// The volume of broker 2 gains or loses so many bytes a second.
std::function<void(World&)> fills(double bytes) {
  return [=](World& world) {
    for (auto& [id, broker] : world.view().brokers) {
      broker.log_dirs_read = world.now().steady;
      kafka::LogDirView& dir = broker.log_dirs.front();
      if (id == 2)
        dir.usable_bytes = std::max<int64_t>(
            0, dir.usable_bytes - static_cast<int64_t>(bytes * to_seconds(kStep)));
    }
  };
}

}  // namespace

void add_log_dirs(World& world) {
  for (auto& [id, broker] : world.view().brokers) {
    kafka::LogDirView dir;
    dir.path = Symbol("/kafka");
    dir.total_bytes = 200'000'000'000;
    dir.usable_bytes = 100'000'000'000;
    broker.log_dirs = {dir};
    broker.log_dirs_reason = Unknown::known;
  }
  world.goes_on = fills(0);
}

namespace {

kafka::LogDirView& log_dir(World& world) {
  return world.view().brokers.at(2).log_dirs.front();
}

std::vector<RuleFault> single_brokers() {
  return {
      {"BrokerDown", "Crashed", fails(2, BrokerStatus::crashed), minutes(1), returns(2)},
      {"BrokerDown", "Hung", fails(3, BrokerStatus::hung), minutes(1), returns(3)},
      {"BrokerDown", "CutOff", fails(1, BrokerStatus::cut_off), minutes(1), returns(1)},
      {"BrokerStopped", "", [](World& world) { world.stop_in_order(2); }, minutes(12), returns(2)},
      {.rule = "FailoverSlow",
       .plant =
           [](World& world) {
             world.fail(2, BrokerStatus::crashed);
             world.pass(seconds(45));
             world.fence(2);
           },
       .fires_within = minutes(1),
       .heal = returns(2),
       .told_for = minutes(10)},
      {"MetadataContradiction", "", [](World& world) { world.fail(2, BrokerStatus::crashed); },
       minutes(1), returns(2)},
      {"LeaderImbalance", "",
       [](World& world) {
         for (kafka::TopicView& topic : world.view().topics) {
           for (kafka::PartitionView& partition : topic.partitions)
             if (partition.leader == 1) partition.leader = partition.last_leader = 2;
         }
       },
       minutes(70), [](World& world) { world.elect_preferred(); }},
  };
}

std::vector<RuleFault> partitions() {
  return {
      {"LeaderlessPartitions", "", distorted([](kafka::ClusterView& view) {
         kafka::PartitionView& partition = last_topic(view);
         partition.leader = -1;
         partition.isr.clear();
         for (auto* offset :
              {&partition.high_watermark, &partition.last_stable, &partition.log_start})
           offset->reason = Unknown::leaderless;
       }),
       minutes(2), straighten},
      {"UnderMinIsr", "", distorted([](kafka::ClusterView& view) {
         last_topic(view).isr = {last_topic(view).leader};
       }),
       minutes(2), straighten},
      {"UnderReplicated", "", distorted([](kafka::ClusterView& view) {
         kafka::PartitionView& partition = last_topic(view);
         const int32_t last = partition.replicas[2];
         partition.isr.remove_if([last](int32_t broker) { return broker == last; });
       }),
       minutes(17), straighten},
      {"AtMinIsr", "", distorted([](kafka::ClusterView& view) {
         kafka::PartitionView& partition = last_topic(view);
         const int32_t last = partition.replicas[2];
         partition.isr.remove_if([last](int32_t broker) { return broker == last; });
       }),
       minutes(62), straighten},
      {"ReplicationAudit", "", distorted([](kafka::ClusterView& view) {
         for (kafka::PartitionView& partition : view.topics.back().partitions) {
           const int32_t last = partition.replicas[2];
           for (auto* list : {&partition.replicas, &partition.isr})
             list->remove_if([last](int32_t broker) { return broker == last; });
         }
       }),
       minutes(12), straighten},
      {"UncleanLeaderElection", "", distorted([](kafka::ClusterView& view) {
         view.topics.back().config->unclean_leader_election = true;
       }),
       minutes(12), straighten},
  };
}

std::vector<RuleFault> log_dirs() {
  return {
      {.rule = "LogDirOffline",
       .plant =
           [](World& world) {
             log_dir(world).offline = true;
             log_dir(world).why = "KAFKA_STORAGE_ERROR";
             log_dir(world).usable_bytes = log_dir(world).total_bytes = -1;
           },
       .fires_within = minutes(1),
       .heal = [](World& world) { add_log_dirs(world); },
       .prepare = add_log_dirs},
      {.rule = "LogDirFull",
       .plant = [](World& world) { log_dir(world).usable_bytes = 5'000'000'000; },
       .fires_within = minutes(7),
       .heal = [](World& world) { log_dir(world).usable_bytes = 100'000'000'000; },
       .prepare = add_log_dirs},
      {.rule = "LogDirFullSoon",
       .plant = [](World& world) { world.goes_on = fills(100e9 / (3 * 3600)); },
       .fires_within = minutes(90),
       .heal = [](World& world) { world.goes_on = fills(0); },
       .clears_within = hours(2),
       .prepare = add_log_dirs},
      {.rule = "LogDirFilling",
       .plant = [](World& world) { world.goes_on = fills(100e9 / (20 * 3600)); },
       .fires_within = hours(4),
       .heal = [](World& world) { world.goes_on = fills(0); },
       .clears_within = hours(6),
       .prepare = add_log_dirs},
  };
}

// That of broker 2, or our own, so long from now; until then all end in a year.
RuleFault certificates_end(const char* rule, Duration brokers, Duration own) {
  const auto set = [](World& world, Duration of_broker, Duration of_us) {
    const WallTime now = world.now().wall;
    world.view().brokers.at(2).certificate_expiry = now + of_broker;
    world.view().own_certificate_expiry = now + of_us;
  };
  constexpr Duration kYear = std::chrono::hours(365 * 24);
  const auto or_year = [](Duration end) { return end == Duration{} ? kYear : end; };
  return {.rule = rule,
          .plant = [=](World& world) { set(world, or_year(brokers), or_year(own)); },
          .fires_within = minutes(12),
          .heal = [=](World& world) { set(world, kYear, kYear); },
          .prepare = [=](World& world) { set(world, kYear, kYear); }};
}

std::vector<RuleFault> clusters() {
  return {
      {"QuorumLost", "", distorted([](kafka::ClusterView& view) {
         view.quorum.reason = Unknown::timed_out;
         view.quorum.lost = true;
         view.quorum.why_lost = "made up";
       }),
       minutes(1), straighten},
      {"ClusterUnreachable", "", distorted([](kafka::ClusterView& view) {
         view.reachable = false;
         view.why_unreachable = "made up";
         view.topics_reason = view.groups_reason = Unknown::broker_unreachable;
       }),
       minutes(2), straighten},
      {"CredentialsRefused", "", distorted([](kafka::ClusterView& view) {
         view.reachable = false;
         view.why_denied = "made up";
         view.topics_reason = view.groups_reason = Unknown::broker_unreachable;
       }),
       minutes(2), straighten},
      {"CredentialsStale", "", [](World& world) { world.view().credentials_problem = "made up"; },
       minutes(7), [](World& world) { world.view().credentials_problem.clear(); }},
      certificates_end("BrokerCertificateExpiresSoon", std::chrono::hours(36), {}),
      certificates_end("BrokerCertificateExpiring", std::chrono::hours(20 * 24), {}),
      certificates_end("ClientCertificateExpiresSoon", {}, std::chrono::hours(36)),
      certificates_end("ClientCertificateExpiring", {}, std::chrono::hours(20 * 24)),
      {"ClockDifference", "",
       [](World& world) {
         world.view().quorum.clock = {seconds(60), std::chrono::milliseconds(1)};
       },
       minutes(7),
       [](World& world) {
         world.view().quorum.clock = {seconds(0), std::chrono::milliseconds(1)};
       }},
      {"ClusterLooksEmpty", "", distorted([](kafka::ClusterView& view) {
         view.topics_vanished.why = "made up";
         view.topics_reason = view.groups_reason = Unknown::denied;
       }),
       minutes(2), straighten},
      {.rule = "MonitorDenied",
       .plant =
           [](World& world) {
             world.view().rights = {{"cluster_describe", true}};
           },
       .fires_within = minutes(1),
       .heal =
           [](World& world) {
             world.view().rights = {{"cluster_describe", false}};
           },
       .prepare =
           [](World& world) {
             world.view().rights = {{"cluster_describe", false}};
           }},
      {"MonitorBlind", "", distorted([](kafka::ClusterView& view) {
         for (kafka::PartitionView& partition : view.topics.back().partitions)
           partition.high_watermark.reason = Unknown::timed_out;
       }),
       minutes(4), straighten},
      {"ReadsDenied", "", distorted([](kafka::ClusterView& view) {
         view.topics.back().config.reset();
         view.topics.back().config_reason = Unknown::denied;
       }),
       minutes(4), straighten},
  };
}

}  // namespace

std::function<void(World&)> distorted(std::function<void(kafka::ClusterView&)> how) {
  return [how = std::move(how)](World& world) { world.distort = how; };
}

void straighten(World& world) {
  world.distort = {};
}

std::vector<RuleFault> broker_faults() {
  std::vector<RuleFault> all;
  for (auto some : {single_brokers(), partitions(), log_dirs(), clusters()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

}  // namespace highwater::testing
