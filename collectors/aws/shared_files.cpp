#include "collectors/aws/shared_files.h"

#include "agent/core/plain_text.h"
#include "agent/core/small_file.h"

namespace highwater::aws {
namespace {

constexpr size_t kLargestFile = size_t{1} << 20U;
Result<Profiles> read_one(const std::string& path) {
  const auto file = RegularFile::open(path);
  if (!file && file.error().kind == FileProblem::Kind::missing) return Profiles();
  if (!file) return fail(path + ": " + file.error().what);
  const auto text = file->read_all(kLargestFile);
  if (!text) return fail(path + ": " + text.error().what);
  return parse_profiles(*text);
}

}  // namespace

Profiles parse_profiles(std::string_view text) {
  Profiles profiles;
  Profile* current = nullptr;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view whole = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view line = trimmed(whole);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      std::string_view name = trimmed(line.substr(1, line.find(']') - 1));
      if (name.starts_with("profile ")) name = trimmed(name.substr(8));
      current = &profiles[std::string(name)];
      continue;
    }
    const size_t equals = line.find('=');
    const bool nested = whole.front() == ' ' || whole.front() == '\t';
    if (current == nullptr || nested || equals == std::string_view::npos) continue;
    (*current)[std::string(trimmed(line.substr(0, equals)))] = trimmed(line.substr(equals + 1));
  }
  return profiles;
}

Result<Profiles> read_profiles(const std::string& credentials, const std::string& config) {
  auto profiles = read_one(credentials);
  if (!profiles) return profiles;
  auto others = read_one(config);
  if (!others) return others;
  for (auto& [name, profile] : *others) (*profiles)[name].merge(profile);
  return profiles;
}

}  // namespace highwater::aws
