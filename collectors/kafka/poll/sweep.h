// Sweep: the fetch half of watching one Kafka cluster. One sweep asks, in fixed order, every broker
// once for what is due and writes what it brought into the ClusterView. On the cluster's thread;
// one sweep at a time.
//
// The order carries a promise: committed offsets are read before end offsets, so a lag is never
// negative and overstated by one poll at most. No phase waits for a broker that is slower than the
// others by more than `patience`: the sweep goes on without it, its rows are unknown, and it is not
// asked again until it has answered or timed out.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/core/observation.h"
#include "agent/core/pattern.h"
#include "collectors/kafka/admin.h"
#include "collectors/kafka/border.h"
#include "collectors/kafka/cluster_view.h"
#include "collectors/kafka/lag/held_back.h"
#include "collectors/kafka/lag/tail_search.h"
#include "collectors/kafka/lag/time_lag.h"
#include "collectors/kafka/poll/group_listing.h"
#include "collectors/kafka/poll/refusals.h"
#include "collectors/kafka/poll/request_counts.h"
#include "collectors/kafka/poll/topic_list.h"
#include "collectors/kafka/poll/unknown_reason.h"
#include "collectors/kafka/scope.h"
#include "collectors/kafka/view_room.h"

namespace highwater::kafka {

struct SweepSettings {
  NameFilter topics;
  NameFilter groups;
  bool internal_topics = false;
  Duration patience = std::chrono::seconds(2);
  size_t memory = size_t{1} << 40;  // bytes for all that is known of the cluster
  std::optional<Scope> scope{};     // nothing: all of the cluster
};

struct SweepDue {
  bool groups = false;
  bool configs = false;  // topic configurations, log directories, rights
};

// What one sweep leaves beside the view. Shared with its tasks: one that comes late finds `open`
// false and writes nothing.
struct SweepRun {
  bool open = true;
  Now start{};
  bool metadata_read = false;
  uint64_t requests = 0;
  std::vector<Span> spans;  // the first is the root
  std::vector<Problem> problems;
};

class Sweep {
 public:
  // Called with Metadata and with the registered brokers as they arrive; both may add and remove
  // brokers of the view.
  struct Hooks {
    std::function<void(const MetadataResponse&, Now)> metadata;
    std::function<void(const DescribeClusterResponse&)> registered;
  };

  Sweep(KafkaAdmin& admin, SweepSettings settings, ClusterView& view, Hooks hooks);

  asio::awaitable<std::shared_ptr<SweepRun>> run(SweepDue due);

  // Describes the groups that were rebalancing when they were seen last, and nothing else.
  asio::awaitable<std::shared_ptr<SweepRun>> run_rebalances();
  // Whether that is worth while: of groups that have been at it for long nobody has to know to the
  // second when they are done.
  [[nodiscard]] bool any_rebalancing(SteadyTime now) const;

  // The two questions that are forwarded to the active controller; never part of a sweep.
  asio::awaitable<void> read_reassignments(int32_t broker);
  asio::awaitable<Answer<DescribeQuorumResponse>> read_quorum(int32_t broker);

 private:
  using RunPtr = std::shared_ptr<SweepRun>;

  // sweep.cpp
  [[nodiscard]] RunPtr begin_run(std::string name) const;
  static void end_run(SweepRun& run);
  void note_left_out(SweepRun& run) const;
  template <class Request>
  asio::awaitable<Answer<typename Request::Response>> ask(RunPtr run, int32_t broker,
                                                          Request request);
  [[nodiscard]] std::vector<int32_t> ready()
      const;  // usable, and not still busy with an earlier phase
  [[nodiscard]] Unknown why_not(int32_t broker) const;  // of a broker that is not ready
  [[nodiscard]] Entity broker_entity(int32_t broker) const;

  // sweep_topics.cpp
  asio::awaitable<bool> read_metadata(RunPtr run);
  void forget_freshness();
  asio::awaitable<std::optional<MetadataResponse>> ask_metadata(RunPtr run, int32_t broker,
                                                                MetadataRequest request);
  void merge_topics(SweepRun& run, int32_t broker, MetadataResponse& metadata);
  asio::awaitable<void> ask_for_absent_topics(RunPtr run, int32_t lister);

  // sweep_offsets.cpp
  asio::awaitable<void> read_offsets(RunPtr run);
  asio::awaitable<void> read_offsets_of(RunPtr run, int32_t broker, ListOffsetsRequest request,
                                        OffsetView PartitionView::*field);

  // sweep_newest.cpp
  asio::awaitable<void> read_newest(RunPtr run);
  asio::awaitable<void> read_newest_of(RunPtr run, int32_t broker, ListOffsetsRequest request);

  // sweep_transactions.cpp
  struct TransactionAnswers {
    std::vector<OpenTransaction> transactions;
    Unknown reason = Unknown::known;
  };
  asio::awaitable<void> read_transactions(RunPtr run);
  asio::awaitable<void> read_transactions_of(RunPtr run, int32_t broker,
                                             std::shared_ptr<TransactionAnswers> answers);

  // sweep_times.cpp
  asio::awaitable<void> read_times(RunPtr run, SteadyTime ends_asked);
  asio::awaitable<void> read_times_of(RunPtr run, int32_t broker, ListOffsetsRequest request);

  // sweep_tails.cpp
  void note_transactions(const MetadataResponse& metadata);
  asio::awaitable<void> read_tails(RunPtr run);
  asio::awaitable<void> read_tail_of(RunPtr run, TailSearch::Question question);

  // sweep_groups.cpp
  asio::awaitable<void> read_groups(RunPtr run);
  asio::awaitable<void> read_members(RunPtr run);
  asio::awaitable<void> describe(RunPtr run, std::vector<GroupView*> groups);
  void note_refusals(SweepRun& run, int32_t broker, std::string_view api,
                     const Refusals& refusals) const;
  void note_rebalances(SteadyTime now);
  template <class Request>
  asio::awaitable<void> read_members_of(RunPtr run, int32_t broker, Request request);
  struct Listing {
    GroupListing::Answers answers;
  };
  void merge_groups(SweepRun& run, const Listing& listing);
  void note_listed(GroupView& known, const GroupListing::Entry& entry);
  bool note_unlisted(GroupView& known, const GroupListing& groups);
  bool looks_denied(SweepRun& run, const GroupListing& groups);
  void index_groups();

  // sweep_committed.cpp
  asio::awaitable<void> read_committed(RunPtr run);
  asio::awaitable<void> read_committed_of(RunPtr run, int32_t broker, OffsetFetchRequest request);
  [[nodiscard]] bool worth_reading(const GroupView& group) const;

  // sweep_named_groups.cpp
  asio::awaitable<void> find_named_groups(RunPtr run, std::shared_ptr<const Listing> listing);
  asio::awaitable<void> find_named_group(RunPtr run, int32_t broker, Symbol name,
                                         std::set<int32_t> answered);
  static void set_unknown(GroupView& group, Unknown reason);

  // sweep_scope.cpp: in place of listings, where there is a scope
  asio::awaitable<void> read_scope_groups(RunPtr run);
  asio::awaitable<void> find_coordinator(RunPtr run, int32_t broker, Symbol group);
  asio::awaitable<void> describe_scope(RunPtr run);
  void settle_scope_group(SweepRun& run, GroupView& known);
  asio::awaitable<void> read_new_topics(RunPtr run);
  [[nodiscard]] MetadataRequest scope_topics() const;
  void note_absent_topics(SweepRun& run, const MetadataResponse& metadata);

  // sweep_configs.cpp
  asio::awaitable<void> read_configs(RunPtr run, bool all);
  asio::awaitable<void> read_configs_of(RunPtr run, int32_t broker, DescribeConfigsRequest request);
  asio::awaitable<void> read_log_dirs(RunPtr run, int32_t broker);
  asio::awaitable<void> read_cluster(RunPtr run, int32_t broker);

  TopicView* topic(const std::string& name);
  // The same for names that come nearly in the view's order: `place` is where the next one may be.
  TopicView* topic_from(size_t& place, const std::string& name);
  GroupView* group(const std::string& id);

  KafkaAdmin& admin_;
  const SweepSettings settings_;
  ClusterView& view_;
  const Hooks hooks_;
  std::map<int32_t, int> busy_;   // requests in flight per broker
  int32_t metadata_broker_ = -1;  // the one that answered last
  ViewRoom room_;
  TopicList topics_;
  TopicList internal_topics_;
  std::unordered_map<std::string, size_t> group_index_;
  CoordinatorMemory coordinators_;
  std::unordered_map<Symbol, int> group_absences_;     // listings in a row without it
  std::unordered_map<Symbol, int> group_quiet_polls_;  // Empty, and its offsets did not move
  bool any_reassigned_ = false;                        // by the last list of reassignments
  size_t raw_topics_ = 0;  // in the last full listing, before any filter
  uint64_t group_polls_ = 0;
  std::set<Symbol> named_groups_;  // by the configuration, without wildcards
  // Those that nobody lists, and why; `known` means that they do not exist.
  std::map<Symbol, Unknown> unlisted_;
  std::set<Symbol> undescribed_;  // groups whose state changed since they were described
  std::unordered_map<Symbol, SteadyTime> rebalancing_;  // groups, and since when that is seen
  Border border_;
  TimeLag time_lag_;
  TailSearch tail_search_;
  bool transactions_seen_ = false;
  HeldBack held_back_;
  std::optional<SteadyTime> transactions_asked_;
  // Of a scope without topics of its own: those that its groups were seen to use.
  std::set<std::string> used_topics_;
  MetadataResponse scope_brokers_;  // of a scope: the last Metadata, without topics
};

template <class Request>
asio::awaitable<Answer<typename Request::Response>> Sweep::ask(RunPtr run, int32_t broker,
                                                               Request request) {
  const Now start = SystemClock().now();
  ++busy_[broker];
  ++run->requests;
  border_.leave(request);
  Answer<typename Request::Response> answer = co_await admin_.ask(broker, std::move(request));
  --busy_[broker];
  if (answer) border_.enter(*answer);
  count_request(view_, broker, api_name(Request::kApiKey), answer);
  if (run->open) {
    Span span;
    span.name = "kafka.request " + std::string(api_name(Request::kApiKey));
    span.kind = SpanKind::client;
    span.start = start.wall;
    span.duration = std::chrono::steady_clock::now() - start.steady;
    span.attributes = {{"messaging.system", "kafka"},
                       {"messaging.kafka.broker.id", std::to_string(broker)}};
    if (!answer) span.error = answer.error().what;
    span.trace = run->spans.front().trace;
    span.parent = run->spans.front().id;
    span.id = SpanId::random();
    run->spans.push_back(std::move(span));
  }
  co_return answer;
}

}  // namespace highwater::kafka
