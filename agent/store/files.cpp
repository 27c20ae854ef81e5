#include "agent/store/files.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace highwater::agent {
namespace {

constexpr std::string_view kMagic{"SQLite format 3\0", 16};
constexpr size_t kHeaderBytes = 100;
constexpr size_t kFirstPage = 4096;
constexpr const char* kLogs[] = {"-wal", "-journal", "-shm"};

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  [[nodiscard]] int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

std::string reason(int number) {
  return std::generic_category().message(number);
}

tl::unexpected<Error> denied(const std::string& what, int number) {
  std::string advice;
  if (number == EACCES || number == EPERM) {
    advice = fmt::format(
        "; give the user with id {} the right to, or name another place with "
        "state: {{path: ...}}",
        geteuid());
  } else if (number == EROFS) {
    advice = "; name a place that can be written with state: {path: ...}";
  } else if (number == ENOSPC || number == EDQUOT) {
    advice = "; make room, or name another place with state: {path: ...}";
  }
  return fail(fmt::format("{}: {}{}", what, reason(number), advice));
}

int32_t big_endian(std::string_view bytes, size_t at) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = number << 8U | static_cast<uint8_t>(bytes[at + i]);
  return static_cast<int32_t>(number);
}

bool holds_something(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && status.st_size > 0;
}

bool has_log(const std::string& path) {
  return holds_something(path + "-wal") || holds_something(path + "-journal");
}

Result<std::string> first_page(const std::string& path, int descriptor) {
  std::string page(kFirstPage, '\0');
  size_t size = 0;
  while (size < page.size()) {
    const ssize_t got =
        pread(descriptor, page.data() + size, page.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return denied(fmt::format("cannot read {}", path), errno);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  page.resize(size);
  return page;
}

Inspection judge(const std::string& page, bool used_before) {
  // A text that quotes our table, as a dump does, has no zero byte.
  const bool table =
      page.find(kStateTable) != std::string::npos && page.find('\0') != std::string::npos;
  const bool magic = page.starts_with(kMagic);
  if (page.size() < kHeaderBytes) {
    const bool ours = used_before && (magic || kMagic.starts_with(page));
    return {ours ? StateContent::ours_damaged : StateContent::other_file};
  }
  if (big_endian(page, 68) == kStateApplicationId)
    return {magic ? StateContent::ours : StateContent::ours_damaged, big_endian(page, 60)};
  if (table) return {StateContent::ours_damaged};
  if (magic) return {StateContent::other_database};
  return {used_before ? StateContent::ours_damaged : StateContent::other_file};
}

Result<void> sync_folder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const Descriptor descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a folder (EINVAL) and need not.
  if (descriptor.number() < 0 || (fsync(descriptor.number()) != 0 && errno != EINVAL))
    return denied(fmt::format("cannot write the folder {}", folder), errno);
  return {};
}

}  // namespace

Result<FileLock> FileLock::take(const std::string& path) {
  const std::string name = path + ".lock";
  Descriptor descriptor(open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600));
  if (descriptor.number() < 0) return denied(fmt::format("cannot write {}", name), errno);
  char text[64] = {};
  if (flock(descriptor.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return denied(fmt::format("cannot lock {}", name), errno);
    const ssize_t size = pread(descriptor.number(), text, sizeof text - 1, 0);
    const std::string_view process(text, size > 0 ? static_cast<size_t>(size) : 0);
    return fail(fmt::format(
        "{} is in use by another agent{}; stop that one, or give each a state of its own with "
        "state: {{path: ...}}",
        path, process.empty() ? "" : fmt::format(" ({})", process.substr(0, process.find('\n')))));
  }
  const bool used_before = pread(descriptor.number(), text, 1, 0) == 1;
  return FileLock(descriptor.release(), used_before);
}

FileLock::FileLock(FileLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), used_before_(other.used_before_) {}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

void FileLock::mark() {
  // It only serves messages and a second opinion on damaged files: a full disk is no reason to
  // stop.
  const std::string text = fmt::format("process {}\n", getpid());
  if (pwrite(descriptor_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()))
    (void)!ftruncate(descriptor_, static_cast<off_t>(text.size()));
}

Result<Inspection> inspect(const std::string& path, bool used_before) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) return denied(fmt::format("cannot read {}", path), errno);
    return Inspection{has_log(path) ? StateContent::ours_damaged : StateContent::none};
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(fmt::format("{} is {}; name a file with state: {{path: ...}}", path,
                            S_ISDIR(status.st_mode) ? "a folder" : "no regular file"));
  }
  const Descriptor descriptor(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (descriptor.number() < 0) return denied(fmt::format("cannot write {}", path), errno);
  if (status.st_size == 0) {
    // A state was here, and somebody or something emptied it.
    const bool emptied = used_before || has_log(path);
    return Inspection{emptied ? StateContent::ours_damaged : StateContent::none};
  }
  const auto page = first_page(path, descriptor.number());
  if (!page) return tl::unexpected<Error>(page.error());
  return judge(*page, used_before);
}

Result<void> make_folder(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::filesystem::path made;
  for (const auto& part : folder) {
    made /= part;
    if (mkdir(made.c_str(), 0700) == 0 || errno == EEXIST) continue;
    const int number = errno;
    std::error_code ignored;
    // A folder above ours may exist and still answer with EROFS or EACCES.
    if (std::filesystem::is_directory(made, ignored)) continue;
    return denied(fmt::format("cannot create the folder {}", made.string()), number);
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(folder, ignored)) return {};
  return fail(fmt::format("{} is no folder; name a file in a folder with state: {{path: ...}}",
                          folder.string()));
}

Result<void> make_empty(const std::string& path) {
  for (const char* log : kLogs) unlink((path + log).c_str());
  unlink(path.c_str());
  const Descriptor descriptor(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (descriptor.number() < 0) return denied(fmt::format("cannot create {}", path), errno);
  return {};
}

Result<void> publish(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0)
    return denied(fmt::format("cannot create {}", to), errno);
  return sync_folder(to);
}

Result<std::string> set_aside(const std::string& path, WallTime now) {
  const auto second = std::chrono::time_point_cast<std::chrono::seconds>(now);
  const std::string stem =
      fmt::format("{}.damaged-{:%Y%m%dT%H%M%SZ}", path,
                  fmt::gmtime(std::chrono::system_clock::to_time_t(
                      std::chrono::time_point_cast<std::chrono::system_clock::duration>(second))));
  std::string aside = stem;
  struct stat status {};
  // The logs keep the name of their file in front, so that sqlite3 still finds them; a name that
  // any of them has is taken.
  const auto taken = [&] {
    if (lstat(aside.c_str(), &status) == 0) return true;
    for (const char* log : kLogs)
      if (lstat((aside + log).c_str(), &status) == 0) return true;
    return false;
  };
  for (int number = 2; taken(); ++number) aside = fmt::format("{}-{}", stem, number);
  if (rename(path.c_str(), aside.c_str()) != 0 && errno != ENOENT)
    return denied(fmt::format("cannot rename the damaged {}", path), errno);
  for (const char* log : kLogs) {
    // An empty one was begun by looking at the damaged file.
    if (!holds_something(path + log)) {
      unlink((path + log).c_str());
      continue;
    }
    if (rename((path + log).c_str(), (aside + log).c_str()) != 0)
      return denied(fmt::format("cannot rename the damaged {}{}", path, log), errno);
  }
  if (const auto synced = sync_folder(path); !synced) return tl::unexpected<Error>(synced.error());
  return aside;
}

}  // namespace highwater::agent
