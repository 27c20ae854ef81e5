// Text for a terminal: colours, aligned columns, and names that cannot play tricks with it. Used by
// the commands that ask a running agent. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace highwater {

enum class Ink : uint8_t { plain, bold, soft, red, yellow, green };

// Without what a terminal would obey: C0 and C1 control characters become '?'.
[[nodiscard]] std::string clean(std::string_view text);

struct TextCell {
  std::string text;
  Ink ink = Ink::plain;
};

class TerminalText {
 public:
  explicit TerminalText(bool colour) : colour_(colour) {}

  void line(const std::string& text = {}, Ink ink = Ink::plain);
  // Columns as wide as their widest cell, indented by two.
  void table(const std::vector<std::vector<TextCell>>& rows);
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  [[nodiscard]] std::string painted(const TextCell& cell) const;

  const bool colour_;
  std::string text_;
};

}  // namespace highwater
