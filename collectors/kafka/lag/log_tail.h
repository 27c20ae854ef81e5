// LogTail: which offsets at the end of one partition's log hold a record for a reader, and which
// hold none: transaction markers, and what aborted transactions left. Kept in the cluster view for
// partitions whose last offsets were looked at (tail_search.h); on the cluster's thread.
//
// Committed offsets of the log never change their content, so what was seen once stays true until
// the log is truncated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace highwater::kafka {

struct ClusterView;
struct PartitionView;

class LogTail {
 public:
  enum class Content { unknown, nothing, record };

  // What lies in [from, end) for a reader.
  [[nodiscard]] Content content(int64_t from, int64_t end) const;
  // The first offset from there on that may hold a record.
  [[nodiscard]] int64_t skip_nothing(int64_t from) const;
  // The first offset from there on of which nothing is known.
  [[nodiscard]] int64_t known_to(int64_t from) const;

  // Nothing lies in [from, end).
  void add_nothing(int64_t from, int64_t end);
  // A record lies in [from, end), and nobody looks into it more closely.
  void add_record(int64_t from, int64_t end);
  // The log was seen to end here: what was beyond is another log's.
  void cut(int64_t end);

 private:
  static constexpr size_t kMost = 16;

  struct Part {
    int64_t from;
    int64_t end;
    bool record;
  };
  void add(Part part);

  std::vector<Part> parts_;  // ascending, none overlaps another
};

// Without a look at the log: may all that lies in [from, end) be transaction markers? Only a few
// offsets may, and only where transactions can have been.
[[nodiscard]] bool may_be_markers(const ClusterView& view, const PartitionView& partition,
                                  int64_t from, int64_t end, int64_t now_ms);
// Where a reader at this offset finds the end: the last stable offset while a transaction is open,
// unless it stands beyond that, and so sees open transactions too.
[[nodiscard]] int64_t end_for_reader(const PartitionView& partition, int64_t from);
// As far as was seen.
[[nodiscard]] LogTail::Content tail_content(const PartitionView& partition, int64_t from,
                                            int64_t end);

}  // namespace highwater::kafka
