#include "http_support.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>

namespace highwater::http {
namespace {

using namespace std::chrono_literals;

SteadyTime in(Duration duration) {
  return std::chrono::steady_clock::now() + duration;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

// Empty: the end, an error, or silence.
std::string receive(int fd, size_t size, Duration patience) {
  if (!wait_for(fd, POLLIN, in(patience))) return {};
  std::string chunk(size, '\0');
  const ssize_t count = ::recv(fd, chunk.data(), chunk.size(), 0);
  chunk.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return chunk;
}

}  // namespace

void ScriptedServer::Peer::send(std::string_view bytes) const {
  send_all(fd_, bytes);
}

std::string ScriptedServer::Peer::read_until(std::string_view until) {
  std::string text;
  while (text.find(until) == std::string::npos) {
    const std::string chunk = receive(fd_, 65536, 5s);
    if (chunk.empty()) break;
    text += chunk;
  }
  return text;
}

std::string ScriptedServer::Peer::read_some() {
  return receive(fd_, 65536, 5s);
}

bool ScriptedServer::Peer::wait_closed() const {
  while (!stopping()) {
    if (!wait_for(fd_, POLLIN, in(20ms))) continue;
    std::array<char, 65536> sink{};
    if (::recv(fd_, sink.data(), sink.size(), 0) <= 0) return true;
  }
  return false;
}

bool ScriptedServer::Peer::stopping() const {
  return stop_->load();
}

ScriptedServer::ScriptedServer(std::function<void(Peer&)> script)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), generic, length) != 0 || ::listen(listener_.get(), 64) != 0 ||
      ::getsockname(listener_.get(), generic, &length) != 0)
    throw std::runtime_error("no loopback port");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, script = std::move(script)] {
    while (!stop_) {
      if (!wait_for(listener_.get(), POLLIN, in(20ms))) continue;
      const Descriptor connection(::accept(listener_.get(), nullptr, nullptr));
      if (!connection.valid()) continue;
      Peer peer(connection.get());
      peer.stop_ = &stop_;
      script(peer);
    }
  });
}

ScriptedServer::~ScriptedServer() {
  stop_ = true;
  thread_.join();
}

std::string ScriptedServer::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

RawClient::RawClient(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    fd_.close();
}

bool RawClient::send(std::string_view bytes) {
  return send_all(fd_.get(), bytes);
}

std::string RawClient::read_all() {
  std::string text;
  while (true) {
    const std::string chunk = receive(fd_.get(), 65536, 5s);
    if (chunk.empty()) return text;
    text += chunk;
  }
}

std::string RawClient::read_some(size_t size) {
  return receive(fd_.get(), size, 5s);
}

}  // namespace highwater::http
