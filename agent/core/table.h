// Tables: what a collector measured, in columns. Built by one thread, then immutable and shared;
// any thread reads.
//
// A KeySet is the identity of rows (dimension names, and a Symbol per row and dimension). Tables
// that speak of the same things share one KeySet, and a collector hands out the same KeySet poll
// after poll while nothing appeared or went, so an unchanged world costs one double per row and
// lets readers keep state by row number.
//
// A Table lists every row that is not known to be gone. A row that could not be read is there, and
// unknown, with its reason.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/measure.h"
#include "agent/core/symbol.h"

namespace highwater {

// Why a row has no value. `known` means that it has one.
enum class Unknown : uint8_t {
  known,
  broker_unreachable,   // the broker that would have to answer is down, hung or cut off
  timed_out,            // the broker did not answer this request in time
  leaderless,           // the partition has no leader to ask
  no_coordinator,       // no broker coordinates the group at the moment
  coordinator_loading,  // the coordinator is reading its offsets
  no_commit,            // the group never committed an offset for the partition
  beyond_end,           // the committed offset is beyond the end of the log
  denied,               // Kafka refused: the principal lacks a right
  contradicted,         // what is seen contradicts what Kafka says
  unsupported,          // the broker is too old to answer
  not_asked,            // not read yet, or not in this poll
  failed,               // Kafka answered with an error of another kind
  may_be_marker,        // only the last few offsets are unread, and they may be transaction markers
};
[[nodiscard]] std::string_view unknown_name(
    Unknown reason);  // "no_commit": the value of a metric's label
[[nodiscard]] std::string_view unknown_sentence(Unknown reason);  // for people, without a full stop
// Whether something keeps the value from being read; the other reasons are found in every healthy
// cluster.
[[nodiscard]] bool is_fault(Unknown reason);
constexpr int kUnknownReasons = 14;

class KeySet {
 public:
  // `cells` is row-major: rows x dimensions. The dimension names must outlive the program
  // (literals).
  KeySet(std::vector<std::string_view> dimensions, std::vector<Symbol> cells);

  [[nodiscard]] std::span<const std::string_view> dimensions() const { return dimensions_; }
  [[nodiscard]] size_t rows() const {
    return dimensions_.empty() ? 0 : cells_.size() / dimensions_.size();
  }
  [[nodiscard]] std::span<const Symbol> row(size_t index) const {
    return std::span(cells_).subspan(index * dimensions_.size(), dimensions_.size());
  }
  // The row with exactly these cells, in the order of dimensions(). Constant time.
  [[nodiscard]] std::optional<uint32_t> find(std::span<const Symbol> cells) const;

 private:
  std::vector<std::string_view> dimensions_;
  std::vector<Symbol> cells_;
  // Rows by the hash of their cells, as a hash table with linear probing: a power of two of places,
  // at least a third of them free. Four bytes each, since there may be millions of rows.
  std::vector<uint32_t> places_;
};

[[nodiscard]] size_t hash_cells(std::span<const Symbol> cells);

struct Table {
  const Measure* measure = nullptr;
  std::shared_ptr<const KeySet> keys;
  std::vector<double> values;    // one per row; meaningless where unknown, except that it may keep
                                 // the last value for people
  std::vector<Unknown> unknown;  // empty: every row is known; else one per row

  [[nodiscard]] size_t rows() const { return values.size(); }
  [[nodiscard]] Unknown reason(size_t row) const {
    return unknown.empty() ? Unknown::known : unknown[row];
  }
  [[nodiscard]] bool known(size_t row) const { return reason(row) == Unknown::known; }
};

// Fills a Table row by row in the order of its KeySet.
class TableBuilder {
 public:
  TableBuilder(const Measure& measure, std::shared_ptr<const KeySet> keys);
  void set(size_t row, double value) {
    table_.values[row] = value;
    if (!table_.unknown.empty()) table_.unknown[row] = Unknown::known;
  }
  void set_unknown(size_t row, Unknown reason, double last_value = std::nan(""));
  [[nodiscard]] Table build() && { return std::move(table_); }

 private:
  Table table_;
};

// A named thing with its labels, e.g. {cluster=prod, broker=3}: what an alert is about, what a
// relation joins. Dimension names are in the order of the measure that named it; equality ignores
// that order.
struct Entity {
  std::vector<std::pair<Symbol, Symbol>> labels;  // dimension, value; sorted by dimension text

  Entity() = default;
  Entity(std::span<const std::string_view> dimensions, std::span<const Symbol> cells);
  [[nodiscard]] Symbol label(std::string_view dimension) const;  // empty when it has none
  [[nodiscard]] size_t hash() const;
  [[nodiscard]] std::string text() const;  // "cluster=prod broker=3"
  // "BrokerDown cluster=prod broker=3": the name of a rule, and what it is about if it says so.
  [[nodiscard]] std::string text_after(std::string_view rule) const;
  bool operator==(const Entity&) const = default;
  bool operator<(const Entity& other) const { return labels < other.labels; }
};

}  // namespace highwater

template <>
struct std::hash<highwater::Entity> {
  size_t operator()(const highwater::Entity& entity) const { return entity.hash(); }
};
