// YAML as users write it for us: read whole, checked for the language's traps, and kept with line
// and column. The only file that knows yaml-cpp. Used by the configuration and the rule loader; any
// thread.
//
// Refused, each with its place: duplicate keys, second documents, aliases and anchors (they can
// make a small file huge), more than 200,000 nodes or 32 levels, files above 4 MiB, tabs and
// unclosed quotes (by the parser), keys that are not plain text. Scalars keep their text: whether
// "010" is eight or ten is never guessed, because readers say what type they expect.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/diagnostic.h"
#include "agent/core/result.h"
#include "agent/core/time.h"

namespace highwater {

struct YamlNode {
  YamlNode();  // defined where YamlNode is complete: clang cannot make it from entries before

  enum class Kind : uint8_t { null, scalar, list, map };
  Kind kind = Kind::null;
  int line = 0;  // from 1
  int column = 0;
  std::string scalar;
  bool quoted = false;          // "yes" in quotes is text
  std::vector<YamlNode> items;  // of a list
  std::vector<std::pair<YamlNode, YamlNode>>
      entries;  // of a map, in the file's order; keys are scalars

  [[nodiscard]] const YamlNode* find(std::string_view key) const;  // of a map; null when missing
};

// The file's one document; null node for an empty file. On any error nothing, and diagnostics says
// why.
[[nodiscard]] std::optional<YamlNode> parse_yaml(std::string_view text, const std::string& file,
                                                 Diagnostics& diagnostics);
[[nodiscard]] std::optional<YamlNode> read_yaml(const std::string& path, Diagnostics& diagnostics);

// Reads the values of one map, says what is wrong where, and complains about keys that nobody asked
// for.
class YamlMap {
 public:
  // `what` names the map for people: "cluster". A node that is no map is reported here, once.
  YamlMap(const YamlNode& node, std::string what, const std::string& file,
          Diagnostics& diagnostics);

  [[nodiscard]] bool valid() const { return valid_; }
  const YamlNode* get(const std::string& key);      // null when missing
  const YamlNode* require(const std::string& key);  // ... and then says so
  std::optional<std::string> text(const std::string& key);
  std::optional<double> number(const std::string& key);
  std::optional<int64_t> integer(const std::string& key, int64_t lowest, int64_t highest);
  std::optional<bool> boolean(
      const std::string& key);  // true and false only: yes, no, on, off are refused
  std::optional<Duration> duration(const std::string& key);
  std::vector<std::string> texts(const std::string& key);  // a list of scalars, or one scalar
  void error(const YamlNode& at, std::string what, std::string advice = "");
  // Call last: reports every key that was never asked for, with "did you mean".
  void finish();

  [[nodiscard]] const YamlNode& node() const { return node_; }

 private:
  const YamlNode& node_;
  std::string what_;
  const std::string& file_;
  Diagnostics& diagnostics_;
  std::vector<std::string> known_;
  bool valid_ = false;
};

}  // namespace highwater
