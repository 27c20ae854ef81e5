#include "agent/recording/folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>

namespace highwater::agent {
namespace {

constexpr std::string_view kPrefix = "recording-";
constexpr std::string_view kSuffix = ".hwrec";
constexpr size_t kDigits = 10;
constexpr mode_t kFolderRights = 0750;
constexpr mode_t kFileRights = 0640;

std::string reason(int number) {
  return std::generic_category().message(number);
}

tl::unexpected<Error> denied(const std::string& what, int number) {
  std::string advice;
  if (number == EACCES || number == EPERM || number == EROFS) {
    advice = fmt::format(
        "; give the user with id {} the right to write there, or name another folder with record: "
        "{{path: ...}}",
        geteuid());
  } else if (number == ENOSPC || number == EDQUOT) {
    advice = "; make room, or keep less with record: {keep: ...}";
  }
  return fail(fmt::format("{}: {}{}", what, reason(number), advice));
}

class Descriptor {
 public:
  Descriptor() = default;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(-1); }
  void reset(int number) {
    if (number_ >= 0) close(number_);
    number_ = number;
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_ = -1;
};

class DiskFolder final : public RecordingFolder {
 public:
  explicit DiskFolder(std::string path) : path_(std::move(path)) {}

  Result<std::vector<RecordingFile>> list() override {
    if (const auto ready = take(); !ready) return tl::unexpected(ready.error());
    return list_recording(path_);
  }

  Result<void> begin(uint64_t number) override {
    name_ = (std::filesystem::path(path_) / recording_file_name(number)).string();
    size_ = 0;
    file_.reset(
        open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileRights));
    if (file_.number() >= 0) return {};
    const int problem = errno;
    // Somebody removed the folder: it is made anew at the next try.
    if (problem == ENOENT) folder_.reset(-1);
    return denied(fmt::format("cannot create {}", name_), problem);
  }

  Result<void> append(std::string_view bytes) override {
    size_t written = 0;
    while (written < bytes.size()) {
      const ssize_t got = write(file_.number(), bytes.data() + written, bytes.size() - written);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        const int number = got < 0 ? errno : ENOSPC;
        // A reader leaves out a record that was cut off, should this fail as well.
        (void)!ftruncate(file_.number(), static_cast<off_t>(size_));
        return denied(fmt::format("cannot write {}", name_), number);
      }
      written += static_cast<size_t>(got);
    }
    size_ += bytes.size();
    return {};
  }

  Result<void> remove(uint64_t number) override {
    const std::string name = (std::filesystem::path(path_) / recording_file_name(number)).string();
    if (unlink(name.c_str()) == 0 || errno == ENOENT) return {};
    return denied(fmt::format("cannot remove {}", name), errno);
  }

 private:
  // The lock goes with the descriptor, however the process ends.
  Result<void> take() {
    if (folder_.number() >= 0) return {};
    std::error_code problem;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), problem);
    if (mkdir(path_.c_str(), kFolderRights) != 0 && errno != EEXIST)
      return denied(fmt::format("cannot create the folder {}", path_), errno);
    folder_.reset(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder_.number() < 0) return denied(fmt::format("cannot open the folder {}", path_), errno);
    if (flock(folder_.number(), LOCK_EX | LOCK_NB) == 0) return {};
    const int number = errno;
    folder_.reset(-1);
    if (number != EWOULDBLOCK) return denied(fmt::format("cannot lock {}", path_), number);
    return fail(fmt::format(
        "another agent records to {}; stop that one, or give each a folder of its own with "
        "record: {{path: ...}}",
        path_));
  }

  const std::string path_;
  Descriptor folder_;
  Descriptor file_;
  std::string name_;
  uint64_t size_ = 0;
};

}  // namespace

std::string recording_file_name(uint64_t number) {
  return fmt::format("{}{:0{}}{}", kPrefix, number, kDigits, kSuffix);
}

std::optional<uint64_t> recording_number(std::string_view file_name) {
  if (!file_name.starts_with(kPrefix) || !file_name.ends_with(kSuffix)) return std::nullopt;
  file_name.remove_prefix(kPrefix.size());
  file_name.remove_suffix(std::min(kSuffix.size(), file_name.size()));
  if (file_name.size() < kDigits) return std::nullopt;
  uint64_t number = 0;
  const char* const end = file_name.data() + file_name.size();
  const auto [stopped, problem] = std::from_chars(file_name.data(), end, number);
  if (problem != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

Result<std::vector<RecordingFile>> list_recording(const std::string& path) {
  std::vector<RecordingFile> files;
  std::error_code problem;
  std::filesystem::directory_iterator entry(path, problem);
  for (; !problem && entry != std::filesystem::directory_iterator(); entry.increment(problem)) {
    const auto number = recording_number(entry->path().filename().string());
    if (!number) continue;
    std::error_code gone;
    const bool regular = entry->is_regular_file(gone) && !entry->is_symlink(gone);
    const uint64_t bytes = regular ? entry->file_size(gone) : 0;
    if (regular && !gone) files.push_back({*number, bytes});
  }
  if (problem) return fail(fmt::format("cannot read the folder {}: {}", path, problem.message()));
  std::ranges::sort(files, {}, &RecordingFile::number);
  return files;
}

std::unique_ptr<RecordingFolder> make_recording_folder(std::string path) {
  return std::make_unique<DiskFolder>(std::move(path));
}

}  // namespace highwater::agent
