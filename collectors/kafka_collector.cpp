#include "collectors/kafka_collector.h"

#include <optional>
#include <utility>

#include "collectors/cluster/brokers.h"
#include "collectors/groups/groups.h"
#include "collectors/groups/member_ranks.h"
#include "collectors/groups/rebalances.h"
#include "collectors/scope_tables.h"
#include "collectors/topics/partitions.h"
#include "collectors/topics/topics.h"

namespace highwater::collectors {

struct KafkaCollector::Interpreters {
  explicit Interpreters(const kafka::ClusterSettings& settings)
      : partitions(settings.dead_letters.value_or(usual_dead_letters())) {
    if (settings.scope) ranks.emplace(settings.scope->member, own_addresses());
  }

  BrokersInterpreter brokers;
  PartitionsInterpreter partitions;
  TopicsInterpreter topics;
  GroupsInterpreter groups;
  RebalancesInterpreter rebalances;
  std::optional<MemberRanks> ranks;  // nothing: all of the cluster is watched
};

KafkaCollector::KafkaCollector(kafka::ClusterSettings settings, Log& log, Publish publish)
    : publish_(std::move(publish)),
      interpreters_(std::make_unique<Interpreters>(settings)),
      poller_(std::move(settings), log,
              [this](const kafka::ClusterView& view, kafka::Update update) {
                on_update(view, std::move(update));
              }) {}

KafkaCollector::~KafkaCollector() {
  stop();
}

void KafkaCollector::start() {
  poller_.start();
}
void KafkaCollector::stop() {
  poller_.stop();
}

void KafkaCollector::on_update(const kafka::ClusterView& view, kafka::Update update) {
  PollInfo poll{update.took, update.cadence, update.missed, std::move(update.spans),
                std::move(update.problems)};
  const auto interpret = [&](auto& interpreter) {
    Observation seen = interpreter.interpret(view, std::move(poll), update.at);
    if (interpreters_->ranks) {
      keep_scope(seen);
      if (seen.part == "groups") interpreters_->ranks->add_to(seen, view);
    }
    publish_(std::make_shared<const Observation>(std::move(seen)));
  };
  if (update.part == "brokers") {
    interpret(interpreters_->brokers);
  } else if (update.part == "partitions") {
    interpret(interpreters_->partitions);
  } else if (update.part == "topics") {
    interpret(interpreters_->topics);
  } else if (update.part == "groups") {
    interpret(interpreters_->groups);
    poll = {update.took, update.cadence, update.missed, {}, {}};
    interpret(interpreters_->rebalances);
  } else if (update.part == "rebalances") {
    interpret(interpreters_->rebalances);
  }
}

}  // namespace highwater::collectors
