// Keys: the bytes of a terminal as keys, and what a key does to the view. Pure; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/watch/view.h"

namespace highwater::watch {

enum class KeyKind : uint8_t {
  text,  // a character that can be shown
  up,
  down,
  page_up,
  page_down,
  home,
  end,
  next_section,
  previous_section,
  enter,
  escape,
  erase,
  erase_all,
  interrupt,  // Ctrl-C
  suspend,    // Ctrl-Z
  redraw      // Ctrl-L
};

struct Key {
  KeyKind kind = KeyKind::text;
  std::string text{};  // one character
  bool operator==(const Key&) const = default;
};

// Keys arrive in pieces, and Escape is also how the sequences of other keys begin.
class KeyReader {
 public:
  // The keys that are complete. Sequences that mean nothing here are left out.
  [[nodiscard]] std::vector<Key> feed(std::string_view bytes);
  // Nothing more has come for a moment: an Escape that waits is one.
  [[nodiscard]] std::vector<Key> pause();
  [[nodiscard]] bool waiting() const { return !pending_.empty(); }

 private:
  std::string pending_;  // the beginning of a key, a few bytes
};

// What is left for the caller to do.
enum class Wish : uint8_t { nothing, refresh, redraw, suspend, quit };

// `picture` may be null.
Wish press(const Key& key, View& view, const PicturePtr& picture);

}  // namespace highwater::watch
