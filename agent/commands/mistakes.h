// Mistakes of users' files as a terminal or a program reads them. Main's thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/diagnostic.h"

namespace highwater::agent {

// Shows each mistake with the line it is on. Keeps the files it has read.
class MistakeText {
 public:
  // Long lines are cut to `width` columns.
  MistakeText(size_t width, bool colour) : width_(width), colour_(colour) {}

  // "file:3:7: what: advice", then the line with a caret below the column. A line that may hold a
  // secret is not shown: build logs keep what check prints.
  [[nodiscard]] std::string text(const Diagnostic& diagnostic);

 private:
  [[nodiscard]] std::string excerpt(const Diagnostic& diagnostic);
  [[nodiscard]] const std::vector<std::string>& lines_of(const std::string& file);

  const size_t width_;
  const bool colour_;
  std::map<std::string, std::vector<std::string>> files_;
};

// File by file, in the order in which the files come first, and down each file.
[[nodiscard]] Diagnostics in_order(Diagnostics diagnostics);

// "3 mistakes in 2 files"
[[nodiscard]] std::string count_text(const Diagnostics& mistakes);

}  // namespace highwater::agent
