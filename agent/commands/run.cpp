#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <thread>

#include "agent/agent.h"
#include "agent/commands/commands.h"
#include "agent/commands/find_config.h"

namespace highwater::agent {
namespace {

sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// Someone who presses Ctrl-C twice means it.
void leave_at_second_signal(sigset_t signals) {
  std::thread([signals] {
    int received = 0;
    do {
      sigwait(&signals, &received);
    } while (received == SIGHUP);
    _exit(130);
  }).detach();
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
  const sigset_t signals = block_signals();
  const SystemClock clock;
  const LogForm form =
      config->log_form.value_or(isatty(STDERR_FILENO) != 0 ? LogForm::human : LogForm::json);
  Log log(clock, config->log_level, form, standard_error_sink());

  Result<std::unique_ptr<Agent>> agent = Agent::create(std::move(*config), clock, log);
  if (!agent) {
    std::cerr << agent.error().message << "\n";
    return 1;
  }
  (*agent)->start();
  while (true) {
    int received = 0;
    sigwait(&signals, &received);
    if (received != SIGHUP) {
      log.info("stopping", {{"signal", received == SIGINT ? "SIGINT" : "SIGTERM"}});
      break;
    }
    (*agent)->reload();
  }
  leave_at_second_signal(signals);
  (*agent)->stop();
  log.info("stopped");
  return 0;
}

}  // namespace highwater::agent
