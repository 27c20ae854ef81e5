#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <iostream>
#include <string>

#include "agent/command_line/terminal_settings.h"
#include "agent/commands/agent_address.h"
#include "agent/commands/agent_reader.h"
#include "agent/commands/commands.h"
#include "agent/commands/terminal_screen.h"
#include "exporters/watch/keys.h"
#include "exporters/watch/screen.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;

constexpr int kCannot = 2;
constexpr Duration kShortest = 500ms;  // an interval
constexpr Duration kLongest = 1h;
constexpr int kEscapeWait = 50;  // ms: the rest of a key's sequence comes within it
constexpr int kTick = 1000;      // ms: ages are shown to the second

int refuse(const std::string& text) {
  std::cerr << "highwater watch: " << text << "\n";
  return kCannot;
}

// What the screen is told by other ways than keys. Blocked in all threads, so before any begins.
int signals_of_the_screen() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGWINCH, SIGCONT, SIGTSTP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

class Watch {
 public:
  Watch(const AgentAddress& agent, Duration interval, bool colour)
      : colour_(colour), signals_(signals_of_the_screen()), reader_(agent, interval) {
    model_.connection.url = agent.url.substr(0, agent.url.find_last_not_of('/') + 1);
    model_.connection.interval = interval;
  }
  ~Watch() { close(signals_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // Until somebody quits. False: the terminal is gone.
  bool run() {
    while (true) {
      if (!draw()) return false;
      std::array<pollfd, 3> ready{
          {{STDIN_FILENO, POLLIN, 0}, {signals_, POLLIN, 0}, {reader_.descriptor(), POLLIN, 0}}};
      const int count = poll(ready.data(), ready.size(), keys_.waiting() ? kEscapeWait : kTick);
      if (count < 0 && errno != EINTR) return false;
      if (count == 0 && !press(keys_.pause())) return true;
      if (ready[1].revents != 0) take_signals();
      if (ready[2].revents != 0) take_answers();
      if (ready[0].revents == 0) continue;
      std::array<char, 1024> bytes{};
      const ssize_t length = read(STDIN_FILENO, bytes.data(), bytes.size());
      if (length < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (length <= 0) return false;
      if (!press(keys_.feed({bytes.data(), static_cast<size_t>(length)}))) return true;
    }
  }

 private:
  bool draw() {
    const watch::Size size = screen_.size();
    if (size != size_) screen_.forget();
    size_ = size;
    model_.connection.now = SystemClock().now().wall;
    const watch::Frame frame = watch::draw(model_, view_, size, colour_);
    view_.page = frame.page;
    view_.most_scroll = frame.most_scroll;
    return screen_.draw(frame.lines);
  }

  // False: quit.
  bool press(const std::vector<watch::Key>& keys) {
    for (const watch::Key& key : keys) {
      switch (watch::press(key, view_, model_.picture)) {
        case watch::Wish::nothing:
          break;
        case watch::Wish::refresh:
          reader_.refresh();
          break;
        case watch::Wish::redraw:
          screen_.forget();
          break;
        case watch::Wish::suspend:
          screen_.suspend();
          break;
        case watch::Wish::quit:
          return false;
      }
    }
    reader_.explain(watch::question_of(view_));
    return true;
  }

  void take_signals() {
    signalfd_siginfo signal{};
    while (read(signals_, &signal, sizeof(signal)) == sizeof(signal)) {
      if (signal.ssi_signo == SIGTSTP) screen_.suspend();
      // Whoever had the terminal in between has left its modes and its text on it.
      if (signal.ssi_signo == SIGCONT) screen_.resume();
    }
  }

  void take_answers() {
    for (AgentAnswer& answer : reader_.take()) {
      watch::Connection& agent = model_.connection;
      if (answer.explanation) take(std::move(*answer.explanation));
      if (!answer.picture) continue;
      if (*answer.picture) {
        model_.picture = std::move(**answer.picture);
        agent.answered = answer.at;
        agent.away_since.reset();
        agent.why.clear();
        watch::settle(view_, model_.picture);
      } else {
        if (!agent.away_since) agent.away_since = answer.at;
        agent.why = answer.picture->error().message;
      }
    }
    reader_.explain(watch::question_of(view_));
  }

  // While the agent is away, the last explanation stays, as the picture does.
  void take(watch::Explanation explanation) {
    const auto& last = model_.explanation;
    const bool kept = last && last->question == explanation.question && !last->json.empty();
    if (!kept || explanation.problem.empty()) model_.explanation = std::move(explanation);
  }

  const bool colour_;
  const int signals_;
  watch::Model model_;
  watch::View view_;
  watch::KeyReader keys_;
  watch::Size size_;
  AgentReader reader_;
  TerminalScreen screen_;  // the last member: the first that ends
};

}  // namespace

int watch_command(const AgentOptions& options, const std::string& interval) {
  const Result<Duration> every = parse_duration(interval);
  if (!every) return refuse("--interval: " + every.error().message);
  if (*every < kShortest || *every > kLongest)
    return refuse("--interval: between 500ms and 1h, not " + interval);
  if (!command_line::is_terminal(STDIN_FILENO) || !command_line::is_terminal(STDOUT_FILENO)) {
    return refuse(
        "it needs a terminal for keys and screen: for a program or a pipe there is 'highwater "
        "status'");
  }
  if (const std::string type = command_line::terminal_type(); type.empty() || type == "dumb") {
    return refuse("this terminal (TERM=" + type +
                  ") cannot be drawn on: 'highwater status' writes lines, or set TERM to what it "
                  "is");
  }
  const auto agent = agent_address(options);
  if (!agent) return refuse(agent.error().message);
  try {
    if (Watch(*agent, *every, command_line::wants_colour(STDOUT_FILENO, options.no_color)).run())
      return 0;
  } catch (const std::exception& error) {
    // The terminal is as it was before: the screen has ended.
    return refuse(error.what());
  }
  return kCannot;
}

}  // namespace highwater::agent
