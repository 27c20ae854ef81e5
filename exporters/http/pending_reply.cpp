#include "exporters/http/pending_reply.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace highwater::http {
namespace {

constexpr size_t kPiece = size_t{64} * 1024;
// What even a client that takes nothing is given, so that a reply is not dropped as it begins.
constexpr double kGrace = 0.5;

}  // namespace

bool ReplyMemory::take(size_t bytes) {
  const auto wanted = static_cast<int64_t>(bytes);
  if (free_.fetch_sub(wanted) >= wanted) return true;
  free_ += wanted;
  return false;
}

PendingReply::PendingReply(PendingReply&& other) noexcept
    : connection_(std::move(other.connection_)),
      memory_(other.memory_),
      begun_(other.begun_),
      pieces_(std::exchange(other.pieces_, {})),
      sent_(std::exchange(other.sent_, 0)),
      held_(std::exchange(other.held_, 0)),
      taken_(other.taken_) {}

PendingReply& PendingReply::operator=(PendingReply&& other) noexcept {
  if (this == &other) return *this;
  release();
  connection_ = std::move(other.connection_);
  memory_ = other.memory_;
  begun_ = other.begun_;
  pieces_ = std::exchange(other.pieces_, {});
  sent_ = std::exchange(other.sent_, 0);
  held_ = std::exchange(other.held_, 0);
  taken_ = other.taken_;
  return *this;
}

PendingReply::~PendingReply() {
  release();
}

void PendingReply::release() {
  memory_->give_back(std::exchange(held_, 0));
  pieces_.clear();
}

PendingReply::Progress PendingReply::send() {
  while (!pieces_.empty()) {
    const std::string& piece = pieces_.front();
    size_t count = 0;
    const Progress progress = connection_.write(std::string_view(piece).substr(sent_), count);
    if (progress != Progress::done) return progress;
    sent_ += count;
    taken_ += count;
    if (sent_ < piece.size()) continue;
    memory_->give_back(piece.size());
    held_ -= piece.size();
    sent_ = 0;
    pieces_.pop_front();
  }
  return Progress::done;
}

bool PendingReply::keep(std::string_view bytes) {
  if (!memory_->take(bytes.size())) return false;
  held_ += bytes.size();
  // Small writes share a piece; what is being sent is not moved.
  if (pieces_.size() > 1 && pieces_.back().size() + bytes.size() <= kPiece) {
    pieces_.back().append(bytes);
  } else {
    pieces_.emplace_back(bytes);
    pieces_.back().reserve(std::min(kPiece, bytes.size() * 2));
  }
  return true;
}

void PendingReply::finish() {
  char rest[1024];
  (void)::recv(connection_.fd(), rest, sizeof(rest), MSG_DONTWAIT);
  connection_.end_writing();
  connection_.close();
}

void PendingReply::drop() {
  const linger none{1, 0};
  ::setsockopt(connection_.fd(), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
  connection_.close();
  release();
}

double PendingReply::rate(SteadyTime now) const {
  return static_cast<double>(taken_) / (to_seconds(now - begun_) + kGrace);
}

}  // namespace highwater::http
