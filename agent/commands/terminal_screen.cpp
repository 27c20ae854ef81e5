#include "agent/commands/terminal_screen.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

namespace highwater::agent {
namespace {

// Alternate screen, no cursor, and lines that end at the edge: what is too wide is cut there.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
constexpr std::string_view kLeave = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

constexpr size_t kWidest = 1000;
constexpr size_t kHighest = 500;

// Those of a person or of the system that end a process, and those of a fault in it.
constexpr std::array kEnds{SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGABRT,
                           SIGSEGV, SIGBUS, SIGFPE, SIGILL};

// For the handler of signals, which can be given nothing.
termios before{};                 // written before `taken` is set
volatile sig_atomic_t taken = 0;  // whether the terminal is ours
std::array<struct sigaction, kEnds.size()> handlers_before{};

// Also called by a signal's handler: only what is safe there.
void give_back(bool wait) {
  if (taken == 0) return;
  taken = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &before);
  const int flags = fcntl(STDOUT_FILENO, F_GETFL);
  // A terminal that takes nothing any more must not keep the process.
  if (!wait) fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
  [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, kLeave.data(), kLeave.size());
  if (!wait) fcntl(STDOUT_FILENO, F_SETFL, flags);
}

// The signal comes again, with what it did before, when the handler returns.
void on_end(int signal) {
  const int error = errno;
  give_back(false);
  for (size_t i = 0; i < kEnds.size(); ++i) {
    if (kEnds[i] == signal) sigaction(signal, &handlers_before[i], nullptr);
  }
  raise(signal);
  errno = error;
}

bool write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

TerminalScreen::TerminalScreen() {
  struct sigaction action {};
  action.sa_handler = on_end;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < kEnds.size(); ++i) {
    sigaction(kEnds[i], nullptr, &handlers_before[i]);
    // What whoever started the process wants to be ignored, as nohup does, stays so.
    if (handlers_before[i].sa_handler != SIG_IGN) sigaction(kEnds[i], &action, nullptr);
  }
  tcgetattr(STDIN_FILENO, &before);
  resume();
}

TerminalScreen::~TerminalScreen() {
  give_back(true);
  for (size_t i = 0; i < kEnds.size(); ++i) sigaction(kEnds[i], &handlers_before[i], nullptr);
}

void TerminalScreen::resume() {
  termios raw = before;
  // Keys one by one and unseen; Ctrl-C and Ctrl-Z are keys, and Ctrl-S does not stop the output.
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL | INLCR);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  taken = 1;
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  (void)write_all(kEnter);
  forget();
}

watch::Size TerminalScreen::size() const {
  winsize window{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 || window.ws_row == 0)
    return {};
  return {std::min<size_t>(window.ws_col, kWidest), std::min<size_t>(window.ws_row, kHighest)};
}

bool TerminalScreen::draw(const std::vector<std::string>& lines) {
  std::string out;
  if (cleared_) out += "\x1b[2J";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!cleared_ && i < shown_.size() && shown_[i] == lines[i]) continue;
    out += fmt::format("\x1b[{};1H\x1b[2K{}", i + 1, lines[i]);
  }
  shown_ = lines;
  cleared_ = false;
  return write_all(out);
}

void TerminalScreen::forget() {
  cleared_ = true;
}

void TerminalScreen::suspend() {
  give_back(true);
  // Not SIGSTOP: where no shell could continue the process, this one does nothing.
  sigset_t stop;
  sigset_t mask;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  pthread_sigmask(SIG_UNBLOCK, &stop, &mask);
  raise(SIGTSTP);
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  resume();
}

}  // namespace highwater::agent
