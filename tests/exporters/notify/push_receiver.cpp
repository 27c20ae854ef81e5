#include "tests/exporters/notify/push_receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace highwater::testing_support {
namespace {

int listen_on(int port, int& bound) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener, 64) != 0) {
    throw std::runtime_error("the test's server cannot listen");
  }
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  bound = ntohs(address.sin_port);
  return listener;
}

void write_all(int connection, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::send(connection, text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (n <= 0) return;
    done += static_cast<size_t>(n);
  }
}

}  // namespace

PushReceiver::PushReceiver(Handler handler, int port) : handler_(std::move(handler)) {
  listener_ = listen_on(port, port_);
  thread_ = std::thread([this] { serve(); });
}

PushReceiver::~PushReceiver() {
  ::shutdown(listener_, SHUT_RDWR);  // wakes accept
  thread_.join();
  ::close(listener_);
}

std::string PushReceiver::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::vector<Received> PushReceiver::wait_for(size_t count) const {
  std::unique_lock lock(mutex_);
  arrived_.wait_until(lock, std::chrono::steady_clock::now() + std::chrono::seconds(20),
                      [&] { return received_.size() >= count; });
  return received_;
}

size_t PushReceiver::count() const {
  const std::lock_guard lock(mutex_);
  return received_.size();
}

void PushReceiver::serve() {
  while (true) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    answer(connection, std::chrono::steady_clock::now());
    ::close(connection);
  }
}

void PushReceiver::answer(int connection, std::chrono::steady_clock::time_point accepted) {
  std::string text;
  char buffer[16 * 1024];
  size_t needed = std::string::npos;
  Received request;
  request.at = accepted;
  while (text.size() < needed) {
    const ssize_t n = ::recv(connection, buffer, sizeof buffer, 0);
    if (n <= 0) return;
    text.append(buffer, static_cast<size_t>(n));
    const size_t end = text.find("\r\n\r\n");
    if (needed != std::string::npos || end == std::string::npos) continue;
    const size_t first = text.find(' ') + 1;
    request.target = text.substr(first, text.find(' ', first) - first);
    size_t line = text.find("\r\n") + 2;
    while (line < end + 2) {
      const size_t stop = text.find("\r\n", line);
      const size_t colon = text.find(':', line);
      std::string name = text.substr(line, colon - line);
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      size_t value = colon + 1;
      while (value < stop && text[value] == ' ') ++value;
      request.headers[name] = text.substr(value, stop - value);
      line = stop + 2;
    }
    const auto length = request.headers.find("content-length");
    needed = end + 4 + (length == request.headers.end() ? 0 : std::stoul(length->second));
  }
  request.body = text.substr(text.find("\r\n\r\n") + 4);
  size_t index = 0;
  {
    const std::lock_guard lock(mutex_);
    index = received_.size();
    received_.push_back(request);
  }
  arrived_.notify_all();
  const Reply reply = handler_(request, index);
  write_all(connection, "HTTP/1.1 " + std::to_string(reply.status) + " Status\r\n" + reply.headers +
                            "Content-Length: " + std::to_string(reply.body.size()) +
                            "\r\nConnection: close\r\n\r\n" + reply.body);
}

int free_port() {
  int port = 0;
  ::close(listen_on(0, port));
  return port;
}

}  // namespace highwater::testing_support
