// Alertmanager's receivers as ours. One of theirs that tells in several ways becomes several. Pure;
// any thread.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/yaml.h"
#include "agent/import/fields.h"

namespace highwater::agent::alertmanager {

struct OurReceiver {
  int line = 0;  // of theirs
  std::string name;
  std::string kind;
  std::vector<std::pair<std::string, std::string>> settings;  // of the kind; values are YAML
  std::string timeout;                                        // empty: as by default
  bool send_resolved = true;
};

// What became of one of theirs.
struct Outlet {
  int line = 0;
  std::vector<std::string> ours;
  std::vector<std::string> lost;  // kinds that could not be taken over
};

// A secret that stands in their file: it is never copied.
struct Variable {
  std::string name;
  std::string key;   // what it is there: "api_url"
  std::string form;  // how it has to be written, where that is not how it stands there
  int line = 0;
  int column = 0;
};

struct OurReceivers {
  std::vector<OurReceiver> receivers;
  std::map<std::string, Outlet, std::less<>> outlets;  // by their names
  std::vector<Variable> variables;
};
constexpr size_t kMostReceivers = 50;

// `receivers:`, with what stands for them in `global:`.
[[nodiscard]] OurReceivers read_receivers(const YamlNode& document, Fields& fields,
                                          std::vector<Loss>& losses);

}  // namespace highwater::agent::alertmanager
