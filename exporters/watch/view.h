// What of the picture is shown, and how: selection, filter, order, what is opened. Kept by
// `highwater watch` between two frames, changed by keys (keys.h). Pure; one thread.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/watch/picture.h"

namespace highwater::watch {

// A row that was opened. Once it is gone from the answers, the last one that had it is shown.
struct Detail {
  Section section = Section::incidents;
  std::string key;
  PicturePtr picture;  // the newest that has the row
  bool gone = false;
  size_t scroll = 0;  // lines
};

struct View {
  // The selected row: by its key, and by its place among rows_of() when that key is gone.
  Section section = Section::incidents;
  std::string key;
  size_t index = 0;

  std::array<size_t, kSections.size()> order{};  // of each section: see order_name()
  std::string filter;                            // empty: all rows
  bool typing = false;                           // keys go into the filter
  bool help = false;
  std::optional<Detail> detail;

  // Of the frame that is on the screen.
  size_t page = 10;        // lines that a page has
  size_t most_scroll = 0;  // of what is opened
};

// The indices of the rows that the filter lets through, in their order.
[[nodiscard]] std::vector<size_t> rows_of(const Picture& picture, const View& view,
                                          Section section);

[[nodiscard]] size_t order_count(Section section);
// "least left first"
[[nodiscard]] std::string_view order_name(Section section, size_t order);

// Puts the selection on a row that exists, after a new picture, filter or order. `picture` may be
// null.
void settle(View& view, const PicturePtr& picture);

// What `/api/v1/explain` is asked for what is opened.
struct Question {
  std::string name;    // of an alert rule or an SLO
  std::string entity;  // words that are in the entity's text
  bool operator==(const Question&) const = default;
};
[[nodiscard]] std::optional<Question> question_of(const View& view);

// The place of a key in the picture.
[[nodiscard]] std::optional<size_t> find_row(const Picture& picture, Section section,
                                             std::string_view key);

}  // namespace highwater::watch
