// Where the state is kept, when the configuration does not say. Main's thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace highwater::agent {

// systemd's STATE_DIRECTORY; else XDG_STATE_HOME; else the home's ~/.local/state;
// /var/lib/highwater for root and for users without a home. `environment` answers like std::getenv.
inline std::string default_state_path(
    const std::function<const char*(const char* name)>& environment, bool root) {
  const auto absolute = [&](const char* name) {
    const char* text = environment(name);
    // Several state directories come as one text; and a relative one is to be ignored, XDG says.
    std::string_view value = text == nullptr ? "" : text;
    if (std::string_view(name) == "STATE_DIRECTORY") value = value.substr(0, value.find(':'));
    while (value.size() > 1 && value.ends_with('/')) value.remove_suffix(1);
    return value.starts_with('/') ? std::string(value) : std::string();
  };
  if (const std::string folder = absolute("STATE_DIRECTORY"); !folder.empty())
    return folder + "/state.db";
  if (const std::string folder = absolute("XDG_STATE_HOME"); !folder.empty())
    return folder + "/highwater/state.db";
  const std::string home = absolute("HOME");
  if (root || home.empty() || home == "/") return "/var/lib/highwater/state.db";
  return home + "/.local/state/highwater/state.db";
}

}  // namespace highwater::agent
