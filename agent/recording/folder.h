// RecordingFolder: the files of a recording on the disk. Owned by the recorder's ring, on its
// thread; a fake that fails on demand stands in for it in tests.
//
// Files are named recording-NNNNNNNNNN.hwrec, numbered in the order in which they were begun;
// nothing else in the folder is looked at or touched. One agent at a time has it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"

namespace highwater::agent {

struct RecordingFile {
  uint64_t number = 0;
  uint64_t bytes = 0;
  bool operator==(const RecordingFile&) const = default;
};

class RecordingFolder {
 public:
  virtual ~RecordingFolder() = default;
  // What is there, in order. The folder is made when it is missing.
  [[nodiscard]] virtual Result<std::vector<RecordingFile>> list() = 0;
  // A new, empty file, to which is appended from now on.
  [[nodiscard]] virtual Result<void> begin(uint64_t number) = 0;
  // All of it or, on failure, none of it as far as that is possible.
  [[nodiscard]] virtual Result<void> append(std::string_view bytes) = 0;
  // That it is not there is no failure.
  [[nodiscard]] virtual Result<void> remove(uint64_t number) = 0;
};

[[nodiscard]] std::string recording_file_name(uint64_t number);
[[nodiscard]] std::optional<uint64_t> recording_number(std::string_view file_name);
// In order; for the recorder and the reader.
[[nodiscard]] Result<std::vector<RecordingFile>> list_recording(const std::string& path);

[[nodiscard]] std::unique_ptr<RecordingFolder> make_recording_folder(std::string path);

}  // namespace highwater::agent
