// highwater-sim: a Kafka cluster made of a scenario file, on loopback. For demonstrations, and for
// tests that are not written in C++.
#include <fmt/format.h>
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <string>

#include "tests/simulator/scenario.h"
#include "tests/simulator/simulator.h"

namespace highwater::simulator {
namespace {

struct Arguments {
  std::string scenario;
  std::uint16_t port_base = 0;
  double speed = 1;
  std::string duration;
  bool control = false;
};

void print_line(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

// The whole life of the main thread: until a signal, or until the time is over.
void wait_for_the_end(const sigset_t& signals, Duration duration) {
  if (duration == Duration::zero()) {
    int signal = 0;
    sigwait(&signals, &signal);
    return;
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(duration);
  const timespec patience{seconds.count(), (duration - seconds).count()};
  sigtimedwait(&signals, nullptr, &patience);
}

// Each line of standard input is a fault that happens now; ends with the input.
void obey_standard_input(Simulator& simulator, const Scenario& scenario) {
  for (std::string line; std::getline(std::cin, line);) {
    Diagnostics diagnostics;
    const auto fault = parse_fault(line, scenario, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics) print_line("error " + diagnostic.text());
    if (!fault) continue;
    if (const auto done = simulator.apply(*fault); !done)
      print_line("error " + done.error().message);
  }
}

int run(const Arguments& arguments) {
  const Result<Duration> duration =
      parse_duration(arguments.duration.empty() ? "0" : arguments.duration);
  if (!duration) {
    fmt::print(stderr, "--for: {}\n", duration.error().message);
    return 2;
  }
  Diagnostics diagnostics;
  std::optional<Scenario> scenario = read_scenario(arguments.scenario, diagnostics);
  if (!scenario) {
    for (const Diagnostic& diagnostic : diagnostics) fmt::print(stderr, "{}\n", diagnostic.text());
    return 1;
  }
  if (arguments.port_base != 0) scenario->port_base = arguments.port_base;
  // Blocked before the simulator's thread is made, so that it never takes them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  SimulatorOptions options;
  options.speed = arguments.speed;
  options.on_line = print_line;
  const auto simulator = Simulator::start(*scenario, options);
  if (!simulator) {
    fmt::print(stderr, "{}\n", simulator.error().message);
    return 1;
  }
  if (arguments.control) {
    obey_standard_input(**simulator, *scenario);
    return 0;
  }
  wait_for_the_end(signals, *duration);
  return 0;
}

}  // namespace
}  // namespace highwater::simulator

int main(int argc, char** argv) {
  highwater::simulator::Arguments arguments;
  CLI::App app("A Kafka cluster made of a scenario file, on loopback");
  app.add_option("scenario", arguments.scenario, "the scenario, a YAML file")->required();
  app.add_option("--port-base", arguments.port_base, "the first broker's port; the others follow")
      ->check(CLI::Range(1, 65'000));
  app.add_option("--speed", arguments.speed, "seconds of the scenario in a real one")
      ->check(CLI::Range(0.01, 1000.0));
  app.add_option("--for", arguments.duration, "end by itself after this time, such as 60s");
  app.add_flag(
      "--control", arguments.control,
      "each line of standard input is a fault that happens now (\"die: 2\"); its end is the end");
  CLI11_PARSE(app, argc, argv);
  return highwater::simulator::run(arguments);
}
