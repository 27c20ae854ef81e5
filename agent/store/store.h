// The durable store: a dictionary on disk that survives kill -9 and power cuts. It knows nothing of
// rules: a record is a kind, a key and bytes, and what they mean is their owner's business. One
// thread at a time; in the daemon that is main's while it starts and then StoreWriter's.
//
// A SQLite file in write-ahead mode, every commit forced to the disk. Beside PATH stand PATH-wal
// (what was committed last) and PATH.lock (keeps a second agent away; its being there means
// nothing).
//
// What can be wrong with a state never stops the agent: it goes on in memory and says so. A damaged
// file is renamed, never removed; a file that is not ours, or of a later version, is not touched.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"

namespace highwater::agent {

struct Change {
  std::string kind;
  std::string key;
  std::optional<std::string> value;  // nothing: the record goes
};

struct Record {
  std::string key;
  std::string value;
  bool operator==(const Record&) const = default;
};

// Where a StoreWriter's changes end: the Store, or what a test puts in its place.
class Committer {
 public:
  virtual ~Committer() = default;

  // All of it or nothing, on the disk when this returns without error. May take as long as the disk
  // does. Refused while wants_whole().
  virtual Result<void> commit(std::span<const Change> changes) = 0;
  // The same, and every record that is not among `records` goes.
  virtual Result<void> replace(std::span<const Change> records) = 0;
  // The file was lost while running and a new, empty one begun: changes alone would make a state
  // that never was.
  [[nodiscard]] virtual bool wants_whole() const = 0;
  // After a commit was reported: work that can wait until nobody waits for it.
  virtual void tidy() {}
};

struct StoreLimits {
  uint64_t max_bytes = uint64_t{1} << 30U;  // of the file; a commit that needs more fails
};

enum class OpenOutcome : uint8_t {
  opened,     // what was committed before is there
  created,    // there was nothing yet
  memory,     // the path is ":memory:": nothing survives, as was asked for
  set_aside,  // the file was damaged; an empty one is in its place
  refused,    // there is no store
};

class FileLock;
class Store;
struct Opened {
  std::unique_ptr<Store> store;  // none when refused
  OpenOutcome outcome = OpenOutcome::refused;
  std::string problem;  // for people; empty when opened or created
};

class Store final : public Committer {
 public:
  // Creates the file and its folder (for us alone) when they are missing, takes the lock, migrates
  // an older file, and reads it all once to find damage: about 0.1 s for 100 MB in the page cache.
  static Opened open(const std::string& path, const StoreLimits& limits = {});
  ~Store() override;

  Result<void> commit(std::span<const Change> changes) override;
  Result<void> replace(std::span<const Change> records) override;
  [[nodiscard]] bool wants_whole() const override { return wants_whole_; }
  void tidy() override;

  // In the order of their keys' bytes.
  [[nodiscard]] Result<std::vector<Record>> read(std::string_view kind);

 private:
  struct Session;
  struct Begun;

  Store(std::string path, StoreLimits limits);
  static Begun begin(const std::string& path, const StoreLimits& limits);
  static Begun begin_beside(const std::string& path, const StoreLimits& limits, FileLock lock,
                            const std::string& damage);
  static Begun begin_anew(const std::string& path, const StoreLimits& limits, FileLock lock,
                          OpenOutcome outcome, std::string problem);
  static Begun used(std::unique_ptr<Session> session, FileLock lock, OpenOutcome outcome,
                    std::string problem);
  static Begun refused(std::string problem);
  Result<void> write(std::span<const Change> changes, bool whole);
  tl::unexpected<Error> lost(const std::string& what);

  const std::string path_;
  const StoreLimits limits_;
  std::unique_ptr<Session> session_;  // none after the file was lost and until begin() succeeds
  bool wants_whole_ = false;
};

}  // namespace highwater::agent
