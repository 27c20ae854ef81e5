#include "agent/core/log.h"

#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <utility>

#include "agent/core/utf8.h"

namespace highwater {
namespace {

constexpr int kPatienceMs = 100;
constexpr size_t kPiece = PIPE_BUF;

std::string json_escape(std::string_view character) {
  switch (character[0]) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  if (utf8::control_length(character) == 0) return std::string(character);
  // Controls have at most three bytes.
  const auto byte = [&](size_t i) {
    return static_cast<unsigned>(static_cast<uint8_t>(character[i]));
  };
  unsigned code = byte(0);
  if (character.size() == 2) code = (code & 0x1FU) << 6U | (byte(1) & 0x3FU);
  if (character.size() == 3)
    code = (code & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
  return fmt::format("\\u{:04x}", code);
}

// Valid JSON whatever the bytes are, which a terminal may show as well.
void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const size_t length = utf8::sequence_length(text);
    out += length == 0 ? "\\ufffd" : json_escape(text.substr(0, length));
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  out += '"';
}

struct ValueText {
  bool json;
  std::string operator()(const std::string& text) const {
    if (!json)
      return text.find(' ') == std::string::npos && !text.empty() ? text : "\"" + text + "\"";
    std::string out;
    append_json_string(out, text);
    return out;
  }
  std::string operator()(double number) const {
    return std::isfinite(number) ? fmt::format("{:.6g}", number) : "null";
  }
  std::string operator()(int64_t number) const { return std::to_string(number); }
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
};

std::string json_line(WallTime time, LogLevel level, std::string_view message,
                      std::initializer_list<LogField> fields) {
  std::string line =
      fmt::format(R"({{"time":"{}","level":"{}","message":)", format_time(time), level_name(level));
  append_json_string(line, message);
  for (const LogField& field : fields) {
    line += ',';
    append_json_string(line, field.key);
    line += ':';
    line += std::visit(ValueText{true}, field.value);
  }
  line += "}\n";
  return line;
}

// A name from the network must not be able to forge a second line or send control codes to a
// terminal.
std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = utf8::sequence_length(text);
    const bool harmless = length != 0 && utf8::control_length(text) == 0;
    out += harmless ? text.substr(0, length) : " ";
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

std::string human_line(WallTime time, LogLevel level, std::string_view message,
                       std::initializer_list<LogField> fields) {
  std::string line =
      fmt::format("{} {:<7} {}", format_time(time).substr(11, 12), level_name(level), message);
  for (const LogField& field : fields)
    line += fmt::format("  {}={}", field.key, std::visit(ValueText{false}, field.value));
  return printable(line) + "\n";
}

}  // namespace

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "info";
}

Log::Log(const Clock& clock, LogLevel lowest, LogForm form, Sink sink)
    : clock_(clock), lowest_(lowest), form_(form), sink_(std::move(sink)) {}

void Log::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < lowest_) return;
  const WallTime time = clock_.now().wall;
  const std::string line = form_ == LogForm::json ? json_line(time, level, message, fields)
                                                  : human_line(time, level, message, fields);
  const std::lock_guard lock(mutex_);
  if (!sink_(line)) ++lost_;
}

bool Log::on_change(std::string_view key, std::string_view state, LogLevel level,
                    std::string_view message, std::initializer_list<LogField> fields) {
  {
    const std::lock_guard lock(mutex_);
    // Names from the network are part of keys, and whoever invents them shall fill no memory.
    std::string name(key);
    if (said_.size() >= kMostStates && !said_.contains(name)) said_.clear();
    const auto [said, added] = said_.try_emplace(std::move(name));
    if (!added && said->second == state) return false;
    said->second = state;
  }
  write(level, message, fields);
  return true;
}

Log::Sink standard_error_sink() {
  return [stuck = false](std::string_view line) mutable {
    while (!line.empty()) {
      // Whoever reads the other end of a pipe may have stopped; a page does not wait for its line.
      // What poll() calls writable takes a piece of this size without waiting.
      pollfd ready{STDERR_FILENO, POLLOUT, 0};
      const int polled = ::poll(&ready, 1, stuck ? 0 : kPatienceMs);
      stuck = polled == 0;
      if (stuck) return false;
      if (polled < 0 && errno == EINTR) continue;
      const ssize_t written = ::write(STDERR_FILENO, line.data(), std::min(line.size(), kPiece));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      line.remove_prefix(static_cast<size_t>(written));
    }
    return true;
  };
}

Log::Sink null_sink() {
  return [](std::string_view) { return true; };
}

}  // namespace highwater
