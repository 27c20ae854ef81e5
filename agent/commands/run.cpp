#include <unistd.h>

#include <csignal>
#include <iostream>
#include <memory>
#include <utility>

#include "agent/agent.h"
#include "agent/commands/commands.h"
#include "agent/commands/find_config.h"
#include "agent/commands/signals.h"
#include "agent/resources.h"

namespace highwater::agent {
namespace {

// The agent with what the system lets it use; the error is a sentence for people.
Result<std::unique_ptr<Agent>> create_agent(Config config, const Clock& clock, Log& log) {
  const size_t limit = raise_open_file_limit();
  const Result<OpenFileShares> shares = share_open_files(limit, config);
  if (!shares) return tl::unexpected(shares.error());
  if (auto threads = try_threads(most_threads(config)); !threads)
    return tl::unexpected(threads.error());
  return Agent::create(std::move(config), clock, log, *shares);
}

}  // namespace

int run_command(const std::string& config_path) {
  Diagnostics diagnostics;
  const std::optional<std::string> path = find_config(config_path, diagnostics);
  std::optional<Config> config;
  if (path) config = read_config(*path, diagnostics);
  if (!config) {
    print_mistakes(diagnostics);
    return 1;
  }
  const SystemClock clock;
  const LogForm form =
      config->log_form.value_or(isatty(STDERR_FILENO) != 0 ? LogForm::human : LogForm::json);
  Log log(clock, config->log_level, form, standard_error_sink());
  Signals signals(log);

  Result<std::unique_ptr<Agent>> agent = create_agent(std::move(*config), clock, log);
  if (!agent) {
    std::cerr << agent.error().message << "\n";
    return 1;
  }
  (*agent)->start();
  while (true) {
    const int signal = signals.next();
    if (signal != SIGHUP) {
      log.info("stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"},
                            {"waits",
                             "for what is being delivered, at most 5 s; a second Ctrl-C "
                             "ends it at once"}});
      break;
    }
    signals.doing("reload");
    (*agent)->reload();
  }
  const bool whole = (*agent)->stop([&](const char* part) { signals.doing(part); });
  log.info("stopped");
  // What still runs must not outlive what it uses.
  if (!whole) _exit(0);
  signals.done();
  return 0;
}

}  // namespace highwater::agent
