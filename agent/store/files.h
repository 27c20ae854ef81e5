// What the durable store does with files beside what SQLite does: the folder, the lock that keeps a
// second agent away, whose file it is before anything is written to it, and setting a damaged one
// aside. Used by Store alone, on its thread.
//
// Every error names the path and says what to do.
#pragma once

#include <cstdint>
#include <string>

#include "agent/core/result.h"
#include "agent/core/time.h"

namespace highwater::agent {

// In the header of every state file; read by inspect() and written at creation.
inline constexpr int32_t kStateApplicationId = 0x48775374;  // "HwSt"
// How the first page of every state file can be told when its header is damaged.
inline constexpr const char* kStateTable =
    "CREATE TABLE records(kind TEXT NOT NULL,key TEXT NOT NULL,value BLOB NOT NULL,"
    "checksum INTEGER NOT NULL,PRIMARY KEY(kind,key))WITHOUT ROWID";

// A lock on `path`.lock, gone with this object or with the process, however it ends. The file stays
// behind: removing it would let two agents lock two files of one name.
class FileLock {
 public:
  static Result<FileLock> take(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

  // A state was opened under this name before, by whichever process.
  [[nodiscard]] bool used_before() const { return used_before_; }
  // Writes down that there is a state, and whose process has it.
  void mark();

 private:
  FileLock(int descriptor, bool used_before) : descriptor_(descriptor), used_before_(used_before) {}

  int descriptor_;
  bool used_before_;
};

enum class StateContent : uint8_t {
  none,            // no file, or an empty one
  ours,            //
  ours_damaged,    // its header is wrong, or the file is missing but its log is there
  other_database,  // a program's that uses SQLite too
  other_file,      // a text, a picture
};
struct Inspection {
  StateContent content = StateContent::none;
  int32_t version = 0;  // of the schema, when it is ours
};
// Reads the first page. Changes nothing.
[[nodiscard]] Result<Inspection> inspect(const std::string& path, bool used_before);

// The folder of `path`, with those above it, for us alone.
[[nodiscard]] Result<void> make_folder(const std::string& path);
// An empty file at `path`, readable by us alone; what was there goes.
[[nodiscard]] Result<void> make_empty(const std::string& path);
// Gives the finished file `from` the name `to`, for good.
[[nodiscard]] Result<void> publish(const std::string& from, const std::string& to);
// Renames the file and its logs to PATH.damaged-YYYYMMDDTHHMMSSZ and returns that name.
[[nodiscard]] Result<std::string> set_aside(const std::string& path, WallTime now);

}  // namespace highwater::agent
