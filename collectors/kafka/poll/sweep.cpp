#include "collectors/kafka/poll/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/use_awaitable.hpp>

#include "collectors/kafka/client/gather.h"

namespace highwater::kafka {
namespace {

// Of more than that together it is enough to hear with the polls.
constexpr size_t kRebalancesAtOnce = 100;

}  // namespace

Sweep::Sweep(KafkaAdmin& admin, SweepSettings settings, ClusterView& view, Hooks hooks)
    : admin_(admin),
      settings_(std::move(settings)),
      view_(view),
      hooks_(std::move(hooks)),
      room_(settings_.memory),
      topics_(view.topics),
      internal_topics_(view.internal_topics),
      time_lag_([this](const Symbol& name) { return topics_.find(name.text()); }),
      tail_search_([this](const Symbol& name) { return topics_.find(name.text()); }) {
  for (const Pattern& pattern : settings_.groups.include) {
    const std::string_view name = pattern.literal();
    if (!name.empty() && settings_.groups.accepts(name)) named_groups_.emplace(name);
  }
}

asio::awaitable<std::shared_ptr<SweepRun>> Sweep::run(SweepDue due) {
  const RunPtr run = begin_run("kafka.poll");
  room_.count(view_);
  if (co_await read_metadata(run)) {
    if (due.groups) {
      if (settings_.scope)
        co_await read_scope_groups(run);
      else
        co_await read_groups(run);
      co_await read_committed(run);
      if (settings_.scope) co_await read_new_topics(run);
    }
    const SteadyTime ends_asked = std::chrono::steady_clock::now();
    co_await read_offsets(run);
    held_back_.update(view_, std::chrono::steady_clock::now());
    if (due.groups) {
      // What a scope leaves out needs more than DESCRIBE on its groups and topics.
      if (!settings_.scope) co_await read_tails(run);
      co_await read_times(run, ends_asked);
      if (!settings_.scope) co_await read_members(run);
      note_rebalances(std::chrono::steady_clock::now());
    }
    if (!settings_.scope) co_await read_configs(run, due.configs);
    co_await read_newest(run);
    if (!settings_.scope) co_await read_transactions(run);
    note_left_out(*run);
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

void Sweep::note_left_out(SweepRun& run) const {
  const auto note = [&](size_t count, std::string_view what) {
    if (count > 0) run.problems.push_back({fmt::format("{} {}", count, what), {}});
  };
  note(border_.topics_left_out(),
       "topics are left out: Kafka does not allow their names, or they were listed twice");
  note(border_.groups_left_out(), "groups with ids of many or odd bytes are left out");
  if (std::string text = room_.left_out(); !text.empty())
    run.problems.push_back({std::move(text), {}});
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
  TopicView* const found = topics_.find(name);
  return found != nullptr ? found : internal_topics_.find(name);
}

TopicView* Sweep::topic_from(size_t& place, const std::string& name) {
  TopicView* const found = topics_.find_from(place, name);
  return found != nullptr ? found : internal_topics_.find(name);
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
    for_each_topic(view_, [](TopicView& known) {
      for (PartitionView& partition : known.partitions) {
        partition.adding.clear();
        partition.removing.clear();
      }
    });
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
  auto answer = co_await admin_.ask(broker, std::move(request));
  if (answer) border_.enter(*answer);
  co_return answer;
}

}  // namespace highwater::kafka
