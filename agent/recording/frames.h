// How records lie in a file of a recording: a first line that says what the file is, then each
// record behind its length and its checksum. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace highwater::agent {

inline constexpr std::string_view kRecordingMagic = "highwater recording 1\n";
// Longer ones are not written, and not believed.
inline constexpr uint64_t kMostFrameBytes = uint64_t{64} << 20U;
// Length, checksum, and a checksum of both, so that a record that was cut off can be told from a
// damaged length.
inline constexpr size_t kFrameHeader = 10;

void append_frame(std::string& file, std::string_view payload);

enum class FrameOutcome : uint8_t { frame, end, cut_off, damaged };
struct Frame {
  FrameOutcome outcome = FrameOutcome::end;
  std::string_view payload;
  size_t offset = 0;  // where it begins; also of what is cut off or damaged
};

class FrameReader {
 public:
  // `file` is what follows the first line, and outlives the frames.
  explicit FrameReader(std::string_view file) : file_(file) {}
  [[nodiscard]] Frame next();

 private:
  std::string_view file_;
  size_t at_ = 0;
};

// CRC-32 (IEEE 802.3).
[[nodiscard]] uint32_t crc32(std::string_view bytes);

}  // namespace highwater::agent
