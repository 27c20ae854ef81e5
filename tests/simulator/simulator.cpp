#include "tests/simulator/simulator.h"

#include <algorithm>
#include <cassert>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "tests/simulator/model/model.h"
#include "tests/simulator/server.h"

namespace highwater::simulator {
namespace {

constexpr Duration kMaxPatience = std::chrono::seconds(10);

}  // namespace

// The thread, its queue of tasks, and everything that belongs to the thread.
class Simulator::Core {
 public:
  Core(const Scenario& scenario, SimulatorOptions options)
      : options_(std::move(options)),
        model_(scenario, options_.start.value_or(SystemClock().now().wall)) {}
  ~Core();

  Result<void> start(std::uint16_t port_base);
  // Runs the task on the thread and waits for it.
  void run(const std::function<void()>& task);

  Model& model() { return model_; }
  Server& server() { return *server_; }
  const SimulatorOptions& options() const { return options_; }
  void move_to(Duration now);

  std::map<std::int32_t, std::uint16_t> ports;
  std::string bootstrap;

 private:
  void loop();
  void run_tasks();
  [[nodiscard]] std::optional<std::chrono::milliseconds> patience() const;
  [[nodiscard]] Duration real_elapsed() const;

  SimulatorOptions options_;
  Model model_;
  std::unique_ptr<Server> server_;
  SteadyTime began_{};

  std::mutex mutex_;
  std::condition_variable done_;
  std::deque<const std::function<void()>*> tasks_;  // guarded by mutex_
  std::uint64_t finished_ = 0;                      // guarded by mutex_
  std::uint64_t asked_ = 0;                         // guarded by mutex_
  bool stopping_ = false;                           // guarded by mutex_
  std::thread thread_;
};

Simulator::Core::~Core() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  server_->wake();
  thread_.join();
}

Result<void> Simulator::Core::start(std::uint16_t port_base) {
  Result<std::unique_ptr<Server>> server = Server::open(model_, port_base);
  if (!server) return tl::unexpected(server.error());
  server_ = std::move(*server);
  server_->change_answers(options_.on_answer);
  for (const BrokerInfo& broker : model_.world().brokers) {
    ports[broker.id] = broker.port;
    if (!bootstrap.empty()) bootstrap += ",";
    bootstrap += broker.host + ":" + std::to_string(broker.port);
  }
  began_ = SystemClock().now().steady;
  thread_ = std::thread([this] { loop(); });
  return {};
}

void Simulator::Core::run(const std::function<void()>& task) {
  std::unique_lock lock(mutex_);
  tasks_.push_back(&task);
  const std::uint64_t mine = ++asked_;
  server_->wake();
  done_.wait(lock, [&] { return finished_ >= mine; });
}

void Simulator::Core::loop() {
  if (options_.on_line) options_.on_line("ready " + bootstrap);
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    server_->wait(patience());
    if (!options_.stepped) move_to(real_elapsed());
    run_tasks();
    server_->serve_all();
  }
}

void Simulator::Core::run_tasks() {
  while (true) {
    const std::function<void()>* task = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (tasks_.empty()) return;
      task = tasks_.front();
      tasks_.pop_front();
    }
    (*task)();
    {
      const std::lock_guard lock(mutex_);
      ++finished_;
    }
    done_.notify_all();
  }
}

void Simulator::Core::move_to(Duration now) {
  const bool happened = model_.advance(now);
  const std::optional<Duration> answer = server_->next_answer();
  if (happened || (answer && *answer <= now)) server_->catch_up();
  if (!options_.on_line) return;
  for (const std::string& line : model_.take_lines()) options_.on_line(line);
}

std::optional<std::chrono::milliseconds> Simulator::Core::patience() const {
  if (options_.stepped) return std::nullopt;
  Duration due = model_.now() + kMaxPatience;
  if (const auto event = model_.next_event()) due = std::min(due, *event);
  if (const auto answer = server_->next_answer()) due = std::min(due, *answer);
  const double left = to_seconds(due - model_.now()) / options_.speed;
  const Duration real(static_cast<std::int64_t>(std::max(left, 0.0) * 1e9));
  return std::chrono::ceil<std::chrono::milliseconds>(std::min(real, kMaxPatience));
}

Duration Simulator::Core::real_elapsed() const {
  const Duration elapsed = SystemClock().now().steady - began_;
  return Duration(static_cast<std::int64_t>(static_cast<double>(elapsed.count()) * options_.speed));
}

Result<std::unique_ptr<Simulator>> Simulator::start(const Scenario& scenario,
                                                    SimulatorOptions options) {
  auto core = std::make_unique<Core>(scenario, std::move(options));
  const Result<void> started = core->start(scenario.port_base);
  if (!started) return tl::unexpected(started.error().in("start the simulator"));
  return std::unique_ptr<Simulator>(new Simulator(std::move(core)));
}

Simulator::Simulator(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Simulator::~Simulator() = default;

std::uint16_t Simulator::port(std::int32_t broker) const {
  return core_->ports.at(broker);
}
const std::string& Simulator::bootstrap() const {
  return core_->bootstrap;
}

Result<void> Simulator::apply(const Fault& fault) {
  Result<void> result;
  core_->run([&] {
    result = core_->model().apply(fault);
    core_->server().catch_up();
  });
  return result;
}

void Simulator::step(Duration duration) {
  assert(core_->options().stepped);
  core_->run([&] { core_->move_to(core_->model().now() + duration); });
}

Duration Simulator::elapsed() {
  Duration elapsed{};
  core_->run([&] { elapsed = core_->model().now(); });
  return elapsed;
}

Counters Simulator::counters() {
  Counters counters;
  core_->run([&] { counters = core_->server().counters(); });
  return counters;
}

void Simulator::inspect(const std::function<void(const Model&)>& look) {
  core_->run([&] { look(core_->model()); });
}

}  // namespace highwater::simulator
