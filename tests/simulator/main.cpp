// highwater-sim: a Kafka cluster made of a scenario file, on loopback. For demonstrations, and for
// tests that are not written in C++.
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <random>
#include <string>
#include <variant>

#include "tests/simulator/answers/answer_mutator.h"
#include "tests/simulator/scenario/scenario.h"
#include "tests/simulator/simulator.h"

namespace highwater::simulator {
namespace {

struct Arguments {
  std::string scenario;
  std::uint16_t port_base = 0;
  double speed = 1;
  std::string duration;
  bool control = false;
  std::uint32_t mutate = 0;
};

void print_line(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

// Reads standard input, and obeys: each whole line of it is a fault that happens now.
class Control {
 public:
  Control(Simulator& simulator, Scenario& scenario) : simulator_(simulator), scenario_(scenario) {}

  // What is there now, without waiting for more. False when the input has ended.
  bool obey() {
    char buffer[4096];
    const ssize_t count = read(STDIN_FILENO, buffer, sizeof buffer);
    if (count <= 0) return count < 0 && errno == EINTR;
    input_.append(buffer, static_cast<size_t>(count));
    for (size_t end = input_.find('\n'); end != std::string::npos; end = input_.find('\n')) {
      obey(input_.substr(0, end));
      input_.erase(0, end + 1);
    }
    return true;
  }

 private:
  void obey(const std::string& line) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) return;
    Diagnostics diagnostics;
    const auto fault = parse_fault(line, scenario_, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics) print_line("error " + diagnostic.text());
    if (!fault) return;
    if (const auto done = simulator_.apply(*fault); !done) {
      print_line("error " + done.error().message);
      return;
    }
    print_line(fmt::format("{:.3f}s {}", to_seconds(simulator_.elapsed()), describe(*fault)));
    // So that later lines may name what this one made.
    if (const auto* made = std::get_if<fault::CreateTopic>(&*fault))
      scenario_.topics.push_back(made->topic);
    if (const auto* made = std::get_if<fault::CreateGroup>(&*fault))
      scenario_.groups.push_back(made->group);
  }

  Simulator& simulator_;
  Scenario& scenario_;
  std::string input_;
};

// The whole life of the main thread: until a signal, until the time is over, or until the input of
// `control` ends. Zero is for ever.
void wait_for_the_end(int signals, Duration duration, Control* control) {
  const SystemClock clock;
  const SteadyTime end = clock.now().steady + duration;
  while (true) {
    int patience = -1;
    if (duration > Duration::zero()) {
      constexpr Duration kMostAtOnce = std::chrono::hours(1);
      const Duration left = std::min(end - clock.now().steady, kMostAtOnce);
      if (left <= Duration::zero()) return;
      patience = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
    }
    // Without control nobody reads the input: a negative descriptor is ignored.
    pollfd waiting[] = {{signals, POLLIN, 0}, {control ? STDIN_FILENO : -1, POLLIN, 0}};
    if (poll(waiting, 2, patience) < 0) continue;
    if (waiting[0].revents != 0) return;
    if (waiting[1].revents != 0 && !control->obey()) return;
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
  AnswerMutator mutator(std::random_device{}());
  mutator.set_one_in(arguments.mutate);
  if (arguments.mutate > 0)
    options.on_answer = [&mutator](kafka::Bytes& frame) { mutator.change(frame); };
  const auto simulator = Simulator::start(*scenario, options);
  if (!simulator) {
    fmt::print(stderr, "{}\n", simulator.error().message);
    return 1;
  }
  Control control(**simulator, *scenario);
  wait_for_the_end(signalfd(-1, &signals, SFD_CLOEXEC), *duration,
                   arguments.control ? &control : nullptr);
  return 0;
}

}  // namespace
}  // namespace highwater::simulator

// Lines of at most 80 columns: CLI11 breaks none of them by itself.
constexpr const char* kMore = R"(
Examples of scenarios: tests/simulator/scenarios, such as demo.yaml.
What a scenario can say, and each fault: tests/simulator/README.md.

A broker that dies and comes back, with --control:
  die: 2
  return: 2
Others: hang: 2, wake: 2, stop: 2, slow: {broker: 2, delay: 500ms},
  quorum_lost: true, denied: topics, consume: {group: g, rate: 20/s}, heal: all
Each that happens is a line of output; one that cannot begins with "error".)";

int main(int argc, char** argv) {
  highwater::simulator::Arguments arguments;
  CLI::App app("A Kafka cluster made of a scenario file, on loopback");
  app.footer(kMore);
  app.add_option("scenario", arguments.scenario, "the scenario, a YAML file")->required();
  app.add_option("--port-base", arguments.port_base, "the first broker's port; the others follow")
      ->check(CLI::Range(1, 65'000));
  app.add_option("--speed", arguments.speed, "seconds of the scenario in a real one")
      ->check(CLI::Range(0.01, 1000.0));
  app.add_option("--for", arguments.duration, "end by itself after this time, such as 60s");
  app.add_flag(
      "--control", arguments.control,
      "each line of standard input is a fault that\nhappens now (\"die: 2\"); its end is the end");
  app.add_option("--mutate", arguments.mutate,
                 "one in so many answers is changed at random, as a\nbroken proxy would");
  CLI11_PARSE(app, argc, argv);
  return highwater::simulator::run(arguments);
}
