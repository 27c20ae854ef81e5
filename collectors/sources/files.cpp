#include "collectors/sources/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "agent/core/pattern.h"

namespace highwater::sources {
namespace {

constexpr size_t kMostFiles = 1000;

class Descriptor {
 public:
  explicit Descriptor(const std::string& path)
      // A pipe would hang in open.
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

tl::unexpected<Failure> system_failure(std::string_view what) {
  const int code = errno;
  return unreadable(fmt::format("{}: {}", what, std::strerror(code)),
                    code == EACCES || code == EPERM ? Unknown::denied : Unknown::failed);
}

Read<Page> read_file(const std::string& path, const SourceSettings& source, WallTime wall) {
  const Descriptor file(path);
  struct stat facts {};
  if (file.get() < 0 || ::fstat(file.get(), &facts) != 0)
    return system_failure("it cannot be read");
  if (!S_ISREG(facts.st_mode)) return unreadable("it is no plain file");
  const WallTime written{std::chrono::seconds(facts.st_mtim.tv_sec) +
                         std::chrono::nanoseconds(facts.st_mtim.tv_nsec)};
  if (wall - written > source.max_age)
    return unreadable(fmt::format("it was last written {} ago", describe_duration(wall - written)),
                      Unknown::not_asked);
  Page page;
  std::array<char, 65536> chunk;  // NOLINT: filled by read
  while (true) {
    const ssize_t count = ::read(file.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure("it cannot be read");
    if (count == 0) return page;
    if (page.text.size() + static_cast<size_t>(count) > source.limit)
      return unreadable(fmt::format("it is larger than {} bytes", source.limit));
    page.text.append(chunk.data(), static_cast<size_t>(count));
  }
}

Read<std::vector<std::string>> matching_files(const SourceSettings& source) {
  const std::filesystem::path whole(source.path);
  const std::string last = whole.filename().string();
  if (last.find_first_of("*?") == std::string::npos) return std::vector{source.path};
  const auto pattern = Pattern::parse(last);
  if (!pattern) return unreadable(pattern.error().message);
  std::vector<std::string> paths;
  std::error_code problem;
  std::filesystem::directory_iterator entry(whole.parent_path(), problem);
  for (; !problem && entry != std::filesystem::directory_iterator(); entry.increment(problem)) {
    const std::string name = entry->path().filename().string();
    // Hidden files are those that somebody is still writing.
    if (name.starts_with('.') || !pattern->matches(name)) continue;
    paths.push_back(entry->path().string());
    if (paths.size() > kMostFiles)
      return unreadable(fmt::format("more than {} files are called like it", kMostFiles));
  }
  if (problem) return unreadable("its folder cannot be read: " + problem.message());
  if (paths.empty()) return unreadable("no file is called like it");
  std::ranges::sort(paths);
  return paths;
}

}  // namespace

Read<std::vector<FilePage>> read_files(const SourceSettings& source, WallTime wall) {
  const auto paths = matching_files(source);
  if (!paths) return tl::unexpected(paths.error());
  std::vector<FilePage> pages;
  for (const std::string& path : *paths) pages.push_back({path, read_file(path, source, wall)});
  return pages;
}

}  // namespace highwater::sources
