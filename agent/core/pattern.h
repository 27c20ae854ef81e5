// Patterns users write to choose names: a glob ("payments-*", "?" for one character) or a regular
// expression between slashes ("/^payments-\d+$/", RE2, unanchored). Immutable and cheap to copy;
// any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"

namespace highwater {

class Pattern {
 public:
  [[nodiscard]] static Result<Pattern> parse(std::string_view text);
  [[nodiscard]] bool matches(std::string_view name) const;
  [[nodiscard]] const std::string& text() const { return text_; }
  // The name, when the pattern can match only one: a glob without wildcards. Else empty.
  [[nodiscard]] std::string_view literal() const {
    return literal_ ? std::string_view(text_) : std::string_view();
  }

 private:
  struct Regex;
  std::string text_;
  bool literal_ = false;
  std::shared_ptr<const Regex> regex_;
};

// What to look at: everything that an include pattern matches (all, when there is none) and no
// exclude pattern does.
struct NameFilter {
  std::vector<Pattern> include;
  std::vector<Pattern> exclude;
  [[nodiscard]] bool accepts(std::string_view name) const;
};

}  // namespace highwater
