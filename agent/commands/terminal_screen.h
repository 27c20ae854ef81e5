// The terminal as a screen that is drawn by lines: raw keys, the alternate screen, one write for
// each frame. What was there before comes back on every way out: at the end of this object, also by
// an exception, and on signals that end the process. Main's thread; one object at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exporters/watch/screen.h"

namespace highwater::agent {

class TerminalScreen {
 public:
  // Takes standard input and output, which must be a terminal.
  TerminalScreen();
  ~TerminalScreen();
  TerminalScreen(const TerminalScreen&) = delete;
  TerminalScreen& operator=(const TerminalScreen&) = delete;

  [[nodiscard]] watch::Size size() const;
  // Writes the lines that differ from those of the frame before. False: the terminal is gone.
  [[nodiscard]] bool draw(const std::vector<std::string>& lines);
  // The next frame is written whole, on a cleared screen.
  void forget();
  // Gives the terminal back, stops the process, and takes the terminal again when it is continued.
  void suspend();
  // Takes it again after somebody else may have had it.
  void resume();

 private:
  std::vector<std::string> shown_;
  bool cleared_ = false;
};

}  // namespace highwater::agent
