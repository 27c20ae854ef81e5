// `node:`: the agent of one node, as a DaemonSet runs it.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "agent/config/fields.h"
#include "agent/config/sections.h"

namespace highwater::agent {
namespace {

constexpr size_t kLongestName = 253;  // of a host, and of a node of Kubernetes
constexpr size_t kMostLogDirs = 50;

// As the manifest of a DaemonSet says it, or the machine itself.
std::string name_of_this_node() {
  if (const char* const name = std::getenv("NODE_NAME"); name != nullptr && *name != '\0')
    return name;
  std::array<char, 256> host{};
  return ::gethostname(host.data(), host.size() - 1) == 0 ? host.data() : "";
}

class NodeReader {
 public:
  NodeReader(const YamlNode& node, const std::string& file, Config& config,
             Diagnostics& diagnostics)
      : map_(node, "'node'", file, diagnostics), config_(config) {}

  void read() {
    if (!map_.valid()) return;
    read_name();
    read_judges();
    read_duration(map_, "every", std::chrono::seconds(1), std::chrono::minutes(10), node_.every);
    read_log_dirs();
    read_cluster();
    map_.finish();
    config_.node = std::move(node_);
  }

 private:
  const YamlNode& at(const char* key) { return *map_.node().find(key); }

  void read_name() {
    const auto name = map_.text("name");
    node_.name = name ? *name : name_of_this_node();
    if (!node_.name.empty() && node_.name.size() <= kLongestName) return;
    const YamlNode& where = name ? at("name") : map_.node();
    map_.error(where,
               node_.name.empty() ? "the node has no name" : "the name of the node is too long",
               "write 'name: ...', or set NODE_NAME: it is the label `node`");
  }

  void read_judges() {
    const auto judges = map_.text("judges");
    if (!judges) return;
    node_.judges_cluster = *judges == "cluster";
    if (*judges != "cluster" && *judges != "node")
      map_.error(at("judges"), fmt::format("'{}' is nothing that a node's agent judges", *judges),
                 "one of: node, cluster");
  }

  void read_log_dirs() {
    std::set<std::string> seen;
    for (const std::string& path : map_.texts("log_dirs")) {
      if (path.empty() || path.front() != '/' || path.find('\0') != std::string::npos) {
        map_.error(at("log_dirs"), fmt::format("'log_dirs': '{}' is no absolute path", path),
                   "write it as the agent sees it, like /var/lib/kafka/data");
        continue;
      }
      std::string plain = std::filesystem::path(path).lexically_normal().string();
      while (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
      if (seen.insert(plain).second) node_.log_dirs.push_back(std::move(plain));
    }
    if (node_.log_dirs.size() > kMostLogDirs)
      map_.error(at("log_dirs"), fmt::format("there are more than {} log_dirs", kMostLogDirs),
                 "one for each file system is enough");
  }

  void read_cluster() {
    std::vector<std::string> names;
    for (const auto& cluster : config_.clusters) names.push_back(cluster.name);
    const auto name = map_.text("cluster");
    if (name && std::ranges::find(names, *name) == names.end())
      map_.error(at("cluster"), fmt::format("there is no cluster '{}'", *name),
                 did_you_mean(*name, names));
    if (!name && names.size() > 1 && !node_.log_dirs.empty())
      map_.error(map_.node(), "'node' does not say to which cluster its 'log_dirs' belong",
                 fmt::format("write 'cluster: {}'", fmt::join(names, "' or 'cluster: ")));
    if (name)
      node_.cluster = *name;
    else if (!names.empty())
      node_.cluster = names.front();
  }

  YamlMap map_;
  Config& config_;
  NodeConfig node_;
};

}  // namespace

void read_node(YamlMap& map, const std::string& file, Config& config, Diagnostics& diagnostics) {
  if (const YamlNode* const node = map.get("node"))
    NodeReader(*node, file, config, diagnostics).read();
}

}  // namespace highwater::agent
