#include "exporters/notify/receivers/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace highwater::notify {
namespace {

// How often it is looked whether it has ended.
constexpr int kLookEveryMs = 10;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// What posix_spawn needs, and gives back.
struct Spawn {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};

  Spawn(int input, int output) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    // The agent blocks signals in all of its threads, and a child would inherit that.
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
  }
  ~Spawn() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// Not ours: secrets may be in it.
std::vector<std::string> environment_of(const ChildProcess::Task& task) {
  std::vector<std::string> all = task.environment;
  for (const char* name : {"PATH", "HOME", "LANG", "TZ"}) {
    if (const char* const value = std::getenv(name))  // NOLINT(concurrency-mt-unsafe)
      all.push_back(std::string(name) + "=" + value);
  }
  return all;
}

// Both ends of what connects us. A socket, so that writing to a child that has gone is an error and
// no signal.
struct Pair {
  std::array<int, 2> ends{-1, -1};
  [[nodiscard]] bool open() {
    return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0;
  }
};

// The input that is still to be written and the output that has come.
struct Talk {
  Descriptor& input;
  Descriptor& output;
  std::string_view left;
  std::string& said;

  // Waits until something can be done, or for a moment.
  void step() {
    std::array<pollfd, 2> watched{{{output.get(), POLLIN, 0}, {input.get(), POLLOUT, 0}}};
    ::poll(watched.data(), watched.size(), kLookEveryMs);
    if (watched[0].revents != 0) read();
    if (watched[1].revents != 0) write();
  }
  void write() {
    const ssize_t n = ::send(input.get(), left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) left.remove_prefix(static_cast<size_t>(n));
    const bool gone = n < 0 && errno != EAGAIN && errno != EINTR;
    if (left.empty() || gone) input.close();
  }
  void read() {
    std::array<char, 4096> buffer{};
    const ssize_t n = ::recv(output.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n > 0) {
      const size_t room = ChildProcess::kMaxOutput - said.size();
      said.append(buffer.data(), std::min(static_cast<size_t>(n), room));
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
      output.close();
    }
  }
  // What it wrote before it ended.
  void drain() {
    for (size_t before = said.size(); output.get() >= 0; before = said.size()) {
      read();
      if (said.size() == before) return;
    }
  }
};

void end_group(pid_t child) {
  ::kill(-child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

ChildProcess::Ended converse(pid_t child, Talk talk, SteadyTime deadline,
                             const std::stop_token& stop) {
  using How = ChildProcess::How;
  ChildProcess::Ended ended;
  while (true) {
    talk.step();
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) {
      talk.drain();
      ended.how = WIFEXITED(status) ? How::exited : How::signalled;
      ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
      return ended;
    }
    const bool late = std::chrono::steady_clock::now() >= deadline;
    if (!late && !stop.stop_requested()) continue;
    end_group(child);
    ended.how = late ? How::too_slow : How::stopped;
    return ended;
  }
}

ChildProcess::Ended not_started(const std::string& why) {
  ChildProcess::Ended ended;
  ended.why = why;
  return ended;
}

}  // namespace

ChildProcess::Ended ChildProcess::run(const Task& task, Duration limit,
                                      const std::stop_token& stop) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + limit;
  Pair in;
  Pair out;
  const bool opened = in.open() && out.open();
  Descriptor our_input(in.ends[0]);
  Descriptor their_input(in.ends[1]);
  Descriptor our_output(out.ends[0]);
  Descriptor their_output(out.ends[1]);
  if (!opened) return not_started("no file descriptor is left");
  std::vector<std::string> arguments{task.program};
  arguments.insert(arguments.end(), task.arguments.begin(), task.arguments.end());
  std::vector<std::string> environment = environment_of(task);
  pid_t child = 0;
  {
    const Spawn spawn(their_input.get(), their_output.get());
    const int error =
        ::posix_spawn(&child, task.program.c_str(), &spawn.actions, &spawn.attributes,
                      pointers(arguments).data(), pointers(environment).data());
    std::array<char, 128> text{};
    if (error != 0)
      return not_started(std::string("cannot be started: ") +
                         ::strerror_r(error, text.data(), text.size()));
  }
  their_input.close();
  their_output.close();
  std::string said;
  Ended ended = converse(child, Talk{our_input, our_output, task.input, said}, deadline, stop);
  ended.output = std::move(said);
  return ended;
}

}  // namespace highwater::notify
