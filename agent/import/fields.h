// What of a document an importer has read. Values are got through this; what nobody got is a loss,
// whatever it is. Used by the importers; pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "agent/core/yaml.h"

namespace highwater::agent {

// Something that was not taken over, or not quite.
struct Loss {
  int line = 0;
  std::string what;
};
// "file:12: what", without line breaks.
[[nodiscard]] std::string loss_text(const std::string& file, const Loss& loss);

class Fields {
 public:
  // The value of a key, taken over: "" and nothing when there is none, or one of another kind.
  std::string text(const YamlNode& map, std::string_view key);
  std::optional<double> number(const YamlNode& map, std::string_view key);
  std::optional<bool> flag(const YamlNode& map, std::string_view key);
  // Its values are still to be taken; an empty node when there is none.
  const YamlNode& map(const YamlNode& parent, std::string_view key);
  const YamlNode& list(const YamlNode& parent, std::string_view key);
  // A map or list that was come by otherwise.
  void open(const YamlNode& node) { taken_.insert(&node); }
  // A node with everything in it: taken over, or said to be lost.
  void take(const YamlNode& node);

  // Adds a loss for everything in the node that was not taken, and takes it. `what` names the node
  // for people. At most 50, then how many more there are.
  void report(const YamlNode& node, const std::string& what, std::vector<Loss>& losses);

 private:
  struct Left {
    int line;
    std::string path;
  };
  const YamlNode* find(const YamlNode& map, std::string_view key, YamlNode::Kind kind);
  void collect(const YamlNode& node, const std::string& path, std::vector<Left>& left);
  void collect_one(const YamlNode& node, int line, const std::string& path,
                   std::vector<Left>& left);

  std::unordered_set<const YamlNode*> taken_;
};

// A text of a map, or "", without taking it: to find out what a document is.
[[nodiscard]] std::string peek(const YamlNode& map, std::string_view key);

}  // namespace highwater::agent
