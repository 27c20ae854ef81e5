// A Kafka cluster that exists only as a state machine: faults and time go in, answers come out.
//
// It opens no sockets and reads no clock: the server (server.h) or a test tells it what time it is,
// hands it requests, and does what it says has become of the brokers' connections. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "collectors/kafka/wire/frame.h"
#include "tests/simulator/answers/answer.h"
#include "tests/simulator/model/controller.h"
#include "tests/simulator/model/quorum.h"
#include "tests/simulator/model/world.h"
#include "tests/simulator/scenario/fault.h"
#include "tests/simulator/scenario/scenario.h"

namespace highwater::simulator {

enum class Life : std::uint8_t { kRunning, kHung, kStopping, kDead, kStarting };

// What has become of a broker's sockets.
struct NetworkAction {
  enum class Kind : std::uint8_t {
    kReset,   // connections are reset, the port is closed
    kClose,   // connections end in order, the port is closed
    kListen,  // the port is open again
    kFreeze,  // nobody accepts, reads or writes any more; the port stays open
    kThaw,
  };
  Kind kind;
  std::int32_t broker;
};

struct Reply {
  enum class Kind : std::uint8_t {
    kAnswer,
    kLater,  // the same request is to be asked again after the next event: nobody answers it now
    kClose,  // the connection ends without an answer
  };
  Kind kind = Kind::kClose;
  kafka::Bytes frame;
};

// What happens to one answer on its way out.
struct Disturbance {
  Duration delay{};
  bool half = false;
  bool garbage = false;
  bool whole_frame = false;  // garbage from the length on
};

class Model {
 public:
  Model(const Scenario& scenario, WallTime start);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  void set_port(std::int32_t broker, std::uint16_t port);

  // Everything that is due happens, in order. Time never goes backwards. True when something
  // happened.
  bool advance(Duration now);
  [[nodiscard]] Duration now() const { return now_; }
  [[nodiscard]] std::optional<Duration> next_event() const;

  // Happens at once; an error says why it cannot.
  Result<void> apply(const Fault& fault);

  // What follows the length of a request's frame. Only brokers that are running answer.
  [[nodiscard]] Reply reply(std::int32_t broker, std::span<const std::byte> payload);
  [[nodiscard]] Disturbance disturb(std::int32_t broker);

  // Since the last call; in order.
  [[nodiscard]] std::vector<NetworkAction> take_actions() { return std::exchange(actions_, {}); }
  // One line per fault.
  [[nodiscard]] std::vector<std::string> take_lines() { return std::exchange(lines_, {}); }

  [[nodiscard]] const World& world() const { return world_; }
  [[nodiscard]] Life life(std::int32_t broker) const { return brokers_.at(broker).life; }
  [[nodiscard]] std::optional<std::int32_t> active_controller() const { return quorum_.active(); }
  [[nodiscard]] std::int64_t to_unix_ms(Duration moment) const;

 private:
  struct Broker {
    Life life = Life::kRunning;
    std::uint64_t incarnation = 0;        // events of an earlier one are void
    std::uint64_t fencing = 0;            // the one fencing that still counts
    std::shared_ptr<const World> memory;  // of a hung broker and of a zombie
    Duration memory_of{};                 // the moment it remembers
    Disturbance disturbance;              // delay, kind of garbage
    std::int32_t half_answers = 0;
    std::int32_t garbage = 0;
  };
  using Event = std::function<void()>;

  // model_brokers.cpp: dying, hanging and coming back.
  Result<void> on(const fault::Die& fault);
  Result<void> on(const fault::Return& fault);
  Result<void> on(const fault::Hang& fault);
  Result<void> on(const fault::Wake& fault);
  Result<void> on(const fault::Stop& fault);
  Result<void> on(const fault::QuorumLost& fault);
  Result<void> on(const fault::Heal& fault);
  void heal(std::int32_t broker);
  void fall_silent(std::int32_t broker);
  void register_again(std::int32_t broker);
  void unfence(std::int32_t broker);
  void schedule_fencing(std::int32_t broker);
  void controllers_changed();
  void hand_over();
  void controller_elected();
  [[nodiscard]] bool controller_works() const;
  [[nodiscard]] bool works(std::int32_t broker) const;

  // model_changes.cpp: everything else.
  Result<void> on(const fault::Slow& fault);
  Result<void> on(const fault::HalfAnswer& fault);
  Result<void> on(const fault::Garbage& fault);
  Result<void> on(const fault::LeaderChange& fault);
  Result<void> on(const fault::PreferredElection& fault);
  Result<void> on(const fault::MoveCoordinators& fault);
  Result<void> on(const fault::Loading& fault);
  Result<void> on(const fault::Denied& fault);
  Result<void> on(const fault::FallBehind& fault);
  Result<void> on(const fault::Reassign& fault);
  Result<void> on(const fault::CreateTopic& fault);
  Result<void> on(const fault::DeleteTopic& fault);
  Result<void> on(const fault::AlterConfig& fault);
  Result<void> on(const fault::DeleteRecords& fault);
  Result<void> on(const fault::CreateGroup& fault);
  Result<void> on(const fault::DeleteGroup& fault);
  Result<void> on(const fault::Members& fault);
  Result<void> on(const fault::Rebalance& fault);
  Result<void> on(const fault::ChangeConsume& fault);
  Result<void> on(const fault::ChangeProduce& fault);
  Result<void> on(const fault::OpenTransaction& fault);
  Result<void> on(const fault::EndTransaction& fault);
  Result<Topic*> find_topic(const std::string& name, std::int32_t partition);
  Result<Group*> find_group(const std::string& name);

  void start_committing(const GroupSpec& spec, Duration first);
  void commit_tick(const std::string& group, std::uint64_t serial);
  void elect_preferred_regularly();

  // model_replies.cpp
  [[nodiscard]] Viewpoint view_of(std::int32_t broker, std::int16_t version);
  Reply refuse_api_versions(const kafka::RequestHeader& header, std::int32_t broker);
  template <class Request>
  Reply respond(const kafka::RequestHeader& header, const Viewpoint& view);
  kafka::DescribeQuorumResponse answer_quorum(const Viewpoint& view,
                                              const kafka::DescribeQuorumRequest& request) const;
  kafka::OffsetCommitResponse take_commit(const Viewpoint& view,
                                          const kafka::OffsetCommitRequest& request);
  void create_offsets_topic();

  void after(Duration delay, Event event);
  // Void when the broker has died, hung, stopped or come back meanwhile.
  void after(Duration delay, std::int32_t broker, Event event);
  void settle();
  Result<Broker*> find_broker(std::int32_t broker);
  Controller controller() { return {world_, now_, timings_.coordinator_loading}; }

  Timings timings_;
  std::int32_t offsets_partitions_;
  std::int32_t offsets_replication_factor_;
  std::int64_t start_ms_;
  World world_;
  Quorum quorum_;
  std::map<std::int32_t, Broker> brokers_;
  Duration now_{};
  std::multimap<Duration, Event> events_;  // those of one moment in the order they were made
  std::vector<NetworkAction> actions_;
  std::vector<std::string> lines_;
  Duration forwards_stuck_until_ = Duration::min();
  std::optional<std::int32_t> forwards_stuck_at_;
  bool election_pending_ = false;
  bool offsets_topic_pending_ = false;
  std::map<std::string, std::uint64_t> committing_;  // by group: the chain of ticks that counts
  std::uint64_t serials_ = 0;
  std::uint64_t requests_ = 0;
};

}  // namespace highwater::simulator
