// ClusterView: what the sweeps of one Kafka cluster brought, as plain data. The fetch half
// (sweep.h) writes it on the cluster's thread; the interpreters (collectors/*.h) read it on the
// same thread and turn it into tables. No I/O, no Asio, no wire types.
//
// Every number is either known or carries the reason why not. What a sweep could not read keeps its
// last number beside the reason: for people, never as a sample.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/core/symbol.h"
#include "agent/core/table.h"
#include "agent/core/time.h"
#include "collectors/kafka/boxed.h"
#include "collectors/kafka/lag/log_tail.h"
#include "collectors/kafka/lag/offset_history.h"
#include "collectors/kafka/small_list.h"

namespace highwater::kafka {

// Brokers before Kafka 2.8 send no ids: there it is all zero. When such a topic is found to have
// replaced one of the same name, it gets a local id.
using TopicId = std::array<std::byte, 16>;
[[nodiscard]] TopicId local_id(uint32_t number);
[[nodiscard]] bool is_kafka_id(const TopicId& id);
// False when the ids show that these are different topics.
[[nodiscard]] bool same_topic(const TopicId& before, const TopicId& now);

// How a broker stands with us, judged from our own connection to it and, after a loss, from what
// the others say.
enum class BrokerStatus : uint8_t {
  connecting,  // not judged yet
  up,          // it answered its last request
  crashed,     // connection lost or refused while Metadata of the others still lists it (or nobody
               // else can be asked)
  hung,        // a connection is accepted, nothing is answered
  cut_off,     // no connection within the time-out: the network, or a full backlog
  refuses,  // somebody answers who does not serve us or is not this broker: a login, TLS, another
            // cluster
  denied,   // somebody answers, and we do not accept each other's certificate or login
  stopped,  // connection lost, and the others' Metadata does not list it any more: an orderly stop
};
[[nodiscard]] std::string_view status_name(BrokerStatus status);  // "cut_off"
// Down, and not by an orderly shutdown.
[[nodiscard]] constexpr bool is_failed(BrokerStatus status) {
  return status == BrokerStatus::crashed || status == BrokerStatus::hung ||
         status == BrokerStatus::cut_off || status == BrokerStatus::refuses;
}

// A directory that a broker keeps logs in, as it told when it was last asked.
struct LogDirView {
  Symbol path;
  Unknown reason = Unknown::known;  // why the rest is not known
  bool offline = false;             // the broker gave it up
  std::string why;                  // Kafka's error, when it has one
  int64_t total_bytes = -1;         // of its volume; -1: not told
  int64_t usable_bytes = -1;
};

struct BrokerView {
  int32_t id = -1;
  std::string host;
  int32_t port = 0;
  std::string rack;  // "" when it has none
  BrokerStatus status = BrokerStatus::connecting;
  std::string why;  // for people: "connection refused", "no answer to ApiVersions within 2 s"
  Now since{};      // when it took this status
  std::optional<Duration> response_time;       // of the last probe that was answered
  std::optional<WallTime> certificate_expiry;  // of the one it showed last; nothing without TLS
  bool listed = false;  // by the newest Metadata of any other broker (its own when it is alone)
  std::optional<SteadyTime> contradicted_since;  // Metadata lists it although it failed, since then
  std::vector<LogDirView> log_dirs;
  Unknown log_dirs_reason = Unknown::not_asked;
  SteadyTime log_dirs_read{};  // when they were last told
};

struct QuorumReplica {
  int32_t id = -1;
  int64_t lag_records = 0;            // behind the leader's log end; never negative
  std::optional<Duration> caught_up;  // how long ago it had caught up, by the leader's clock
};

// How far the active controller's clock is ahead of ours; negative: behind.
struct ClockDifference {
  Duration ahead{};
  Duration error{};  // at most, half of what the question and its answer took
};

struct QuorumView {
  Unknown reason = Unknown::not_asked;  // known: the rest is fresh
  int32_t leader = -1;
  int32_t epoch = -1;
  std::vector<QuorumReplica> voters;
  std::vector<QuorumReplica> observers;
  bool lost = false;  // a majority of the voters is down, or nobody has named a leader for long
  std::string why_lost;
  std::optional<ClockDifference> clock = {};  // nothing: the controller did not tell its time
};

// An offset, or why it is unknown.
struct OffsetView {
  int64_t offset = -1;
  Unknown reason = Unknown::not_asked;
  [[nodiscard]] bool known() const { return reason == Unknown::known; }
};

struct ReplicaSize {
  int32_t broker = -1;
  int64_t bytes = 0;
};

// In place of the newest record's timestamp.
constexpr int64_t kStampNotAsked = -2;
constexpr int64_t kStampUnknown = -1;  // there is no record, or the broker is too old to tell

// Thousands of these are walked through several times in each poll: what is used most stands first,
// and nothing stands elsewhere for the usual three or four replicas.
struct PartitionView {
  int32_t index = -1;
  int32_t leader = -1;       // -1: leaderless
  int32_t last_leader = -1;  // the last one that was not -1; the same as leader while there is one
  int32_t leader_epoch = -1;
  OffsetView log_start;
  OffsetView high_watermark;
  OffsetView last_stable;
  SmallList<int32_t, 4> replicas;  // the first is the preferred leader
  SmallList<int32_t, 4> isr;
  SmallList<int32_t, 2> adding;  // replicas of a reassignment in progress
  SmallList<int32_t, 2> removing;
  SmallList<ReplicaSize, 3> log_dirs;  // bytes on each broker that told; empty when nobody did
  Boxed<OffsetHistory> history;        // of a partition that some group reads
  Boxed<LogTail> tail;                 // what was seen of the last offsets
  // Of the newest record when it was asked for, once: Unix milliseconds by the clock that stamped
  // it, or one of the above.
  int64_t newest_stamp = kStampNotAsked;
};
[[nodiscard]] PartitionView* find_partition(std::vector<PartitionView>& partitions, int32_t index);

struct TopicConfig {
  int32_t min_insync_replicas = 1;
  int64_t retention_ms = -1;     // -1: unlimited
  int64_t retention_bytes = -1;  // -1: unlimited
  bool compact = false;
  bool remove = true;  // cleanup.policy contains "delete"
  bool unclean_leader_election = false;
  int64_t max_message_bytes = -1;  // of one batch; -1: not told
};

struct TopicView {
  Symbol name;
  TopicId id{};
  bool internal = false;
  bool excluded = false;  // internal, and the configuration excludes its name: not to be judged
  Unknown reason = Unknown::known;        // not known: nothing below is fresh
  std::vector<PartitionView> partitions;  // ascending index
  std::optional<TopicConfig> config;      // the last one read
  Unknown config_reason = Unknown::not_asked;
};

// Since when the oldest record beyond a committed offset has been there.
struct UnreadSince {
  Unknown reason = Unknown::not_asked;
  bool any = false;           // false, and known: nothing is unread
  bool good = false;          // nothing more has to be asked
  bool sure = false;          // it does not rest on timestamps alone
  bool only_markers = false;  // offsets are left, and none of them holds a record for a reader
  AppendTime time;            // of what is unread
};

struct CommittedOffset {
  int32_t partition = -1;
  int64_t offset = -1;
  Unknown reason = Unknown::known;  // no_commit when Kafka says -1
  UnreadSince unread = {};
};

struct CommittedTopic {
  Symbol topic;
  std::vector<CommittedOffset> partitions;  // ascending
};

struct GroupMember {
  std::string member_id;
  std::string client_id;
  std::string client_host;
  std::string instance_id;                                          // static membership; else ""
  std::vector<std::pair<Symbol, std::vector<int32_t>>> assignment;  // topic, partitions
  bool away = false;     // a static member that left and whose place is kept for it
  bool settled = false;  // it reads exactly what the newest assignment gives it
  bool stands_by =
      false;  // of a Streams group: it keeps state for others, with or without partitions
};

enum class GroupType : uint8_t {
  unknown,  // of a kind that this program does not know
  classic,
  consumer,
  share,
  streams,
};
[[nodiscard]] std::string_view group_type_name(GroupType type);

struct GroupView {
  Symbol id;
  std::string state;     // Kafka's own: Stable, Empty, PreparingRebalance, ...
  std::string protocol;  // protocol type: "consumer", "connect", "share", "" for groups that only
                         // store offsets
  GroupType type = GroupType::unknown;
  int32_t coordinator = -1;         // -1: no broker coordinates it at the moment
  Unknown listed = Unknown::known;  // not known: state and coordinator are from before
  Unknown committed_reason = Unknown::not_asked;  // of the whole group's offsets
  std::vector<CommittedTopic> committed;  // the last that could be read; share groups have none
  // When the answer with them came; the broker read them before, by no more than `committed_took`.
  std::optional<SteadyTime> committed_at;
  std::chrono::milliseconds committed_took{};
  std::optional<std::vector<GroupMember>> members;  // the last description
  Unknown members_reason = Unknown::not_asked;
  std::string assignor;
  std::optional<SteadyTime> last_commit_change;  // when a committed offset was last seen to move
};
// The group is rebalancing. Kafka also calls a group "Reconciling" while it keeps the place of a
// static member and all the other members go on reading: that is no rebalance.
[[nodiscard]] bool is_rebalancing(const GroupView& group);

// Of one broker and API: how many requests were sent, and how many met which error. The errors'
// names are literals, in the order in which they were first met.
struct RequestCounts {
  uint64_t sent = 0;
  uint64_t throttled_ms = 0;  // for how long answers say that quotas held us back
  std::vector<std::pair<std::string_view, uint64_t>> errors;

  void add_error(std::string_view name);
};

// A partition that an open transaction holds back, or whose ends could not be read.
struct HeldBackPartition {
  Symbol topic;
  TopicId id{};
  int32_t partition = -1;
  Unknown reason = Unknown::known;  // why the ends are not known now
  bool from_start = false;          // it stood there when we first looked
  int64_t offset = -1;              // the last stable one; -1: it was never known
  SteadyTime since{};               // when it was first seen there
};

// A transaction that holds partitions back, as its coordinator tells of it.
struct OpenTransaction {
  std::string id;
  std::string state;  // Kafka's own: Ongoing, PrepareAbort, ...
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
  WallTime began{};  // by the coordinator's clock
  Duration timeout{};
  std::vector<std::pair<Symbol, int32_t>> holds;  // topic, partition
};

// That everything of a kind is gone from one answer to the next. Rights were lost, or all of it was
// deleted; until some is listed again, what was there is unknown.
struct Suspicion {
  std::string why;  // "": there is none
  [[nodiscard]] bool stands() const { return !why.empty(); }
};

struct ClusterView {
  Symbol cluster;          // the configured name
  std::string cluster_id;  // Kafka's own; "" until known
  bool reachable = false;  // some broker answers
  bool ever_reached = false;
  std::string why_unreachable;
  // Why brokers and we do not accept each other's certificate or login; "": they do.
  std::string why_denied;
  // Of our own files and tokens, while what was there before is still in use; "": nothing is wrong.
  std::string credentials_problem;
  std::optional<WallTime> own_certificate_expiry;  // nothing: we show none
  // Addresses that lead elsewhere than they should, for people: brokers that share one, bootstrap
  // servers of another cluster.
  std::vector<std::string> misdirected;
  std::map<int32_t, BrokerView> brokers;  // every broker not known to be gone
  QuorumView quorum;
  bool has_quorum = false;  // KRaft with DescribeQuorum; false for older brokers or missing rights
  std::vector<TopicView> topics;  // ascending by name; excluded topics are absent
  // Kafka's own, such as __consumer_offsets, unless they are watched like all others: then they are
  // among the topics. Ascending by name; only their leaders and replicas are judged.
  std::vector<TopicView> internal_topics;
  Unknown topics_reason = Unknown::not_asked;  // of both
  std::vector<GroupView> groups;               // ascending by id; excluded groups are absent
  Unknown groups_reason = Unknown::not_asked;
  // Whether there can be transactions: some producer of the cluster has used them, or we could not
  // see it.
  bool may_have_transactions = false;
  std::vector<HeldBackPartition> held_back;  // in the order of topics and partitions
  // Those that were told of when it was last asked who holds partitions back for long.
  std::vector<OpenTransaction> transactions;
  Unknown transactions_reason = Unknown::not_asked;  // known: every broker told of its own
  std::vector<std::pair<std::string, bool>>
      rights;  // {"cluster_describe", missing}: asked at start and with the configs
  Suspicion topics_vanished;
  Suspicion groups_vanished;
  // Our own requests since the start, by broker and the API's name, a literal.
  std::map<std::pair<int32_t, std::string_view>, RequestCounts> requests;
};

[[nodiscard]] inline bool looks_empty(const ClusterView& view) {
  return view.topics_vanished.stands() || view.groups_vanished.stands();
}

// Every topic that is there, Kafka's own included.
template <class View, class Visit>
void for_each_topic(View& view, Visit visit) {
  for (auto& topic : view.topics) visit(topic);
  for (auto& topic : view.internal_topics) visit(topic);
}

}  // namespace highwater::kafka
