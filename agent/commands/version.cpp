#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/commands/commands.h"
#include "agent/core/build_info.h"

namespace highwater::agent {

int version_command(bool json) {
  const BuildInfo& build = build_info();
  if (json) {
    const nlohmann::ordered_json text{
        {"version", build.version}, {"commit", build.commit}, {"date", build.date}};
    std::cout << text.dump(2) << "\n";
  } else {
    std::cout << "highwater " << build_text(build) << "\n";
  }
  return 0;
}

}  // namespace highwater::agent
