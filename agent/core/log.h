// The agent's log: one JSON object per line, or a human form on a terminal. Any thread; a line is
// written in one piece.
//
// Messages are fixed texts; what varies goes into fields. A repeated fault is logged when it
// changes, not each time: see on_change.
#pragma once

#include <atomic>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "agent/core/time.h"

namespace highwater {

enum class LogLevel : uint8_t { debug, info, warning, error };
[[nodiscard]] std::string_view level_name(LogLevel level);

struct LogField {
  std::string_view key;
  std::variant<std::string, double, int64_t, bool> value;

  LogField(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  LogField(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  LogField(std::string_view k, std::integral auto v) : key(k), value(static_cast<int64_t>(v)) {}
};

enum class LogForm : uint8_t { json, human };

class Log {
 public:
  using Sink = std::function<bool(std::string_view line)>;  // false: the line could not be written

  // `clock` must outlive the log. The sink is called under a lock, one whole line (with newline) at
  // a time.
  Log(const Clock& clock, LogLevel lowest, LogForm form, Sink sink);

  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::debug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::info, message, fields);
  }
  void warning(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::warning, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::error, message, fields);
  }

  // Writes only when `state` differs from what was said last under `key` ("broker/prod/3" ->
  // "hung"). True when written. What was said is forgotten when there are more keys than this.
  static constexpr size_t kMostStates = 10'000;
  bool on_change(std::string_view key, std::string_view state, LogLevel level,
                 std::string_view message, std::initializer_list<LogField> fields = {});

  void set_lowest(LogLevel lowest) { lowest_ = lowest; }  // from now on

  [[nodiscard]] uint64_t lines_lost() const { return lost_.load(); }  // a full disk, a closed pipe

 private:
  const Clock& clock_;
  std::atomic<LogLevel> lowest_;
  const LogForm form_;
  std::mutex mutex_;
  Sink sink_;
  std::unordered_map<std::string, std::string> said_;
  std::atomic<uint64_t> lost_{0};
};

// Writes to standard error; survives EAGAIN, a full disk and a closed pipe.
[[nodiscard]] Log::Sink standard_error_sink();
// Writes nowhere; for tests.
[[nodiscard]] Log::Sink null_sink();

}  // namespace highwater
