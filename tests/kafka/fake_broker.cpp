#include "tests/kafka/fake_broker.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>


namespace highwater::kafka {
namespace {

ApiVersionsResponse offered(const Behaviour& behaviour) {
  ApiVersionsResponse answer;
  for (const ApiVersionRange& range : implemented_apis()) {
    if (behaviour.controller && range.api_key == ApiKey::kMetadata) continue;
    const bool metadata = range.api_key == ApiKey::kMetadata;
    const int16_t newest = metadata ? behaviour.newest_metadata : range.max_version;
    answer.api_keys.push_back({range.api_key, std::min(range.min_version, newest), newest});
  }
  if (behaviour.controller) answer.api_keys.push_back({static_cast<ApiKey>(62), 0, 4});
  return answer;
}

DescribeConfigsResponse describe(const Behaviour& behaviour,
                                 const DescribeConfigsRequest& request) {
  DescribeConfigsResponse answer;
  for (const auto& asked : request.resources) {
    auto& told = answer.results.emplace_back();
    told.resource_type = asked.resource_type;
    told.resource_name = asked.resource_name;
    if (behaviour.configs_denied) {
      told.error_code = ErrorCode::kClusterAuthorizationFailed;
    } else if (asked.resource_name != std::to_string(behaviour.id)) {
      told.error_code = ErrorCode::kInvalidRequest;
      told.error_message =
          fmt::format("Unexpected broker id, expected {} or empty string", behaviour.id);
    } else {
      auto& config = told.configs.emplace_back();
      config.name = "node.id";
      config.value = std::to_string(behaviour.id);
    }
  }
  return answer;
}

}  // namespace

FakeBroker::FakeBroker(uint16_t port) : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, plain, sizeof address) != 0 || listen(listener_, 128) != 0)
    throw std::runtime_error(fmt::format("cannot listen on port {}", port));
  socklen_t size = sizeof address;
  getsockname(listener_, plain, &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

MetadataResponse::Broker FakeBroker::as_listed(int32_t id) const {
  return {id, "127.0.0.1", port_, std::nullopt};
}

void FakeBroker::set(Behaviour behaviour) {
  const std::lock_guard lock(mutex_);
  behaviour_ = std::move(behaviour);
}

void FakeBroker::hang_up() {
  hang_up_ = true;
  while (hang_up_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void FakeBroker::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

int FakeBroker::asked(ApiKey key) {
  const std::lock_guard lock(mutex_);
  return asked_[key];
}

void FakeBroker::serve() {
  std::vector<Client> clients;
  const auto end_all = [&] {
    for (const Client& client : clients) close(client.socket);
    clients.clear();
  };
  while (!stopping_) {
    std::vector<pollfd> waiting{{listener_, POLLIN, 0}};
    for (const Client& client : clients) waiting.push_back({client.socket, POLLIN, 0});
    poll(waiting.data(), waiting.size(), 5);
    for (size_t i = clients.size(); i > 0; --i) {
      if (waiting[i].revents == 0 || read_from(clients[i - 1])) continue;
      close(clients[i - 1].socket);
      clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(i - 1));
    }
    if (waiting[0].revents != 0) {
      clients.push_back(Client{accept(listener_, nullptr, nullptr), {}});
      ++connections_;
    }
    if (hang_up_) {
      end_all();
      hang_up_ = false;
    }
  }
  close(listener_);
  end_all();
}

bool FakeBroker::read_from(Client& client) {
  std::byte buffer[65536];
  const ssize_t count = recv(client.socket, buffer, sizeof buffer, 0);
  if (count <= 0) return false;
  client.input.insert(client.input.end(), buffer, buffer + count);
  while (client.input.size() >= kFrameLengthSize) {
    const auto length =
        static_cast<size_t>(frame_length(std::span(client.input).first<kFrameLengthSize>()));
    if (client.input.size() < kFrameLengthSize + length) break;
    if (!answer(client, std::span(client.input).subspan(kFrameLengthSize, length))) return false;
    client.input.erase(client.input.begin(),
                       client.input.begin() + static_cast<std::ptrdiff_t>(4 + length));
  }
  return true;
}

bool FakeBroker::answer(Client& client, std::span<const std::byte> payload) {
  const auto header = decode_request_header(payload);
  if (!header) return false;
  const std::lock_guard lock(mutex_);
  ++asked_[header->api_key];
  const auto send_all = [&](const void* data, size_t size) {
    (void)!send(client.socket, data, size, MSG_NOSIGNAL);
  };
  if (!behaviour_.banner.empty()) {
    send_all(behaviour_.banner.data(), behaviour_.banner.size());
    return false;
  }
  const bool versions = header->api_key == ApiKey::kApiVersions;
  if (behaviour_.silent && !versions) return true;
  const auto frame = frame_for(client, *header, behaviour_);
  if (!frame) return false;
  send_all(frame->data(), frame->size());
  return versions || !behaviour_.closes;
}

std::optional<Bytes> FakeBroker::login_frame(Client& client, const RequestHeader& header,
                                             const Behaviour& behaviour) {
  const auto encode = [&](const auto& response) {
    return encode_response(response, header.api_version, header.correlation_id);
  };
  if (header.api_key == ApiKey::kSaslHandshake) {
    const auto asked = decode_request<SaslHandshakeRequest>(header.body, header.api_version);
    client.shook_hands = asked && behaviour.authenticate &&
                         std::ranges::find(behaviour.logins, asked->mechanism) !=
                             behaviour.logins.end();
    const ErrorCode error =
        client.shook_hands ? ErrorCode::kNone : ErrorCode::kUnsupportedSaslMechanism;
    return encode(SaslHandshakeResponse{error, behaviour.logins});
  }
  // Anything else in the middle of a login ends the connection, as Kafka does it.
  const auto message = decode_request<SaslAuthenticateRequest>(header.body, header.api_version);
  if (header.api_key != ApiKey::kSaslAuthenticate || !client.shook_hands || !message)
    return std::nullopt;
  const SaslAuthenticateResponse answer = behaviour.authenticate(message->auth_bytes);
  client.session_until.reset();
  if (answer.error_code == ErrorCode::kNone) {
    const auto life = std::chrono::milliseconds(answer.session_lifetime_ms);
    client.session_until =
        life.count() > 0 ? std::chrono::steady_clock::now() + life : SteadyTime::max();
  }
  return encode(answer);
}

std::optional<Bytes> FakeBroker::frame_for(Client& client, const RequestHeader& header,
                                           const Behaviour& behaviour) {
  const auto encode = [&](const auto& response) {
    return encode_response(response, header.api_version, header.correlation_id);
  };
  if (header.api_key == ApiKey::kApiVersions) return encode(offered(behaviour));
  if (behaviour.only_api_versions) return std::nullopt;
  const bool of_login = header.api_key == ApiKey::kSaslHandshake ||
                        header.api_key == ApiKey::kSaslAuthenticate;
  if (!behaviour.logins.empty() && of_login) return login_frame(client, header, behaviour);
  if (!behaviour.logins.empty() &&
      (!client.session_until || *client.session_until < std::chrono::steady_clock::now()))
    return std::nullopt;
  client.shook_hands = false;
  if (header.api_key == ApiKey::kMetadata) {
    MetadataResponse answer;
    answer.brokers = behaviour.brokers;
    answer.cluster_id = behaviour.cluster_id;
    return encode(answer);
  }
  if (header.api_key == ApiKey::kDescribeConfigs) {
    const auto request = decode_request<DescribeConfigsRequest>(header.body, header.api_version);
    if (request) return encode(describe(behaviour, *request));
  }
  if (header.api_key == ApiKey::kDescribeQuorum) return encode(behaviour.quorum);
  return std::nullopt;
}

}  // namespace highwater::kafka
