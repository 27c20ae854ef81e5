#include "agent/recording/ring.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/recording/frames.h"
#include "rules/slo/slo_tables.h"

namespace highwater::agent {
namespace {

constexpr uint64_t kShareOfFile = 8;
constexpr uint64_t kLongestFile = uint64_t{64} << 20U;
// The first moment of a file repeats everything: not too often, where that is much.
constexpr uint64_t kFirstMoments = 4;
constexpr size_t kMostTexts = 1'000'000;

// What the rules made of it themselves is not recorded: it follows from the rest.
Recorded seen_in(const Snapshot& snapshot) {
  Recorded seen;
  for (const auto& [key, observation] : snapshot.observations) {
    if (observation != nullptr && key.second != rules::kSloPart) seen.emplace(key, observation);
  }
  return seen;
}

}  // namespace

Result<void> RecordingRing::write(const Snapshot& snapshot, Now now, bool after_gap) {
  gap_ = gap_ || after_gap;
  Recorded current = seen_in(snapshot);
  if (current == recorded_) return {};
  if (auto written = write(current, now); !written) {
    give_up();
    return written;
  }
  recorded_ = std::move(current);
  gap_ = false;
  return {};
}

Result<void> RecordingRing::write(const Recorded& current, Now now) {
  if (!listed_) {
    const auto files = folder_->list();
    if (!files) return tl::unexpected(files.error());
    files_.assign(files->begin(), files->end());
    total_ = 0;
    for (const RecordingFile& file : files_) total_ += file.bytes;
    if (!files_.empty()) next_number_ = std::max(next_number_, files_.back().number + 1);
    listed_ = true;
  }
  if (encoder_ && worth_a_new_file()) encoder_.reset();
  const bool first = !encoder_;
  std::string bytes;
  if (first) {
    encoder_.emplace(session_, now);
    bytes = kRecordingMagic;
    append_frame(bytes, encoder_->begin());
  }
  const std::string moment = encoder_->encode(current, now, gap_, recorded_);
  const uint64_t needed = bytes.size() + kFrameHeader + moment.size();
  if (moment.size() > kMostFrameBytes || needed > keep_) {
    return fail(fmt::format(
        "what is seen at one moment takes {} bytes, which do not fit; keep more with record: "
        "{{keep: ...}}",
        needed));
  }
  append_frame(bytes, moment);
  if (first) {
    if (auto begun = begin_file(); !begun) return begun;
    first_bytes_ = needed;
  }
  if (auto room = make_room(needed); !room) return room;
  if (!first && total_ + needed > keep_) {
    // Only this file is left, and is in the way of what it would hold next.
    encoder_.reset();
    return write(current, now);
  }
  if (auto appended = folder_->append(bytes); !appended) return appended;
  files_.back().bytes += needed;
  total_ += needed;
  return {};
}

bool RecordingRing::worth_a_new_file() const {
  const uint64_t share = std::min(keep_ / kShareOfFile, kLongestFile);
  const uint64_t enough = std::max(share, std::min(first_bytes_ * kFirstMoments, keep_ / 2));
  return files_.back().bytes >= enough || encoder_->texts() > kMostTexts;
}

Result<void> RecordingRing::begin_file() {
  const uint64_t number = next_number_++;
  if (auto begun = folder_->begin(number); !begun) return begun;
  files_.push_back({number, 0});
  return {};
}

Result<void> RecordingRing::make_room(uint64_t bytes) {
  while (total_ + bytes > keep_ && files_.size() > 1) {
    if (auto removed = folder_->remove(files_.front().number); !removed) return removed;
    total_ -= files_.front().bytes;
    files_.pop_front();
  }
  return {};
}

void RecordingRing::give_up() {
  // A full disk must not be filled with empty files.
  if (listed_ && !files_.empty() && files_.back().bytes == 0)
    (void)folder_->remove(files_.back().number);
  // What is on the disk now is seen at the next try.
  listed_ = false;
  encoder_.reset();
  gap_ = true;
}

}  // namespace highwater::agent
