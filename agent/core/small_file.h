// The one way to open a file that somebody names: configuration, rules, runbooks, certificates,
// secrets, pages. Only a regular file is opened, and opening never waits: a FIFO without a writer
// would hold up the start, a reload or the end of the agent. scripts/check-layout finds every other
// way. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "agent/core/result.h"
#include "agent/core/time.h"

namespace highwater {

struct FileProblem {
  enum class Kind : uint8_t {
    missing,
    denied,      // it is there, and this user may not read it
    failed,      // the disk or the operating system
    unsuitable,  // no regular file, or larger than allowed
  };
  Kind kind = Kind::failed;
  std::string what;  // the reason alone: "No such file or directory"
};

class RegularFile {
 public:
  [[nodiscard]] static tl::expected<RegularFile, FileProblem> open(const std::string& path);
  RegularFile(RegularFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RegularFile& operator=(RegularFile&&) = delete;
  ~RegularFile();

  [[nodiscard]] WallTime written() const;  // when it was changed last
  [[nodiscard]] bool others_may_read() const;
  // What is left of it, at most `max_bytes`; a larger one is an error.
  [[nodiscard]] tl::expected<std::string, FileProblem> read_all(size_t max_bytes) const;
  // The next bytes, fewer than `size` only at its end.
  [[nodiscard]] tl::expected<size_t, FileProblem> read(char* into, size_t size) const;

 private:
  explicit RegularFile(int fd) : fd_(fd) {}
  int fd_;
};

// The whole file. The error is the reason alone.
[[nodiscard]] Result<std::string> read_small_file(const std::string& path, size_t max_bytes);

}  // namespace highwater
