#include "agent/command_line/terminal_settings.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace highwater::command_line {
namespace {

constexpr size_t kNoTerminal = 80;
constexpr size_t kLeast = 40;

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view{} : value;
}

size_t columns(int descriptor) {
  const std::string_view text = variable("COLUMNS");
  size_t columns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  if (error == std::errc{} && end == text.data() + text.size() && columns > 0) return columns;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kNoTerminal;
}

}  // namespace

size_t terminal_width(int descriptor, size_t most) {
  return std::clamp(columns(descriptor), kLeast, std::max(most, kLeast));
}

bool is_terminal(int descriptor) {
  return isatty(descriptor) != 0;
}

std::string terminal_type() {
  return std::string(variable("TERM"));
}

bool wants_colour(int descriptor, bool no_color_option) {
  if (no_color_option || !variable("NO_COLOR").empty()) return false;
  if (const std::string_view force = variable("CLICOLOR_FORCE"); !force.empty() && force != "0")
    return true;
  return is_terminal(descriptor) && terminal_type() != "dumb";
}

}  // namespace highwater::command_line
