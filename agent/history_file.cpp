#include "agent/history_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>

#include "agent/core/digest.h"
#include "agent/core/small_file.h"

namespace highwater::agent {
namespace {

// The first bytes; the digit is the version of what follows. Its SHA-256 is at the end.
constexpr std::string_view kHead = "highwater history 1\n";
constexpr size_t kDigest = 64;
constexpr size_t kLargest = size_t{64} << 20U;
constexpr auto kEvery = std::chrono::minutes(5);
constexpr auto kSoon = std::chrono::seconds(2);  // of all of it: a few megabytes

std::string failure(const std::string& path, const char* doing) {
  return fmt::format("{} cannot be {}: {}", path, doing, std::strerror(errno));
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// In the place of what was there, all or nothing. "": it is written.
std::string replace_file(const std::string& path, const std::string& bytes) {
  const std::string next = path + ".new";
  const int file =
      ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return failure(next, "opened");
  const bool written = write_all(file, bytes) && fsync(file) == 0;
  std::string problem = written ? "" : failure(next, "written");
  close(file);
  if (problem.empty() && std::rename(next.c_str(), path.c_str()) != 0)
    problem = failure(path, "replaced");
  if (!problem.empty()) unlink(next.c_str());
  return problem;
}

// What is between head and digest; nothing when the bytes are not what was written.
std::optional<std::string_view> body_of(std::string_view bytes) {
  if (!bytes.starts_with(kHead) || bytes.size() < kHead.size() + kDigest) return std::nullopt;
  const std::string_view digest = bytes.substr(bytes.size() - kDigest);
  bytes.remove_suffix(kDigest);
  if (sha256_hex(bytes) != digest) return std::nullopt;
  return bytes.substr(kHead.size());
}

}  // namespace

HistoryFile::HistoryFile(const std::string& path, history::History& history,
                         changes::Ledger& changes, Log& log)
    : path_(path == ":memory:" ? "" : path + "-history"),
      history_(history),
      changes_(changes),
      log_(log) {}

void HistoryFile::restore(const Catalogue& catalogue, WallTime now) {
  if (path_.empty()) return;
  const auto file = RegularFile::open(path_);
  if (!file && file.error().kind == FileProblem::Kind::missing) return;
  const auto bytes = file ? file->read_all(kLargest) : tl::unexpected(file.error());
  const auto body = bytes ? body_of(*bytes) : std::nullopt;
  if (!body) {
    log_.warning("the history of the pages cannot be read; a new one is begun",
                 {{"file", path_}, {"why", bytes ? "it is damaged" : bytes.error().what}});
    return;
  }
  ArchiveReader in(*body);
  changes_.read(in, now);
  history_.read(in, catalogue, now);
}

void HistoryFile::keep(SteadyTime now) {
  if (path_.empty()) return;
  if (!written_at_) written_at_ = now;
  if (now - *written_at_ < (wanted_ ? kSoon : kEvery)) return;
  if (writing_.valid() && writing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    return;  // a disk that hangs
  written_at_ = now;
  wanted_ = false;
  write();
}

void HistoryFile::write() {
  if (writing_.valid()) {
    std::string problem = writing_.get();
    if (!problem.empty() && problem != problem_)
      log_.warning("the history of the pages is not kept", {{"why", problem}});
    problem_ = std::move(problem);
  }
  ArchiveWriter out;
  changes_.write(out);
  history_.write(out);
  std::packaged_task<std::string()> task([path = path_, body = out.take()]() {
    std::string bytes(kHead);
    bytes += body;
    bytes += sha256_hex(bytes);
    return replace_file(path, bytes);
  });
  writing_ = task.get_future();
  std::thread(std::move(task)).detach();
}

void HistoryFile::stop(Duration limit) {
  if (path_.empty() || !written_at_) return;
  const SteadyTime deadline = std::chrono::steady_clock::now() + limit;
  if (writing_.valid() && writing_.wait_until(deadline) != std::future_status::ready) return;
  write();
  writing_.wait_until(deadline);
}

}  // namespace highwater::agent
