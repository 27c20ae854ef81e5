#include "tests/simulator/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "collectors/kafka/wire/frame.h"

namespace highwater::simulator {
namespace {

constexpr std::int32_t kMaxFrame = 100 << 20;
constexpr size_t kReadSize = 64 << 10;

}  // namespace

Connection::~Connection() {
  close(socket_);
}

bool Connection::receive() {
  std::array<std::byte, kReadSize> buffer;
  const ssize_t count = recv(socket_, buffer.data(), buffer.size(), 0);
  if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  if (count == 0) return false;
  if (taken_ > 0) {
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
  }
  input_.insert(input_.end(), buffer.begin(), buffer.begin() + count);
  return true;
}

std::optional<std::span<const std::byte>> Connection::request() const {
  const std::span<const std::byte> rest = std::span(input_).subspan(taken_);
  if (rest.size() < kafka::kFrameLengthSize || !plausible()) return std::nullopt;
  const auto length =
      static_cast<size_t>(kafka::frame_length(rest.first<kafka::kFrameLengthSize>()));
  if (rest.size() - kafka::kFrameLengthSize < length) return std::nullopt;
  return rest.subspan(kafka::kFrameLengthSize, length);
}

void Connection::drop_request() {
  if (const auto oldest = request()) taken_ += kafka::kFrameLengthSize + oldest->size();
}

bool Connection::plausible() const {
  const std::span<const std::byte> rest = std::span(input_).subspan(taken_);
  if (rest.size() < kafka::kFrameLengthSize) return true;
  const std::int32_t length = kafka::frame_length(rest.first<kafka::kFrameLengthSize>());
  return length >= 0 && length <= kMaxFrame;
}

void Connection::send(kafka::Bytes frame) {
  if (!unsent()) {
    output_ = std::move(frame);
    sent_ = 0;
  } else {
    output_.insert(output_.end(), frame.begin(), frame.end());
  }
}

bool Connection::flush() {
  while (unsent()) {
    const ssize_t count =
        ::send(socket_, output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    sent_ += static_cast<size_t>(count);
  }
  return true;
}

void Connection::reset_on_close() const {
  const linger at_once{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace highwater::simulator
