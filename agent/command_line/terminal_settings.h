// How wide and how colourful output is. Reads the environment and asks the terminal; main's thread.
#pragma once

#include <cstddef>
#include <string>

namespace highwater::command_line {

// Columns of the terminal behind `descriptor`: COLUMNS when it is set to a sensible number, else
// what the terminal says; 80 when it is none. At most `most`, at least 40.
[[nodiscard]] size_t terminal_width(int descriptor, size_t most);

[[nodiscard]] bool is_terminal(int descriptor);

// What TERM says; empty when it is not set.
[[nodiscard]] std::string terminal_type();

// Whether to write colours to `descriptor`: not with --no-color, NO_COLOR, TERM=dumb, or when it is
// no terminal. CLICOLOR_FORCE writes them into pipes as well.
[[nodiscard]] bool wants_colour(int descriptor, bool no_color_option);

}  // namespace highwater::command_line
