#include "exporters/http/reply_writer.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>

namespace highwater::http {
namespace {

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

ReplyWriter::ReplyWriter(Duration reply_time)
    : reply_time_(reply_time), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

ReplyWriter::~ReplyWriter() {
  stop(steady_now());
}

void ReplyWriter::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "hw-http-replies");
    run();
  });
}

void ReplyWriter::stop(SteadyTime deadline) {
  {
    const std::lock_guard lock(mutex_);
    stop_at_ = std::min(stop_at_, deadline);
  }
  wake();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  entries_.clear();
}

void ReplyWriter::add(PendingReply reply) {
  {
    const std::lock_guard lock(mutex_);
    entries_.push_back({next_id_++, std::move(reply)});
  }
  wake();
}

size_t ReplyWriter::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

bool ReplyWriter::make_room() {
  const SteadyTime now = steady_now();
  const std::lock_guard lock(mutex_);
  const auto slowest = std::ranges::min_element(
      entries_, {}, [&](const Entry& entry) { return entry.reply.rate(now); });
  if (slowest == entries_.end()) return false;
  slowest->reply.drop();
  entries_.erase(slowest);
  return true;
}

void ReplyWriter::wake() const {
  const uint64_t one = 1;
  while (::write(wake_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

void ReplyWriter::run() {
  std::vector<pollfd> polled;
  std::vector<uint64_t> ids;
  while (true) {
    SteadyTime until;
    polled.assign(1, {wake_.get(), POLLIN, 0});
    ids.assign(1, 0);
    {
      const std::lock_guard lock(mutex_);
      until = next_deadline();
      const bool stopping = stop_at_ != SteadyTime::max();
      if (stopping && (entries_.empty() || steady_now() >= stop_at_)) return;
      for (const Entry& entry : entries_) {
        const Connection& connection = entry.reply.connection();
        polled.push_back({connection.fd(), connection.waits_for(), 0});
        ids.push_back(entry.id);
      }
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(
        std::min<Duration>(until - steady_now(), std::chrono::hours(1)));
    ::poll(polled.data(), polled.size(), static_cast<int>(std::max<int64_t>(0, wait.count())));
    uint64_t count = 0;
    // Clears the wake-up; without one to clear it says EAGAIN. A cast to void does not silence a
    // fortified build.
    if (polled[0].revents != 0 && ::read(wake_.get(), &count, sizeof(count)) < 0) count = 0;
    const SteadyTime now = steady_now();
    // By their ids: meanwhile others may have dropped some, and numbers of descriptors come again.
    for (size_t i = 1; i < polled.size(); ++i) {
      if (polled[i].revents != 0) write_to(ids[i]);
    }
    drop_late(now);
  }
}

SteadyTime ReplyWriter::next_deadline() const {
  SteadyTime next = stop_at_;
  for (const Entry& entry : entries_)
    next = std::min<SteadyTime>(next, entry.reply.begun() + reply_time_);
  return next;
}

void ReplyWriter::write_to(uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(entries_, id, &Entry::id);
  if (found == entries_.end()) return;
  switch (found->reply.send()) {
    case PendingReply::Progress::waiting:
      return;
    case PendingReply::Progress::done:
      found->reply.finish();
      break;
    case PendingReply::Progress::broken:
      break;
  }
  entries_.erase(found);
}

void ReplyWriter::drop_late(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](Entry& entry) {
    if (now < entry.reply.begun() + reply_time_) return false;
    entry.reply.drop();
    return true;
  });
}

}  // namespace highwater::http
