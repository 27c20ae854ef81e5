#include "agent/recording/reader.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "agent/core/small_file.h"

namespace highwater::agent {
namespace {

constexpr uint64_t kMostFileBytes = uint64_t{512} << 20U;

std::string first_line(const std::string& path) {
  std::string line(kRecordingMagic.size(), '\0');
  const auto file = RegularFile::open(path);
  line.resize(file ? file->read(line.data(), line.size()).value_or(0) : 0);
  return line;
}

// Nothing: it is not there (any more).
Result<std::optional<std::string>> read_whole(const std::string& path) {
  const auto file = RegularFile::open(path);
  if (!file) {
    if (file.error().kind == FileProblem::Kind::missing) return std::nullopt;
    return fail(fmt::format("cannot read {}: {}", path, file.error().what));
  }
  auto content = file->read_all(kMostFileBytes);
  if (!content) return fail(fmt::format("cannot read {}: {}", path, content.error().what));
  return std::move(*content);
}

}  // namespace

bool is_recording(const std::string& path) {
  std::error_code problem;
  if (std::filesystem::is_directory(path, problem)) return true;
  return recording_number(std::filesystem::path(path).filename().string()).has_value() ||
         first_line(path).starts_with(kRecordingMagic);
}

Result<std::unique_ptr<RecordingReader>> RecordingReader::open(const std::string& path,
                                                               const Catalogue& catalogue) {
  std::unique_ptr<RecordingReader> reader(new RecordingReader(catalogue));
  std::error_code problem;
  if (!std::filesystem::is_directory(path, problem)) {
    const auto name = std::filesystem::path(path).filename().string();
    reader->files_.push_back({path, recording_number(name).value_or(1)});
    return reader;
  }
  const auto files = list_recording(path);
  if (!files) return tl::unexpected(files.error());
  if (files->empty()) return fail(fmt::format("{} holds no recording", path));
  for (const RecordingFile& file : *files)
    reader->files_.push_back(
        {(std::filesystem::path(path) / recording_file_name(file.number)).string(), file.number});
  return reader;
}

Result<std::optional<RecordedMoment>> RecordingReader::next() {
  while (true) {
    if (!frames_) {
      const auto opened = open_next();
      if (!opened) return tl::unexpected(opened.error());
      if (!*opened) return std::nullopt;
    }
    const Frame frame = frames_->next();
    switch (frame.outcome) {
      case FrameOutcome::frame: {
        auto moment = decoder_->moment(frame.payload);
        if (!moment) return damaged(frame.offset, moment.error().message);
        return join(std::move(*moment));
      }
      case FrameOutcome::end:
        end_file();
        break;
      case FrameOutcome::cut_off:
        notes_.push_back(fmt::format("{}: the last record was cut off and is left out", path_));
        end_file();
        break;
      case FrameOutcome::damaged:
        return damaged(frame.offset, "it is not what was written");
    }
  }
}

Result<bool> RecordingReader::open_next() {
  while (next_file_ < files_.size()) {
    auto begun = begin_file(files_[next_file_++]);
    if (!begun) return begun;
    if (*begun) return true;
  }
  return false;
}

// False: there is nothing in it to read.
Result<bool> RecordingReader::begin_file(const File& file) {
  path_ = file.path;
  auto content = read_whole(path_);
  if (!content) return tl::unexpected(content.error());
  if (!*content) {
    notes_.push_back(fmt::format("{}: it was removed meanwhile, or never was there", path_));
    return false;
  }
  content_ = std::move(**content);
  const std::string_view text = content_;
  // The agent was killed when it had just begun this file.
  if (kRecordingMagic.starts_with(text)) return false;
  if (!text.starts_with(kRecordingMagic)) {
    return fail(fmt::format("{} is no recording, or one of a later version", path_));
  }
  frames_.emplace(text.substr(kRecordingMagic.size()));
  const Frame first = frames_->next();
  if (first.outcome == FrameOutcome::end || first.outcome == FrameOutcome::cut_off) {
    frames_.reset();
    return false;
  }
  decoder_.emplace(catalogue_, names_);
  if (first.outcome == FrameOutcome::damaged) return damaged(0, "it is not what was written");
  if (const auto begun = decoder_->begin(first.payload); !begun)
    return damaged(0, begun.error().message);
  broken_ = decoder_->session() != last_session_ || file.number != last_number_ + 1;
  last_session_ = decoder_->session();
  last_number_ = file.number;
  return true;
}

void RecordingReader::end_file() {
  frames_.reset();
  foreign_.insert(decoder_->foreign().begin(), decoder_->foreign().end());
}

RecordedMoment RecordingReader::join(DecodedMoment moment) {
  const bool back = last_ && moment.now.steady < last_->steady;
  RecordedMoment joined{moment.now, false, {}};
  joined.after_gap = last_ && (broken_ || back || moment.after_gap);
  const bool everything = !last_ || joined.after_gap;
  // A file begins with all there is.
  if (broken_) current_.clear();
  broken_ = false;
  last_ = moment.now;
  for (DecodedObservation& one : moment.observations) {
    if (one.carried && !everything) continue;
    if (!everything) joined.news.push_back(one.observation);
    current_[{one.observation->cluster, one.observation->part}] = std::move(one.observation);
  }
  if (everything) {
    for (const auto& [key, observation] : current_) joined.news.push_back(observation);
  }
  return joined;
}

tl::unexpected<Error> RecordingReader::damaged(size_t offset, std::string_view why) const {
  return fail(fmt::format(
      "{}: damaged at byte {}: {}; without this file the rest of the recording can be replayed, "
      "with a gap",
      path_, kRecordingMagic.size() + offset, why));
}

}  // namespace highwater::agent
