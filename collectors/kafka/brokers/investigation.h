// Investigation: what the other brokers say of those whose connection was lost. Used by Brokers, on
// the cluster's thread.
//
// An orderly stop leaves the others' Metadata within the same tenths of a second in which its
// connections end; a crash stays listed for about 9 s. Half a second tells them apart. With
// ZooKeeper a broker that stops is listed until it has closed its logs, which takes from two
// seconds to minutes; but before its connections end the controller has handed on what it led, and
// soon after takes it out of the other ISRs. After a crash both stand for the time-out of its
// session, 6 s at least.
// All suspects share the questions, and the questions have a rate: many brokers that are lost at
// once, or that somebody invents, cost no more than one.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/span.h"
#include "agent/core/time.h"
#include "collectors/kafka/admin.h"
#include "collectors/kafka/client/token_bucket.h"

namespace highwater::kafka {

// A partition that a broker held in sync when it was last seen, as others did.
struct HeldReplica {
  std::string topic;
  int32_t partition = -1;
  bool led = false;
};

class Investigation {
 public:
  struct Verdict {
    std::optional<bool> listed;  // nothing: nobody could be asked
    bool handed_over = false;    // others have what it held in sync, and it does not
    std::vector<Span> spans;     // the loss, and what was asked for it
  };
  using Conclude = std::function<void(int32_t broker, Verdict)>;

  // `admin` outlives this. `conclude` is called once for each suspect that is not dropped.
  Investigation(asio::any_io_executor executor, KafkaAdmin& admin, Conclude conclude);
  ~Investigation();

  // Its connection was lost; `loss` says how. One that is a suspect already stays one. `held` is
  // for clusters with ZooKeeper alone.
  void begin(int32_t broker, Span loss, std::optional<HeldReplica> held);
  // It is of no interest any more.
  void drop(int32_t broker) { suspects_.erase(broker); }

 private:
  struct Suspect {
    SteadyTime since;
    std::optional<HeldReplica> held;
    Verdict verdict;
  };
  struct Round;

  static asio::awaitable<void> run(Investigation* self, std::shared_ptr<bool> alive);
  [[nodiscard]] std::vector<int32_t> whom_to_ask();
  [[nodiscard]] MetadataRequest what_to_ask() const;
  void note_answers(const Round& round, Now asked);
  void conclude_all(const std::vector<int32_t>& brokers);

  asio::any_io_executor executor_;
  KafkaAdmin& admin_;
  Conclude conclude_;
  std::map<int32_t, Suspect> suspects_;
  TokenBucket rounds_;
  asio::steady_timer timer_;
  size_t next_ = 0;  // whom to begin with
  bool running_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

[[nodiscard]] Span request_span(const char* name, int32_t broker, Now start,
                                const std::string& error);

}  // namespace highwater::kafka
