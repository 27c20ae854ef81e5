// The Metadata phase of a sweep: which brokers, topics and partitions there are, who leads them,
// who is in sync.
#include <fmt/format.h>

#include <algorithm>
#include <asio/use_awaitable.hpp>

#include "collectors/kafka/client/gather.h"
#include "collectors/kafka/poll/sweep.h"

namespace highwater::kafka {
namespace {

// Fewer than this many names may well all be deleted; more that vanish at once are a fault or a
// denial.
constexpr size_t kSuspiciousFrom = 3;
// Absent topics that are asked for by name in one poll.
constexpr size_t kAskedByName = 1000;

}  // namespace

asio::awaitable<bool> Sweep::read_metadata(RunPtr run) {
  std::vector<int32_t> candidates = ready();
  // The broker that answered last goes first: responses of different brokers differ for moments.
  // What contradicts the known state is checked with another one.
  const bool in_doubt = topics_.in_doubt() || internal_topics_.in_doubt();
  std::ranges::stable_partition(
      candidates, [&](int32_t broker) { return (broker == metadata_broker_) != in_doubt; });
  for (const int32_t broker : candidates) {
    MetadataRequest topics;
    if (settings_.scope) topics = scope_topics();
    auto metadata = co_await ask_metadata(run, broker, std::move(topics));
    if (!metadata) continue;
    metadata_broker_ = broker;
    if (hooks_.metadata) hooks_.metadata(*metadata, SystemClock().now());
    if (settings_.scope) note_absent_topics(*run, *metadata);
    merge_topics(*run, broker, *metadata);
    if (settings_.scope) {
      scope_brokers_ = *metadata;
      scope_brokers_.topics.clear();
      // Who leads what of it is known only now.
      if (hooks_.metadata) hooks_.metadata(scope_brokers_, SystemClock().now());
    }
    note_transactions(*metadata);
    run->metadata_read = true;
    co_await ask_for_absent_topics(run, broker);
    co_return true;
  }
  forget_freshness();
  co_return false;
}

// Nothing, and a problem of the run, when there is no response in time.
asio::awaitable<std::optional<MetadataResponse>> Sweep::ask_metadata(RunPtr run, int32_t broker,
                                                                     MetadataRequest request) {
  struct Result {
    std::optional<Answer<MetadataResponse>> answer;
  };
  const auto result = std::make_shared<Result>();
  const auto question = [](Sweep* self, RunPtr context, int32_t whom, MetadataRequest asked,
                           std::shared_ptr<Result> into) -> asio::awaitable<void> {
    into->answer = co_await self->ask(context, whom, std::move(asked));
  };
  std::vector<asio::awaitable<void>> questions;
  questions.push_back(question(this, run, broker, std::move(request), result));
  co_await gather(std::move(questions), settings_.patience);
  if (!result->answer) {
    run->problems.push_back({fmt::format("broker {} did not answer Metadata within {}", broker,
                                         describe_duration(settings_.patience)),
                             broker_entity(broker)});
    co_return std::nullopt;
  }
  if (!*result->answer) {
    run->problems.push_back(
        {fmt::format("broker {}: Metadata: {}", broker, result->answer->error().what),
         broker_entity(broker)});
    co_return std::nullopt;
  }
  co_return std::move(**result->answer);
}

void Sweep::forget_freshness() {
  // Nobody could be asked: nothing that was read before speaks for the present.
  view_.topics_reason = Unknown::broker_unreachable;
  view_.groups_reason = Unknown::broker_unreachable;
  for_each_topic(view_, [](TopicView& known) {
    known.reason = Unknown::broker_unreachable;
    for (PartitionView& partition : known.partitions) {
      partition.log_start.reason = partition.high_watermark.reason = partition.last_stable.reason =
          Unknown::broker_unreachable;
    }
  });
  for (GroupView& known : view_.groups) {
    known.listed = known.committed_reason = known.members_reason = Unknown::broker_unreachable;
  }
}

void Sweep::merge_topics(SweepRun& run, int32_t broker, MetadataResponse& metadata) {
  const size_t raw = metadata.topics.size();
  if (!settings_.scope && raw == 0 && raw_topics_ >= kSuspiciousFrom) {
    // Deleting everything at once looks exactly like losing the right to see anything: what was
    // there stays, unknown.
    view_.topics_vanished.why = fmt::format(
        "{} topics were listed before, and now none: rights lost, or everything was deleted",
        raw_topics_);
    view_.topics_reason = Unknown::denied;
    run.problems.push_back({view_.topics_vanished.why, {}});
    return;
  }
  if (raw > 0) {
    raw_topics_ = raw;
    view_.topics_vanished = {};
  }

  const SteadyTime now = run.start.steady;
  topics_.begin_listing(broker, now);
  internal_topics_.begin_listing(broker, now);
  for (auto& read : metadata.topics) {
    const bool apart = read.is_internal && !settings_.internal_topics;
    TopicList& list = apart ? internal_topics_ : topics_;
    // Whatever an answer before this one said.
    (apart ? topics_ : internal_topics_).drop(read.name);
    const TopicView* const known = list.find(read.name);
    if (!apart && known == nullptr && !settings_.topics.accepts(read.name)) continue;
    const size_t before = known == nullptr ? 0 : known->partitions.size();
    if (read.partitions.size() > before && !room_.take_topic(read.partitions.size() - before)) {
      if (known == nullptr) continue;
      std::erase_if(read.partitions, [&](const auto& partition) {
        return partition.partition_index >= static_cast<int32_t>(before);
      });
    }
    // The border has left out what was listed twice.
    list.add_listed(read);
  }
  topics_.end_listing();
  internal_topics_.end_listing();
  for (TopicView& known : view_.internal_topics)
    known.excluded = std::ranges::any_of(settings_.topics.exclude, [&](const Pattern& pattern) {
      return pattern.matches(known.name.text());
    });
  view_.topics_reason = Unknown::known;
}

// A listing lacks what the principal may not see. By name Kafka answers with different errors for
// denied and for deleted topics. Another broker is asked if there is one.
asio::awaitable<void> Sweep::ask_for_absent_topics(RunPtr run, int32_t lister) {
  MetadataRequest request;
  for (const TopicList* list : {&topics_, &internal_topics_}) {
    for (std::string& name : list->absent(kAskedByName)) {
      if (!request.topics) request.topics.emplace();
      request.topics->push_back({{}, std::move(name)});
    }
  }
  if (!request.topics) co_return;
  std::vector<int32_t> brokers = ready();
  std::ranges::stable_partition(brokers, [&](int32_t broker) { return broker != lister; });
  if (brokers.empty()) co_return;
  const auto answer = co_await ask_metadata(run, brokers.front(), std::move(request));
  if (!answer) co_return;
  const SteadyTime now = run->start.steady;
  for (const auto& named : answer->topics) {
    topics_.add_named(named, brokers.front(), now);
    internal_topics_.add_named(named, brokers.front(), now);
  }
  topics_.forget_gone();
  internal_topics_.forget_gone();
}

}  // namespace highwater::kafka
