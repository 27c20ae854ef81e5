// A blocking client on a socket, for tests: frames out, frames in, and what became of the
// connection.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>

#include "collectors/kafka/wire/frame.h"

namespace highwater::simulator {

class SocketClient {
 public:
  // How a connection, or the attempt to make one, ended.
  enum class End { kOpen, kEnded, kReset, kRefused, kSilent };

  static constexpr int kPatienceMs = 10'000;  // never reached when the test passes
  static constexpr int kShortMs = 100;        // long enough for loopback, for "nothing comes"

  explicit SocketClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      end_ = errno == ECONNREFUSED ? End::kRefused : End::kSilent;
    }
  }
  ~SocketClient() { close(socket_); }
  SocketClient(const SocketClient&) = delete;
  SocketClient& operator=(const SocketClient&) = delete;

  End end() const { return end_; }

  void send_bytes(const kafka::Bytes& bytes) {
    (void)!::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  template <class Request>
  void send(const Request& request, std::int16_t version, std::int32_t correlation_id) {
    send_bytes(kafka::encode_request(request, version, correlation_id, "test"));
  }

  // Reads until so many bytes are there, or the connection has ended.
  kafka::Bytes receive(size_t size, int patience_ms = kPatienceMs) {
    kafka::Bytes bytes;
    while (bytes.size() < size) {
      pollfd waiting{socket_, POLLIN, 0};
      if (poll(&waiting, 1, patience_ms) <= 0) {
        end_ = End::kSilent;
        break;
      }
      std::byte buffer[4096];
      const ssize_t count = recv(socket_, buffer, std::min(sizeof buffer, size - bytes.size()), 0);
      if (count <= 0) {
        end_ = count == 0 ? End::kEnded : End::kReset;
        break;
      }
      bytes.insert(bytes.end(), buffer, buffer + count);
    }
    return bytes;
  }

  // What follows the length; empty when no whole frame comes.
  kafka::Bytes receive_frame(int patience_ms = kPatienceMs) {
    const kafka::Bytes length = receive(kafka::kFrameLengthSize, patience_ms);
    if (length.size() < kafka::kFrameLengthSize) return {};
    const std::int32_t size =
        kafka::frame_length(std::span(length).first<kafka::kFrameLengthSize>());
    return receive(static_cast<size_t>(size), patience_ms);
  }

  template <class Request>
  std::optional<typename Request::Response> ask(const Request& request, std::int16_t version,
                                                std::int32_t correlation_id = 1) {
    send(request, version, correlation_id);
    return answer<Request>(version, correlation_id);
  }

  template <class Request>
  std::optional<typename Request::Response> answer(std::int16_t version,
                                                   std::int32_t correlation_id) {
    const kafka::Bytes frame = receive_frame();
    if (frame.empty()) return std::nullopt;
    const auto header = kafka::decode_response_header(frame, Request::kApiKey, version);
    if (!header || header->correlation_id != correlation_id) return std::nullopt;
    auto response = kafka::decode_response<typename Request::Response>(header->body, version);
    if (!response) return std::nullopt;
    return *response;
  }

  // How the connection ends when nothing more is asked.
  End wait_for_end(int patience_ms = kPatienceMs) {
    receive(1, patience_ms);
    return end_;
  }

 private:
  int socket_;
  End end_ = End::kOpen;
};

}  // namespace highwater::simulator
