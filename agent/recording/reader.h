// RecordingReader: reads a recording moment by moment, one file in memory at a time. Used by
// `highwater replay`, on its thread.
//
// A last record that was cut off, as kill -9 leaves it, is left out with a note; anything else that
// is not as it was written is an error. A recording can be read while an agent goes on with it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/measure.h"
#include "agent/recording/decoder.h"
#include "agent/recording/folder.h"
#include "agent/recording/frames.h"

namespace highwater::agent {

struct RecordedMoment {
  Now now;
  // The agent was away, or did not record, since the moment before: what happened in between is
  // not known.
  bool after_gap = false;
  std::vector<ObservationPtr> news;  // after a gap, and at first: everything
};

// Whether this can only be meant for a recording: a folder, or one of its files.
[[nodiscard]] bool is_recording(const std::string& path);

class RecordingReader {
 public:
  // Fails when there is nothing to read. The catalogue must outlive the reader, and the reader what
  // it returns.
  [[nodiscard]] static Result<std::unique_ptr<RecordingReader>> open(const std::string& path,
                                                                     const Catalogue& catalogue);

  // Nothing at the end. After an error nothing more.
  [[nodiscard]] Result<std::optional<RecordedMoment>> next();

  // What was left out, for people.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  // Measures that this program does not know.
  [[nodiscard]] const std::set<std::string>& foreign() const { return foreign_; }

 private:
  explicit RecordingReader(const Catalogue& catalogue) : catalogue_(catalogue) {}

  struct File {
    std::string path;
    uint64_t number = 0;
  };
  // False when there is none left.
  [[nodiscard]] Result<bool> open_next();
  [[nodiscard]] Result<bool> begin_file(const File& file);
  void end_file();
  [[nodiscard]] RecordedMoment join(DecodedMoment moment);
  [[nodiscard]] tl::unexpected<Error> damaged(size_t offset, std::string_view why) const;

  const Catalogue& catalogue_;
  NamePool names_;
  std::vector<File> files_;
  size_t next_file_ = 0;
  std::vector<std::string> notes_;
  std::set<std::string> foreign_;

  std::string path_;  // of the file being read
  std::string content_;
  std::optional<FrameReader> frames_;
  std::optional<RecordingDecoder> decoder_;

  // Where the moments went on until now.
  std::map<std::pair<Symbol, std::string_view>, ObservationPtr> current_;
  std::optional<Now> last_;
  TraceId last_session_;
  uint64_t last_number_ = 0;
  bool broken_ = false;  // nothing can follow without a gap
};

}  // namespace highwater::agent
