#include "agent/core/diagnostic.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <vector>

#include "agent/core/utf8.h"

namespace highwater {
namespace {

using Characters = std::vector<std::string_view>;

Characters characters_of(std::string_view text, size_t most) {
  Characters characters;
  while (!text.empty() && characters.size() < most) {
    characters.push_back(text.substr(0, utf8::character_length(text)));
    text.remove_prefix(characters.back().size());
  }
  return characters;
}

// Damerau's distance restricted to adjacent transpositions.
size_t edit_distance(const Characters& a, const Characters& b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    std::vector<size_t> row(b.size() + 1);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::move(last);
    last = std::move(row);
  }
  return last[b.size()];
}

}  // namespace

std::string Diagnostic::text() const {
  std::string text = file;
  if (line > 0) text += fmt::format(":{}:{}", line, column);
  text += ": " + what;
  if (!advice.empty()) text += ": " + advice;
  return text;
}

std::string closest(std::string_view misspelt, std::span<const std::string> candidates) {
  constexpr size_t kMostCompared = 64;
  std::string best;
  const Characters written = characters_of(misspelt, kMostCompared);
  size_t best_distance = std::max<size_t>(1, utf8::count_characters(misspelt) / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(written, characters_of(candidate, kMostCompared));
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view misspelt, std::span<const std::string> candidates) {
  if (const std::string best = closest(misspelt, candidates); !best.empty())
    return fmt::format("did you mean '{}'?", best);
  std::vector<std::string_view> names;  // each once
  for (const std::string& candidate : candidates) {
    if (std::ranges::find(names, candidate) == names.end()) names.push_back(candidate);
  }
  const size_t more = names.size() - std::min<size_t>(names.size(), 10);
  names.resize(names.size() - more);
  std::string text = fmt::format("one of: {}", fmt::join(names, ", "));
  if (more > 0) text += fmt::format(" and {} more", more);
  return text;
}

}  // namespace highwater
