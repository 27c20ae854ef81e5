// KeyTracker: hands out the same KeySet poll after poll while its rows do not change. Used by every
// interpreter, on the interpreter's thread.
//
// Rows are offered in order. As long as they equal those of the poll before (a comparison of
// pointers) nothing is copied and nothing allocated; only when one differs a new KeySet is made.
#pragma once

#include <concepts>
#include <memory>
#include <string_view>
#include <vector>

#include "agent/core/table.h"

namespace highwater::collectors {

class KeyTracker {
 public:
  // The dimension names must be literals.
  explicit KeyTracker(std::vector<std::string_view> dimensions);

  // The next row; one cell per dimension. Returns its number.
  template <std::same_as<Symbol>... Cells>
  uint32_t add(const Cells&... cells) {
    if (!differs_ && rows_ < keys_->rows() && equal(keys_->row(rows_).data(), cells...))
      return rows_++;
    if (!differs_) start_anew();
    (fresh_.push_back(cells), ...);
    return rows_++;
  }

  // All rows were offered: their KeySet. The next add() starts over.
  [[nodiscard]] std::shared_ptr<const KeySet> finish();

  // Of the last KeySet handed out: what to reserve for the next round.
  [[nodiscard]] size_t expected_rows() const { return keys_->rows(); }

 private:
  template <class... Cells>
  static bool equal(const Symbol* row, const Cells&... cells) {
    return ((*row++ == cells) && ...);
  }
  void start_anew();

  std::vector<std::string_view> dimensions_;
  std::shared_ptr<const KeySet> keys_;  // of the round before; never null
  uint32_t rows_ = 0;                   // offered in this round
  bool differs_ = false;
  std::vector<Symbol> fresh_;  // the cells of this round, once it differs
};

}  // namespace highwater::collectors
