#include "exporters/watch/screen.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporters/watch/detail.h"
#include "exporters/watch/header.h"
#include "exporters/watch/line.h"
#include "exporters/watch/lists.h"

namespace highwater::watch {
namespace {

constexpr Size kLeast{40, 10};

// What the keys do now, or what is being typed.
std::string footer(const View& view, const std::string& where, Size size, bool colour) {
  Line line(size.width, colour);
  if (view.typing) {
    line.add("/" + view.filter + "_", Ink::bold);
    line.add("   Enter: keep it   Esc: show all", Ink::soft);
  } else if (view.help) {
    line.add("any key: back   q: quit", Ink::soft);
  } else if (view.detail) {
    line.add("Esc: back   Up, Down: scroll   q: quit" + where, Ink::soft);
  } else {
    if (!view.filter.empty()) line.add("filter: " + view.filter + "   Esc: show all   ", Ink::bold);
    line.add("Up, Down  Tab: next list  Enter: open  /: filter  s: order  ?: keys  q: quit",
             Ink::soft);
  }
  return line.take();
}

// The part of `text` that is in sight, and where that is.
void add_scrolled(const std::vector<std::string>& text, const View& view, size_t height,
                  Frame& frame, std::string& where) {
  frame.page = std::max<size_t>(height, 1);
  frame.most_scroll = text.size() - std::min(text.size(), height);
  const size_t begin =
      std::min(view.detail && !view.help ? view.detail->scroll : 0, frame.most_scroll);
  const size_t end = std::min(begin + height, text.size());
  for (size_t i = begin; i < end; ++i) frame.lines.push_back(text[i]);
  if (frame.most_scroll > 0)
    where = fmt::format("   lines {}-{} of {}", begin + 1, end, text.size());
}

}  // namespace

Frame draw(const Model& model, const View& view, Size size, bool colour) {
  Frame frame;
  if (size.width < kLeast.width || size.height < kLeast.height) {
    const std::string text = fmt::format("{}x{} is too small", size.width, size.height);
    frame.lines.push_back(cut(text, size.width));
    frame.lines.resize(std::max<size_t>(size.height, 1));
    return frame;
  }
  frame.lines = header_lines(model, size, colour);
  const size_t height = size.height - std::min(size.height, frame.lines.size() + 1);
  std::string where;
  if (view.help) {
    add_scrolled(help_lines(size.width, colour), view, height, frame, where);
  } else if (view.detail) {
    frame.lines.emplace_back();
    add_scrolled(detail_lines(model, view, size.width, colour), view, height - 1, frame, where);
  } else if (model.picture != nullptr) {
    Lists lists = list_lines(*model.picture, view, {size.width, height}, colour);
    frame.page = lists.page;
    std::ranges::move(lists.lines, std::back_inserter(frame.lines));
  }
  frame.lines.resize(size.height - 1);
  frame.lines.push_back(footer(view, where, size, colour));
  return frame;
}

}  // namespace highwater::watch
