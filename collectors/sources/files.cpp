#include "collectors/sources/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "agent/core/pattern.h"
#include "agent/core/small_file.h"

namespace highwater::sources {
namespace {

constexpr size_t kMostFiles = 1000;

tl::unexpected<Failure> unreadable_file(const FileProblem& problem) {
  switch (problem.kind) {
    case FileProblem::Kind::unsuitable:
      return unreadable(problem.what);
    case FileProblem::Kind::denied:
      return unreadable("it cannot be read: " + problem.what, Unknown::denied);
    case FileProblem::Kind::missing:
    case FileProblem::Kind::failed:
      break;
  }
  return unreadable("it cannot be read: " + problem.what);
}

Read<Page> read_file(const std::string& path, const SourceSettings& source, WallTime wall) {
  const auto file = RegularFile::open(path);
  if (!file) return unreadable_file(file.error());
  const Duration age = wall - file->written();
  if (age > source.max_age)
    return unreadable(fmt::format("it was last written {} ago", describe_duration(age)),
                      Unknown::not_asked);
  auto text = file->read_all(source.limit);
  if (!text) return unreadable_file(text.error());
  return Page{std::move(*text), {}};
}

Read<std::vector<std::string>> matching_files(const SourceSettings& source) {
  const std::filesystem::path whole(source.path);
  const std::string last = whole.filename().string();
  if (last.find_first_of("*?") == std::string::npos) return std::vector{source.path};
  const auto pattern = Pattern::parse(last);
  if (!pattern) return unreadable(pattern.error().message);
  std::vector<std::string> paths;
  std::error_code problem;
  std::filesystem::directory_iterator entry(whole.parent_path(), problem);
  for (; !problem && entry != std::filesystem::directory_iterator(); entry.increment(problem)) {
    const std::string name = entry->path().filename().string();
    // Hidden files are those that somebody is still writing.
    if (name.starts_with('.') || !pattern->matches(name)) continue;
    paths.push_back(entry->path().string());
    if (paths.size() > kMostFiles)
      return unreadable(fmt::format("more than {} files are called like it", kMostFiles));
  }
  if (problem) return unreadable("its folder cannot be read: " + problem.message());
  if (paths.empty()) return unreadable("no file is called like it");
  std::ranges::sort(paths);
  return paths;
}

}  // namespace

Read<std::vector<FilePage>> read_files(const SourceSettings& source, WallTime wall) {
  const auto paths = matching_files(source);
  if (!paths) return tl::unexpected(paths.error());
  std::vector<FilePage> pages;
  for (const std::string& path : *paths) pages.push_back({path, read_file(path, source, wall)});
  return pages;
}

}  // namespace highwater::sources
