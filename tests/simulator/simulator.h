// The simulator: a scenario served on loopback, as its users see it. Tests start one in their own
// process; main.cpp wraps one into the program highwater-sim.
//
// It runs a thread of its own. Every function may be called from any other thread; what it changes
// has reached the sockets when it returns.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"
#include "collectors/kafka/wire/primitives.h"
#include "tests/simulator/scenario/fault.h"
#include "tests/simulator/scenario/scenario.h"

namespace highwater::simulator {

class Model;
struct Counters;

struct SimulatorOptions {
  bool stepped = false;  // time stands still except in step()
  double speed = 1;      // of simulated time, when it runs by itself
  // What brokers take for the time when the scenario begins; nothing: the present.
  std::optional<WallTime> start = {};
  // "ready ...", then a line per fault; on the simulator's thread.
  std::function<void(const std::string&)> on_line = {};
  // What lies between a broker and its clients: changes an answer's frame, its length included, on
  // the simulator's thread.
  std::function<void(kafka::Bytes&)> on_answer = {};
};

class Simulator {
 public:
  // All ports are open when it returns.
  static Result<std::unique_ptr<Simulator>> start(const Scenario& scenario,
                                                  SimulatorOptions options = {});
  ~Simulator();  // connections end, ports are closed
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  [[nodiscard]] std::uint16_t port(std::int32_t broker) const;
  [[nodiscard]] const std::string& bootstrap() const;  // "127.0.0.1:41001,127.0.0.1:41002"

  // Happens now, whatever the scenario says.
  Result<void> apply(const Fault& fault);
  // Stepped time only: moves it on, with everything that happens on the way.
  void step(Duration duration);
  [[nodiscard]] Duration elapsed();
  [[nodiscard]] Counters counters();
  // A look at the truth, on the simulator's thread.
  void inspect(const std::function<void(const Model&)>& look);

 private:
  class Core;
  explicit Simulator(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace highwater::simulator
