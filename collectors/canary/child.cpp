#include "collectors/canary/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

namespace highwater::canary {
namespace {

constexpr auto kWaitStep = std::chrono::milliseconds(10);

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

// In place of a pipe to the child: writing to one that has died must be an error, and no signal.
std::optional<Pipe> make_socket() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return std::nullopt;
  return Pipe{ends[0], ends[1]};
}

std::optional<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{ends[0], ends[1]};
}

void close_end(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

int milliseconds_of(Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return static_cast<int>(std::clamp<int64_t>(count, 0, 60'000));
}

std::string ending(int status) {
  if (WIFSIGNALED(status)) return fmt::format("signal {}", WTERMSIG(status));
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::vector<std::string>& command,
                                         const std::string& input) {
  std::optional<Pipe> to = make_socket();
  std::optional<Pipe> from = make_pipe();
  if (!to || !from) {
    const std::string why = std::strerror(errno);
    for (std::optional<Pipe>* made : {&to, &from}) {
      if (!*made) continue;
      close((*made)->read_end);
      close((*made)->write_end);
    }
    return fail("no pipe: " + why);
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to->read_end, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from->write_end, STDOUT_FILENO);
  // Of what is open here nothing is its own: connections, files, what libraries left inheritable.
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  // Signals that our threads block must not stay blocked there.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> arguments;
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, command.front().c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(to->read_end);
  close(from->write_end);
  if (error != 0) {
    close(to->write_end);
    close(from->read_end);
    return fail(fmt::format("{}: {}", command.front(), std::strerror(error)));
  }
  ChildProcess child(pid, to->write_end, from->read_end);
  const std::string line = input + "\n";
  // Shorter than the socket holds; a reader that has died already shows when it is read from.
  if (send(child.input_, line.data(), line.size(), MSG_NOSIGNAL) < 0) close_end(child.input_);
  return child;
}

ChildProcess::~ChildProcess() {
  (void)end({});
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      buffer_(std::move(other.buffer_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(input_, other.input_);
  std::swap(output_, other.output_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

ChildProcess::Outcome ChildProcess::read_line(Duration patience, std::string& line) {
  if (take_line(line)) return Outcome::line;
  if (output_ < 0 || buffer_.size() > kMaxLine) return Outcome::ended;
  pollfd output{output_, POLLIN, 0};
  if (poll(&output, 1, milliseconds_of(patience)) <= 0) return Outcome::nothing_yet;
  std::array<char, 16384> piece{};
  const ssize_t got = read(output_, piece.data(), piece.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return Outcome::nothing_yet;
  if (got <= 0) return Outcome::ended;
  buffer_.append(piece.data(), static_cast<size_t>(got));
  return take_line(line) ? Outcome::line : Outcome::nothing_yet;
}

bool ChildProcess::take_line(std::string& line) {
  const size_t end = buffer_.find('\n');
  if (end == std::string::npos) return false;
  line.assign(buffer_, 0, end);
  buffer_.erase(0, end + 1);
  return true;
}

std::string ChildProcess::end(Duration patience) {
  close_end(input_);
  std::string how;
  if (pid_ > 0) {
    std::optional<int> status = wait_for(patience);
    if (!status) {
      kill(pid_, SIGKILL);
      int killed = 0;
      while (waitpid(pid_, &killed, 0) < 0 && errno == EINTR) {
      }
      status = killed;
    }
    how = ending(*status);
    pid_ = -1;
  }
  close_end(output_);
  return how;
}

std::optional<int> ChildProcess::wait_for(Duration patience) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (true) {
    int status = 0;
    const pid_t ended = waitpid(pid_, &status, WNOHANG);
    if (ended == pid_ || (ended < 0 && errno != EINTR)) return status;
    if (std::chrono::steady_clock::now() >= until) return std::nullopt;
    std::this_thread::sleep_for(kWaitStep);
  }
}

}  // namespace highwater::canary
