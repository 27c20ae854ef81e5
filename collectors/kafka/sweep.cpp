#include "collectors/kafka/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/use_awaitable.hpp>

#include "collectors/kafka/gather.h"

namespace highwater::kafka {
namespace {

// Of more than that together it is enough to hear with the polls.
constexpr size_t kRebalancesAtOnce = 100;

}  // namespace

Unknown reason_of(const Failure& failure) {
  switch (failure.kind) {
    case FailureKind::refused:
    case FailureKind::lost:
    case FailureKind::no_route:
    case FailureKind::unresolved:
    case FailureKind::not_usable:
      return Unknown::broker_unreachable;
    case FailureKind::timed_out:
      return Unknown::timed_out;
    case FailureKind::unsupported:
      return Unknown::unsupported;
    case FailureKind::malformed:
      return Unknown::failed;
  }
  return Unknown::failed;
}

Unknown reason_of(ErrorCode error) {
  if (error == ErrorCode::kNone) return Unknown::known;
  if (error == ErrorCode::kLeaderNotAvailable) return Unknown::leaderless;
  if (error == ErrorCode::kCoordinatorLoadInProgress) return Unknown::coordinator_loading;
  if (error == ErrorCode::kCoordinatorNotAvailable || error == ErrorCode::kNotCoordinator)
    return Unknown::no_coordinator;
  if (error == ErrorCode::kTopicAuthorizationFailed ||
      error == ErrorCode::kGroupAuthorizationFailed ||
      error == ErrorCode::kClusterAuthorizationFailed ||
      error == ErrorCode::kTransactionalIdAuthorizationFailed) {
    return Unknown::denied;
  }
  if (error == ErrorCode::kUnsupportedVersion) return Unknown::unsupported;
  if (error == ErrorCode::kRequestTimedOut) return Unknown::timed_out;
  return Unknown::failed;
}

Sweep::Sweep(KafkaAdmin& admin, SweepSettings settings, ClusterView& view, Hooks hooks)
    : admin_(admin),
      settings_(std::move(settings)),
      view_(view),
      hooks_(std::move(hooks)),
      time_lag_([this](const Symbol& name) { return topic(name.text()); }) {
  for (const Pattern& pattern : settings_.groups.include) {
    const std::string_view name = pattern.literal();
    if (!name.empty() && settings_.groups.accepts(name)) named_groups_.emplace(name);
  }
}

asio::awaitable<std::shared_ptr<SweepRun>> Sweep::run(SweepDue due) {
  const RunPtr run = begin_run("kafka.poll");
  if (co_await read_metadata(run)) {
    if (due.groups) {
      co_await read_groups(run);
      co_await read_committed(run);
    }
    const SteadyTime ends_asked = std::chrono::steady_clock::now();
    co_await read_offsets(run);
    held_back_.update(view_, std::chrono::steady_clock::now());
    if (due.groups) {
      co_await read_times(run, ends_asked);
      co_await read_members(run);
      note_rebalances(std::chrono::steady_clock::now());
    }
    co_await read_configs(run, due.configs);
    co_await read_newest(run);
    co_await read_transactions(run);
  }
  end_run(*run);
  co_return run;
}

asio::awaitable<std::shared_ptr<SweepRun>> Sweep::run_rebalances() {
  const RunPtr run = begin_run("kafka.poll rebalances");
  std::vector<GroupView*> groups;
  for (GroupView& known : view_.groups) {
    if (known.listed == Unknown::known && is_rebalancing(known) && rebalancing_.contains(known.id))
      groups.push_back(&known);
    if (groups.size() == kRebalancesAtOnce) break;
  }
  co_await describe(run, std::move(groups));
  note_rebalances(std::chrono::steady_clock::now());
  end_run(*run);
  co_return run;
}

Sweep::RunPtr Sweep::begin_run(std::string name) const {
  const auto run = std::make_shared<SweepRun>();
  run->start = SystemClock().now();
  Span root;
  root.trace = TraceId::random();
  root.id = SpanId::random();
  root.name = std::move(name);
  root.start = run->start.wall;
  root.attributes = {{"highwater.cluster", view_.cluster.text()}};
  run->spans.push_back(std::move(root));
  return run;
}

void Sweep::end_run(SweepRun& run) {
  run.open = false;
  run.spans.front().duration = std::chrono::steady_clock::now() - run.start.steady;
  const auto failed =
      std::ranges::count_if(run.spans, [](const Span& span) { return !span.error.empty(); });
  run.spans.front().attributes.emplace_back("highwater.requests", std::to_string(run.requests));
  if (failed > 0)
    run.spans.front().error = fmt::format("{} of {} requests failed", failed, run.requests);
}

std::vector<int32_t> Sweep::ready() const {
  std::vector<int32_t> brokers = admin_.usable();
  std::erase_if(brokers, [this](int32_t broker) {
    const auto found = busy_.find(broker);
    return found != busy_.end() && found->second > 0;
  });
  return brokers;
}

Unknown Sweep::why_not(int32_t broker) const {
  const std::vector<int32_t> usable = admin_.usable();
  return std::ranges::binary_search(usable, broker) ? Unknown::timed_out
                                                    : Unknown::broker_unreachable;
}

Entity Sweep::broker_entity(int32_t broker) const {
  constexpr std::array<std::string_view, 2> kDimensions{"cluster", "broker"};
  const std::array<Symbol, 2> cells{view_.cluster, Symbol::number(broker)};
  return {kDimensions, cells};
}

TopicView* Sweep::topic(const std::string& name) {
  const auto found = topic_index_.find(name);
  return found == topic_index_.end() ? nullptr : &view_.topics[found->second];
}

TopicView* Sweep::topic_from(size_t& place, const std::string& name) {
  if (place >= view_.topics.size() || view_.topics[place].name.text() != name) {
    const auto found = topic_index_.find(name);
    if (found == topic_index_.end()) return nullptr;
    place = found->second;
  }
  return &view_.topics[place++];
}

GroupView* Sweep::group(const std::string& id) {
  const auto found = group_index_.find(id);
  return found == group_index_.end() ? nullptr : &view_.groups[found->second];
}

asio::awaitable<void> Sweep::read_reassignments(int32_t broker) {
  ListPartitionReassignmentsRequest request;
  request.timeout_ms = 2000;
  const auto answer = co_await admin_.ask(broker, std::move(request));
  if (!answer || answer->error_code != ErrorCode::kNone) co_return;
  if (any_reassigned_) {
    for (TopicView& known : view_.topics) {
      for (PartitionView& partition : known.partitions) {
        partition.adding.clear();
        partition.removing.clear();
      }
    }
  }
  any_reassigned_ = !answer->topics.empty();
  for (const auto& moved : answer->topics) {
    TopicView* known = topic(moved.name);
    if (known == nullptr) continue;
    for (const auto& partition : moved.partitions) {
      PartitionView* found = find_partition(known->partitions, partition.partition_index);
      if (found == nullptr) continue;
      found->adding = partition.adding_replicas;
      found->removing = partition.removing_replicas;
    }
  }
}

asio::awaitable<Answer<DescribeQuorumResponse>> Sweep::read_quorum(int32_t broker) {
  DescribeQuorumRequest request;
  co_return co_await admin_.ask(broker, std::move(request));
}

}  // namespace highwater::kafka
