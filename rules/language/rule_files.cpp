#include "rules/language/rule_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

namespace highwater::rules {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostFiles = 1000;

class Finder {
 public:
  Finder(const RuleSettings& settings, Diagnostics& diagnostics)
      : settings_(settings), diagnostics_(diagnostics) {}

  std::vector<std::string> find();

 private:
  void add(const fs::path& path);
  void add_directory(const fs::path& path);
  void error(const fs::path& path, std::string what, std::string advice);

  const RuleSettings& settings_;
  Diagnostics& diagnostics_;
  size_t current_ = 0;  // which of the settings' files is looked at
  std::vector<std::string> found_;
  std::set<fs::path> seen_;
};

std::vector<std::string> Finder::find() {
  for (current_ = 0; current_ < settings_.files.size(); ++current_) {
    const fs::path path = settings_.files[current_];
    std::error_code problem;
    if (fs::is_directory(path, problem)) {
      add_directory(path);
    } else {
      add(path);
    }
  }
  return std::move(found_);
}

void Finder::add_directory(const fs::path& path) {
  std::error_code problem;
  std::vector<fs::path> files;
  fs::directory_iterator entry(path, problem);
  for (; !problem && entry != fs::directory_iterator(); entry.increment(problem)) {
    const fs::path& file = entry->path();
    const bool named_well = file.extension() == ".yaml" || file.extension() == ".yml";
    std::error_code ignored;
    if (named_well && !file.filename().string().starts_with('.') && !entry->is_directory(ignored))
      files.push_back(file);
  }
  if (problem) {
    error(path,
          fmt::format("the directory '{}' cannot be read: {}", path.string(), problem.message()),
          "check its permissions");
    return;
  }
  if (files.empty()) {
    error(path, fmt::format("the directory '{}' holds no rule files", path.string()),
          "put a file named *.yaml or *.yml into it, or remove it from the list");
    return;
  }
  if (files.size() > kMostFiles) {
    error(
        path,
        fmt::format("the directory '{}' holds more than {} rule files", path.string(), kMostFiles),
        "join some of them");
    return;
  }
  std::ranges::sort(files);
  for (const fs::path& file : files) add(file);
}

void Finder::add(const fs::path& path) {
  std::error_code problem;
  const fs::file_status status = fs::status(path, problem);
  if (!fs::exists(status)) {
    const bool pattern = path.string().find('*') != std::string::npos;
    error(path, fmt::format("there is no file '{}'", path.string()),
          pattern ? "name the directory: patterns are not known here"
          : current_ < settings_.file_nodes.size()
              ? "correct the path; a relative one begins at the directory of this file"
              : "correct the path");
    return;
  }
  // Anything else might never end, or never begin.
  if (!fs::is_regular_file(status)) {
    error(path, fmt::format("'{}' is neither a file nor a directory", path.string()),
          "name a rule file or a directory of them");
    return;
  }
  const fs::path canonical = fs::canonical(path, problem);
  if (!problem && !seen_.insert(canonical).second) {
    error(path, fmt::format("the file '{}' is read already", path.string()),
          "name it once, or only its directory");
    return;
  }
  found_.push_back(path.string());
}

void Finder::error(const fs::path& path, std::string what, std::string advice) {
  if (current_ < settings_.file_nodes.size()) {
    const YamlNode& node = settings_.file_nodes[current_];
    diagnostics_.push_back(
        {settings_.tune_file, node.line, node.column, std::move(what), std::move(advice)});
  } else {
    diagnostics_.push_back({path.string(), 0, 0, std::move(what), std::move(advice)});
  }
}

}  // namespace

std::vector<std::string> find_rule_files(const RuleSettings& settings, Diagnostics& diagnostics) {
  return Finder(settings, diagnostics).find();
}

}  // namespace highwater::rules
