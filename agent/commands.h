// The commands of the command line, each returning the process's exit code. Main's thread.
#pragma once

#include <string>
#include <vector>

namespace highwater::agent {

// 0: stopped in order; 1: refused to start (bad configuration, port in use).
int run_command(const std::string& config_path);

// 0: no mistake; 1: mistakes, each on a line of its own on standard output.
int check_command(const std::vector<std::string>& paths);

struct StatusOptions {
  std::string url = "http://127.0.0.1:9877";
  bool json = false;
  bool no_color = false;
};
// 0: healthy; 1: incidents are open; 2: cannot say.
int status_command(const StatusOptions& options);

}  // namespace highwater::agent
