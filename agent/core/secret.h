// Secret: a text that must not be shown: written where it is used, or better in a file or in the
// environment. Files are read each time, so that a renewed one needs no restart. Any thread.
#pragma once

#include <string>
#include <utility>

#include "agent/core/result.h"

namespace highwater {

class Secret {
 public:
  Secret() = default;
  // Written as it is. Implicit: wherever a secret may stand, a text may.
  Secret(std::string text) : text_(std::move(text)) {}  // NOLINT(google-explicit-constructor)
  Secret(const char* text) : text_(text) {}             // NOLINT(google-explicit-constructor)
  // The first line of a file.
  [[nodiscard]] static Secret in_file(std::string path);
  [[nodiscard]] static Secret in_environment(std::string name);

  // The same with a text in front: "Bearer " of a token.
  [[nodiscard]] Secret behind(std::string prefix) const;

  // The error names the file or the variable.
  [[nodiscard]] Result<std::string> value() const;
  // What was written; empty when it is elsewhere.
  [[nodiscard]] const std::string& written() const { return from_ == From::here ? text_ : kNone; }
  [[nodiscard]] bool is_elsewhere() const { return from_ != From::here; }
  bool operator==(const Secret&) const = default;

 private:
  enum class From : uint8_t { here, file, environment };
  static inline const std::string kNone;

  From from_ = From::here;
  std::string text_;  // itself, a path or a name
  std::string prefix_;
};

}  // namespace highwater
