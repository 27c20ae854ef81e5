#include "agent/commands/agent_reader.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <utility>

#include "agent/commands/ask_agent.h"
#include "exporters/status/terminal.h"

namespace highwater::agent {
namespace {

// As many as the agent gives.
constexpr std::string_view kStatus = "api/v1/status?groups=5000&budgets=5000";

// What ends the process is for main's thread: it gives the terminal back, and draws no more.
void leave_signals_to_main() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Result<watch::PicturePtr> read_status(const AgentAddress& agent, const std::stop_token& stop) {
  const Result<std::string> json = try_agent(agent, kStatus, stop);
  if (!json) return tl::unexpected<Error>(json.error());
  return watch::read_picture(*json);
}

watch::Explanation read_explanation(const AgentAddress& agent, const watch::Question& question,
                                    const std::stop_token& stop) {
  Result<std::string> json = try_agent(agent, explain_target(question.name, question.entity), stop);
  if (json) return {question, std::move(*json), {}};
  return {question, {}, clean(json.error().message)};
}

}  // namespace

AgentReader::AgentReader(AgentAddress agent, Duration interval)
    : agent_(std::move(agent)),
      interval_(interval),
      descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

AgentReader::~AgentReader() {
  thread_.request_stop();
  thread_.join();
  close(descriptor_);
}

std::vector<AgentAnswer> AgentReader::take() {
  uint64_t ignored = 0;
  [[maybe_unused]] const ssize_t taken = read(descriptor_, &ignored, sizeof(ignored));
  const std::lock_guard lock(mutex_);
  return std::exchange(answers_, {});
}

void AgentReader::refresh() {
  const std::lock_guard lock(mutex_);
  refresh_ = true;
  changed_.notify_one();
}

void AgentReader::explain(std::optional<watch::Question> question) {
  const std::lock_guard lock(mutex_);
  if (question == question_) return;
  question_ = std::move(question);
  ask_again_ = question_.has_value();
  changed_.notify_one();
}

void AgentReader::run(const std::stop_token& stop) {
  leave_signals_to_main();
  const auto now = [] { return SystemClock().now(); };
  SteadyTime next = now().steady;
  while (!stop.stop_requested()) {
    std::optional<watch::Question> question;
    bool status = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, stop, next, [this] { return refresh_ || ask_again_; });
      if (stop.stop_requested()) return;
      status = std::exchange(refresh_, false) || now().steady >= next;
      ask_again_ = false;
      question = question_;
    }
    try {
      if (status) {
        AgentAnswer answer{{}, read_status(agent_, stop), {}};
        answer.at = now().wall;
        add(std::move(answer));
        next = now().steady + interval_;
      }
      if (question) {
        AgentAnswer answer{{}, {}, read_explanation(agent_, *question, stop)};
        answer.at = now().wall;
        add(std::move(answer));
      }
    } catch (const std::exception& error) {
      // Out of memory, most likely: the next answer may be smaller.
      add({now().wall, Result<watch::PicturePtr>(fail(error.what())), {}});
      next = now().steady + interval_;
    }
  }
}

void AgentReader::add(AgentAnswer answer) {
  {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(descriptor_, &one, sizeof(one));
}

}  // namespace highwater::agent
