#include "exporters/watch/keys.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "agent/core/utf8.h"

namespace highwater::watch {
namespace {

constexpr size_t kLongestSequence = 16;  // bytes
constexpr size_t kLongestFilter = 100;   // characters

struct Sequence {
  std::string_view bytes;  // without Escape
  KeyKind kind;
};

constexpr std::array kSequences{Sequence{"[A", KeyKind::up},
                                Sequence{"OA", KeyKind::up},
                                Sequence{"[B", KeyKind::down},
                                Sequence{"OB", KeyKind::down},
                                Sequence{"[5~", KeyKind::page_up},
                                Sequence{"[6~", KeyKind::page_down},
                                Sequence{"[H", KeyKind::home},
                                Sequence{"OH", KeyKind::home},
                                Sequence{"[1~", KeyKind::home},
                                Sequence{"[7~", KeyKind::home},
                                Sequence{"[F", KeyKind::end},
                                Sequence{"OF", KeyKind::end},
                                Sequence{"[4~", KeyKind::end},
                                Sequence{"[8~", KeyKind::end},
                                Sequence{"[C", KeyKind::next_section},
                                Sequence{"OC", KeyKind::next_section},
                                Sequence{"[D", KeyKind::previous_section},
                                Sequence{"OD", KeyKind::previous_section},
                                Sequence{"[Z", KeyKind::previous_section}};

std::optional<KeyKind> control_key(char byte) {
  switch (byte) {
    case '\r':
    case '\n':
      return KeyKind::enter;
    case '\t':
      return KeyKind::next_section;
    case '\x7f':
    case '\b':
      return KeyKind::erase;
    case '\x03':
      return KeyKind::interrupt;
    case '\x0c':
      return KeyKind::redraw;
    case '\x15':
      return KeyKind::erase_all;
    case '\x1a':
      return KeyKind::suspend;
    default:
      return std::nullopt;
  }
}

// The length of the sequence at the beginning of `text`, which begins with Escape; 0: its end has
// not come yet. One byte: it is no sequence.
size_t sequence_length(std::string_view text) {
  if (text.size() < 2) return 0;
  if (text[1] == 'O') return text.size() < 3 ? 0 : 3;
  if (text[1] != '[') return 1;
  for (size_t i = 2; i < text.size(); ++i) {
    if (text[i] >= '@' && text[i] <= '~') return i + 1;
    if (text[i] < ' ' || text[i] > '?') return i;  // a broken one
  }
  return text.size() > kLongestSequence ? text.size() : 0;
}

// How many bytes the character that begins there should have; 1 when none does.
size_t announced_length(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC2 ? 2 : 1;
}

size_t step(size_t at, size_t by, bool back, size_t most) {
  if (back) return at - std::min(at, by);
  return std::min(at + by, most);
}

void select(View& view, const Picture& picture, Section section, size_t index) {
  const std::vector<size_t> rows = rows_of(picture, view, section);
  if (rows.empty()) return;
  view.section = section;
  view.index = std::min(index, rows.size() - 1);
  view.key = row(picture, section, rows[view.index]).key;
}

// The next section with rows; nothing when it was the last one.
std::optional<Section> neighbour(const View& view, const Picture& picture, bool back) {
  const auto at = static_cast<size_t>(view.section);
  for (size_t i = 1; i < kSections.size(); ++i) {
    if (back ? i > at : at + i >= kSections.size()) return std::nullopt;
    const Section section = kSections[back ? at - i : at + i];
    if (!rows_of(picture, view, section).empty()) return section;
  }
  return std::nullopt;
}

// Row by row from one section into the next.
void move(View& view, const Picture& picture, size_t by, bool back) {
  const size_t count = rows_of(picture, view, view.section).size();
  const bool leaves = count == 0 || (back ? view.index == 0 : view.index + 1 >= count);
  const auto next = leaves ? neighbour(view, picture, back) : std::nullopt;
  if (next)
    select(view, picture, *next, back ? SIZE_MAX : 0);
  else if (count > 0)
    select(view, picture, view.section, step(view.index, by, back, count - 1));
}

void jump(View& view, const Picture& picture, bool back) {
  if (const auto next = neighbour(view, picture, back)) {
    select(view, picture, *next, 0);
  } else if (!back) {
    // Around: from the last section to the first one.
    View first = view;
    first.key.clear();
    first.index = 0;
    for (const Section section : kSections) {
      if (rows_of(picture, first, section).empty()) continue;
      return select(view, picture, section, 0);
    }
  }
}

Wish press_in_filter(const Key& key, View& view, const PicturePtr& picture) {
  switch (key.kind) {
    case KeyKind::text:
      if (utf8::count_characters(view.filter) < kLongestFilter) view.filter += key.text;
      break;
    case KeyKind::erase: {
      const size_t count = utf8::count_characters(view.filter);
      view.filter = utf8::first_characters(view.filter, count - std::min<size_t>(count, 1));
      break;
    }
    case KeyKind::erase_all:
      view.filter.clear();
      break;
    case KeyKind::escape:
      view.filter.clear();
      view.typing = false;
      break;
    case KeyKind::interrupt:
      return Wish::quit;
    case KeyKind::suspend:
      return Wish::suspend;
    case KeyKind::redraw:
      return Wish::redraw;
    case KeyKind::up:
    case KeyKind::down:
    case KeyKind::page_up:
    case KeyKind::page_down:
    case KeyKind::home:
    case KeyKind::end:
    case KeyKind::next_section:
    case KeyKind::previous_section:
    case KeyKind::enter:
      view.typing = false;
      break;
  }
  settle(view, picture);
  return Wish::nothing;
}

// What vi's hands expect.
KeyKind meaning(const Key& key) {
  if (key.kind != KeyKind::text) return key.kind;
  if (key.text == "j") return KeyKind::down;
  if (key.text == "k") return KeyKind::up;
  if (key.text == " ") return KeyKind::page_down;
  if (key.text == "g") return KeyKind::home;
  if (key.text == "G") return KeyKind::end;
  return KeyKind::text;
}

void scroll(KeyKind kind, View& view) {
  size_t& at = view.detail->scroll;
  at = std::min(at, view.most_scroll);
  if (kind == KeyKind::up || kind == KeyKind::down)
    at = step(at, 1, kind == KeyKind::up, view.most_scroll);
  if (kind == KeyKind::page_up || kind == KeyKind::page_down)
    at = step(at, view.page, kind == KeyKind::page_up, view.most_scroll);
  if (kind == KeyKind::home) at = 0;
  if (kind == KeyKind::end) at = view.most_scroll;
}

void press_in_list(KeyKind kind, const Key& key, View& view, const PicturePtr& picture) {
  if (kind == KeyKind::escape) view.filter.clear();
  if (key.text == "/") view.typing = true;
  if (key.text == "s") {
    size_t& order = view.order[static_cast<size_t>(view.section)];
    order = (order + 1) % order_count(view.section);
    view.index = 0;
    view.key.clear();
  }
  settle(view, picture);
  if (picture == nullptr) return;
  const size_t count = rows_of(*picture, view, view.section).size();
  if (kind == KeyKind::up || kind == KeyKind::down) move(view, *picture, 1, kind == KeyKind::up);
  if (kind == KeyKind::page_up || kind == KeyKind::page_down)
    move(view, *picture, view.page, kind == KeyKind::page_up);
  if (kind == KeyKind::home) select(view, *picture, view.section, 0);
  if (kind == KeyKind::end) select(view, *picture, view.section, SIZE_MAX);
  if (kind == KeyKind::next_section || kind == KeyKind::previous_section)
    jump(view, *picture, kind == KeyKind::previous_section);
  if (kind == KeyKind::enter && count > 0)
    view.detail = Detail{view.section, view.key, picture, false, 0};
}

}  // namespace

std::vector<Key> KeyReader::feed(std::string_view bytes) {
  std::vector<Key> keys;
  pending_ += bytes;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    if (rest.front() == '\x1b') {
      const size_t length = sequence_length(rest);
      if (length == 0) break;
      const std::string_view sequence = rest.substr(1, length - 1);
      const auto known = std::ranges::find(kSequences, sequence, &Sequence::bytes);
      if (length == 1) keys.push_back({KeyKind::escape});
      if (known != kSequences.end()) keys.push_back({known->kind});
      rest.remove_prefix(length);
      continue;
    }
    if (const auto control = control_key(rest.front())) {
      keys.push_back({*control});
      rest.remove_prefix(1);
      continue;
    }
    const size_t length = utf8::sequence_length(rest);
    if (length == 0 && rest.size() < announced_length(rest.front())) break;
    if (length > 0 && utf8::control_length(rest) == 0)
      keys.push_back({KeyKind::text, std::string(rest.substr(0, length))});
    rest.remove_prefix(std::max<size_t>(length, 1));
  }
  pending_ = std::string(rest);
  return keys;
}

std::vector<Key> KeyReader::pause() {
  std::vector<Key> keys;
  if (pending_ == "\x1b") keys.push_back({KeyKind::escape});
  pending_.clear();
  return keys;
}

Wish press(const Key& key, View& view, const PicturePtr& picture) {
  if (view.typing) return press_in_filter(key, view, picture);
  const KeyKind kind = meaning(key);
  if (kind == KeyKind::interrupt || key.text == "q") return Wish::quit;
  if (kind == KeyKind::suspend) return Wish::suspend;
  if (kind == KeyKind::redraw) return Wish::redraw;
  if (key.text == "r") return Wish::refresh;
  if (view.help || key.text == "?") {
    view.help = !view.help;
    return Wish::nothing;
  }
  if (!view.detail) {
    press_in_list(kind, key, view, picture);
  } else if (kind == KeyKind::escape || kind == KeyKind::erase) {
    view.detail.reset();
    settle(view, picture);
  } else {
    scroll(kind, view);
  }
  return Wish::nothing;
}

}  // namespace highwater::watch
