// FakeBroker: something that listens on a port and may be a broker, of the cluster that is watched
// or of another one, or speak another protocol. For tests of the client; serves on a thread of its
// own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/core/time.h"
#include "collectors/kafka/wire/admin.h"
#include "collectors/kafka/wire/frame.h"
#include "collectors/kafka/wire/metadata.h"
#include "collectors/kafka/wire/sasl.h"

namespace highwater::kafka {

struct Behaviour {
  int32_t id = 1;
  std::string cluster_id = "ours";
  std::vector<MetadataResponse::Broker> brokers;  // as its Metadata lists them
  bool configs_denied = false;
  bool only_api_versions = false;   // ends the connection at any other request
  std::vector<std::string> logins;  // it asks for one of these; empty: for none
  // What it answers to a message of a login; nothing: no login succeeds. When a session is over the
  // connection ends at the next request.
  std::function<SaslAuthenticateResponse(const Bytes&)> authenticate;
  bool silent = false;           // answers ApiVersions, and nothing else
  bool closes = false;           // after each answer but that to ApiVersions
  bool controller = false;       // a KRaft controller's port
  int16_t newest_metadata = 12;  // the highest version of Metadata that it offers
  std::string banner;            // in place of any answer
  DescribeQuorumResponse quorum;
};

class FakeBroker {
 public:
  explicit FakeBroker(uint16_t port = 0);  // 0: a free one
  ~FakeBroker() { stop(); }
  FakeBroker(const FakeBroker&) = delete;
  FakeBroker& operator=(const FakeBroker&) = delete;

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] MetadataResponse::Broker as_listed(int32_t id) const;
  void set(Behaviour behaviour);
  // Ends all connections; they can be made anew.
  void hang_up();
  // Ends all connections; who connects is refused.
  void stop();

  [[nodiscard]] int connections() const { return connections_; }  // ever accepted
  [[nodiscard]] int asked(ApiKey key);

 private:
  struct Client {
    int socket;
    Bytes input;
    std::optional<SteadyTime> session_until = std::nullopt;  // nothing: not logged in
    bool shook_hands = false;                                // and is in the middle of a login
  };
  void serve();
  bool read_from(Client& client);  // false: the connection is over
  bool answer(Client& client, std::span<const std::byte> payload);
  static std::optional<Bytes> login_frame(Client& client, const RequestHeader& header,
                                          const Behaviour& behaviour);
  std::optional<Bytes> frame_for(Client& client, const RequestHeader& header,
                                 const Behaviour& behaviour);

  int listener_ = -1;
  uint16_t port_ = 0;
  std::mutex mutex_;
  Behaviour behaviour_;
  std::map<ApiKey, int> asked_;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> hang_up_ = false;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace highwater::kafka
