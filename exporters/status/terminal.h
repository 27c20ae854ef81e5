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

enum class Ink : uint8_t { plain, bold, soft, red, yellow, green, reverse };

// Without what a terminal would obey: C0 and C1 control characters become '?'.
[[nodiscard]] std::string clean(std::string_view text);
// At most so many characters, at least one: the last is an ellipsis when some are left out.
[[nodiscard]] std::string shortened(std::string_view text, size_t most);

struct TextStyle {
  bool colour = false;
  size_t width = 80;  // columns
  // Whether names may be cut so that a table fits; what a program reads must not be.
  bool cut = false;
};

struct TextCell {
  std::string text;
  Ink ink = Ink::plain;
};

// Cleaned, and between the codes of its ink when `colour` is wanted.
[[nodiscard]] std::string painted(const TextCell& cell, bool colour);

class TerminalText {
 public:
  explicit TerminalText(TextStyle style) : style_(style) {}
  // One that leaves lines as they are.
  explicit TerminalText(bool colour) : style_{colour, SIZE_MAX, false} {}

  // Wrapped at spaces; lines after the first begin with `indent` spaces.
  void line(const std::string& text = {}, Ink ink = Ink::plain, size_t indent = 0);
  // Never wrapped, for it is to be copied.
  void command(const std::string& text, size_t indent);
  // Columns as wide as their widest cell, indented by two. The last one is wrapped, or cut where
  // names are.
  enum class Last : uint8_t { wrapped, cut };
  void table(const std::vector<std::vector<TextCell>>& rows, Last last_column = Last::wrapped);
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  [[nodiscard]] std::vector<size_t> widths_of(const std::vector<std::vector<TextCell>>& rows) const;

  const TextStyle style_;
  std::string text_;
};

}  // namespace highwater
