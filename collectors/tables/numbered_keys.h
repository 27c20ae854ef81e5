// NumberedKeys: a KeyTracker for rows that differ in numbers alone within a section, as the
// partitions of one topic do. Used by the interpreters, on the interpreter's thread.
//
// Rows are offered in order, section by section. What is compared with the poll before is the names
// of each section and a few bytes per row, not the cells of the KeySet, which are many times as
// large and would have to be fetched from memory for nothing.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "agent/core/table.h"
#include "collectors/tables/number_symbols.h"

namespace highwater::collectors {

// Rows of `kNames` cells that are the same throughout a section, and `kNumbers` behind them.
template <size_t kNames, size_t kNumbers>
class NumberedKeys {
 public:
  // The dimension names must be literals.
  explicit NumberedKeys(std::vector<std::string_view> dimensions)
      : dimensions_(std::move(dimensions)),
        keys_(std::make_shared<KeySet>(dimensions_, std::vector<Symbol>{})) {}

  // The rows that follow begin with these names.
  template <std::same_as<Symbol>... Names>
  requires(sizeof...(Names) == kNames) void begin(const Names&... names) {
    if (!differs_) {
      if (section_ < sections_.size() && sections_[section_].first_row == row_ &&
          equal(sections_[section_].names.data(), names...)) {
        ++section_;
        return;
      }
      start_anew();
    }
    sections_.push_back({{names...}, row_});
    ++section_;
  }

  // The next row; returns its number.
  template <std::same_as<int32_t>... Numbers>
  requires(sizeof...(Numbers) == kNumbers) uint32_t add(Numbers... numbers) {
    const std::array<int32_t, kNumbers> wanted{numbers...};
    if (!differs_) {
      if (row_ < rows_.size() && rows_[row_] == wanted) return row_++;
      start_anew();
    }
    rows_.push_back(wanted);
    return row_++;
  }

  // All rows were offered: their KeySet. The next begin() starts over.
  [[nodiscard]] std::shared_ptr<const KeySet> finish(NumberSymbols& symbols) {
    if (!differs_ && (row_ < rows_.size() || section_ < sections_.size())) start_anew();
    if (differs_) keys_ = make_keys(symbols);
    row_ = 0;
    section_ = 0;
    differs_ = false;
    return keys_;
  }

  // Of the last KeySet handed out: what to reserve for the next round.
  [[nodiscard]] size_t expected_rows() const { return keys_->rows(); }

 private:
  struct Section {
    std::array<Symbol, kNames> names;
    uint32_t first_row = 0;
  };

  template <class... Names>
  static bool equal(const Symbol* known, const Names&... names) {
    return ((*known++ == names) && ...);
  }

  // Forgets what the poll before had beyond this place.
  void start_anew() {
    differs_ = true;
    sections_.resize(section_);
    rows_.resize(row_);
  }

  std::shared_ptr<const KeySet> make_keys(NumberSymbols& symbols) const {
    std::vector<Symbol> cells;
    cells.reserve(rows_.size() * dimensions_.size());
    for (size_t i = 0; i < sections_.size(); ++i) {
      const size_t end = i + 1 < sections_.size() ? sections_[i + 1].first_row : rows_.size();
      for (size_t row = sections_[i].first_row; row < end; ++row) {
        for (const Symbol& name : sections_[i].names) cells.push_back(name);
        for (const int32_t number : rows_[row]) cells.push_back(symbols.of(number));
      }
    }
    return std::make_shared<KeySet>(dimensions_, std::move(cells));
  }

  std::vector<std::string_view> dimensions_;
  std::shared_ptr<const KeySet> keys_;  // of the round before; never null
  // Of the round before up to the place in hand; of this round once it differs.
  std::vector<Section> sections_;
  std::vector<std::array<int32_t, kNumbers>> rows_;
  size_t section_ = 0;  // sections begun in this round
  uint32_t row_ = 0;    // rows offered in this round
  bool differs_ = false;
};

}  // namespace highwater::collectors
