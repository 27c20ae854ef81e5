// The screen of `highwater watch`: lines for a terminal of some size, made of what the agent
// answered and of what is selected. No line is wider than the screen, and nothing in them steers a
// terminal but colours. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/core/time.h"
#include "exporters/watch/picture.h"
#include "exporters/watch/view.h"

namespace highwater::watch {

struct Connection {
  std::string url;
  Duration interval{};  // between two requests
  WallTime now;
  std::optional<WallTime> answered;    // when the picture came; nothing: there is none yet
  std::optional<WallTime> away_since;  // nothing: the last request was answered
  std::string why;                     // it was not
};

// What came of a question.
struct Explanation {
  Question question;
  std::string json;     // the answer
  std::string problem;  // why there is none
};

struct Model {
  PicturePtr picture;  // null: none came yet
  Connection connection;
  std::optional<Explanation> explanation;
};

struct Size {
  size_t width = 80;
  size_t height = 24;
  bool operator==(const Size&) const = default;
};

struct Frame {
  std::vector<std::string> lines;  // as many as the screen has
  size_t page = 1;                 // lines that a page has
  size_t most_scroll = 0;          // of what is opened
};

[[nodiscard]] Frame draw(const Model& model, const View& view, Size size, bool colour);

}  // namespace highwater::watch
