#include "agent/core/small_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace highwater {
namespace {

constexpr size_t kStep = size_t{64} * 1024;

using Kind = FileProblem::Kind;

tl::unexpected<FileProblem> problem(int error) {
  const Kind kind = error == ENOENT                     ? Kind::missing
                    : error == EACCES || error == EPERM ? Kind::denied
                                                        : Kind::failed;
  return tl::unexpected<FileProblem>(FileProblem{kind, std::generic_category().message(error)});
}

tl::unexpected<FileProblem> unsuitable(std::string what) {
  return tl::unexpected<FileProblem>(FileProblem{Kind::unsuitable, std::move(what)});
}

std::string_view kind_of(mode_t mode) {
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

struct stat facts_of(int fd) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) facts = {};
  return facts;
}

}  // namespace

tl::expected<RegularFile, FileProblem> RegularFile::open(const std::string& path) {
  // Without O_NONBLOCK opening a FIFO waits for a writer.
  RegularFile file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (file.fd_ < 0) {
    if (errno == ENXIO) return unsuitable("it is no regular file but a socket");
    return problem(errno);
  }
  struct stat facts {};
  if (::fstat(file.fd_, &facts) != 0) return problem(errno);
  if (!S_ISREG(facts.st_mode))
    return unsuitable(fmt::format("it is no regular file but {}", kind_of(facts.st_mode)));
  return file;
}

RegularFile::~RegularFile() {
  if (fd_ >= 0) ::close(fd_);
}

WallTime RegularFile::written() const {
  const struct stat facts = facts_of(fd_);
  return WallTime{std::chrono::seconds(facts.st_mtim.tv_sec) +
                  std::chrono::nanoseconds(facts.st_mtim.tv_nsec)};
}

bool RegularFile::others_may_read() const {
  return (facts_of(fd_).st_mode & S_IROTH) != 0;
}

tl::expected<std::string, FileProblem> RegularFile::read_all(size_t max_bytes) const {
  std::string text;
  while (text.size() <= max_bytes) {
    const size_t begin = text.size();
    const size_t wanted = std::min(kStep, max_bytes + 1 - begin);
    text.resize(begin + wanted);
    const auto count = read(text.data() + begin, wanted);
    if (!count) return tl::unexpected(count.error());
    text.resize(begin + *count);
    if (*count < wanted) break;
  }
  if (text.size() > max_bytes)
    return unsuitable(fmt::format("it is larger than {} bytes", max_bytes));
  return text;
}

tl::expected<size_t, FileProblem> RegularFile::read(char* into, size_t size) const {
  size_t filled = 0;
  while (filled < size) {
    const ssize_t count = ::read(fd_, into + filled, size - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return problem(errno);
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  return filled;
}

Result<std::string> read_small_file(const std::string& path, size_t max_bytes) {
  const auto file = RegularFile::open(path);
  if (!file) return fail(file.error().what);
  auto text = file->read_all(max_bytes);
  if (!text) return fail(std::move(text.error().what));
  return std::move(*text);
}

}  // namespace highwater
