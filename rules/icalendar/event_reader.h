// From the lines of a VEVENT to an Event. Used by parser.cpp alone; pure; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "agent/core/diagnostic.h"
#include "rules/icalendar/content_lines.h"
#include "rules/icalendar/event_calendar.h"

namespace highwater::rules::icalendar {

// The mistakes of one file. What comes after the first kMost is left out.
class Mistakes {
 public:
  static constexpr size_t kMost = 20;

  Mistakes(std::string file, Diagnostics& into)
      : file_(std::move(file)), into_(into), before_(into.size()) {}
  void add(int line, std::string what, std::string advice = "") {
    if (!full()) into_.push_back({file_, line, 1, std::move(what), std::move(advice)});
  }
  [[nodiscard]] bool full() const { return into_.size() - before_ >= kMost; }
  [[nodiscard]] bool any() const { return into_.size() > before_; }

 private:
  const std::string file_;
  Diagnostics& into_;
  const size_t before_;
};

// `line` is that of its BEGIN, `zone` that of floating times and whole days. Nothing when it is
// cancelled, and after a mistake.
[[nodiscard]] std::optional<Event> read_event(int line, std::span<const ContentLine> properties,
                                              const std::string& zone, Mistakes& mistakes);

}  // namespace highwater::rules::icalendar
