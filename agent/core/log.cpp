#include "agent/core/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>

namespace highwater {
namespace {

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        } else {
          out += c;
        }
    }
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

std::string human_line(WallTime time, LogLevel level, std::string_view message,
                       std::initializer_list<LogField> fields) {
  std::string line =
      fmt::format("{} {:<7} {}", format_time(time).substr(11, 12), level_name(level), message);
  for (const LogField& field : fields)
    line += fmt::format("  {}={}", field.key, std::visit(ValueText{false}, field.value));
  // A name from the network must not be able to forge a second line or send control codes to a
  // terminal.
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  line += '\n';
  return line;
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
    std::string& said = said_[std::string(key)];
    if (said == state) return false;
    said = state;
  }
  write(level, message, fields);
  return true;
}

Log::Sink standard_error_sink() {
  return [](std::string_view line) {
    while (!line.empty()) {
      const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
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
