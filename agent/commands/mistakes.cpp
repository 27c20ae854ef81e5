#include "agent/commands/mistakes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <tuple>

#include "agent/core/plain_text.h"
#include "agent/core/small_file.h"
#include "exporters/status/terminal.h"

namespace highwater::agent {
namespace {

constexpr size_t kMostBytes = size_t{4} << 20;  // YAML files may not be larger

// A value on a line of its own belongs to the key on the line before.
bool may_hold_secret(const std::vector<std::string>& lines, size_t index) {
  constexpr std::array<std::string_view, 10> kSecretKeys{
      "token",         "password", "secret", "headers",    "basic_auth",
      "authorization", "url",      "key",    "credential", "$2"};
  std::string text = lower_case(lines[index]);
  if (index > 0 && lines[index - 1].find_last_of(":|>") != std::string::npos)
    text += lower_case(lines[index - 1]);
  return std::ranges::any_of(
      kSecretKeys, [&](std::string_view key) { return text.find(key) != std::string::npos; });
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace

const std::vector<std::string>& MistakeText::lines_of(const std::string& file) {
  const auto [found, is_new] = files_.try_emplace(file);
  if (!is_new) return found->second;
  if (const auto text = read_small_file(file, kMostBytes)) found->second = split(*text);
  return found->second;
}

std::string MistakeText::excerpt(const Diagnostic& diagnostic) {
  if (diagnostic.line <= 0) return "";
  const std::vector<std::string>& lines = lines_of(diagnostic.file);
  const size_t index = static_cast<size_t>(diagnostic.line) - 1;
  if (index >= lines.size() || may_hold_secret(lines, index)) return "";
  std::string line = lines[index];
  std::ranges::replace(line, '\t', ' ');
  size_t column = static_cast<size_t>(std::max(diagnostic.column, 1)) - 1;
  const std::string number = fmt::format("{:>5}", diagnostic.line);
  const size_t room = width_ > number.size() + 13 ? width_ - number.size() - 3 : 10;
  if (column + 10 > room) {  // far to the right: the beginning of the line goes
    const size_t cut = std::min(column - room / 2, line.size());
    line = "..." + line.substr(cut);
    column = column - cut + 3;
  }
  if (line.size() > room) line = line.substr(0, room - 3) + "...";
  TerminalText out(colour_);
  out.line(fmt::format("{} | {}", number, line), Ink::soft);
  out.line(fmt::format("{:>{}} | {}^", "", number.size(), std::string(column, ' ')), Ink::red);
  return out.take();
}

std::string MistakeText::text(const Diagnostic& diagnostic) {
  return clean(diagnostic.text()) + "\n" + excerpt(diagnostic);
}

Diagnostics in_order(Diagnostics diagnostics) {
  std::map<std::string, size_t> files;
  for (const Diagnostic& one : diagnostics) files.try_emplace(one.file, files.size());
  std::ranges::stable_sort(diagnostics, {}, [&](const Diagnostic& one) {
    return std::tuple(files.at(one.file), one.line, one.column);
  });
  return diagnostics;
}

std::string count_text(const Diagnostics& mistakes) {
  std::set<std::string> files;
  for (const Diagnostic& mistake : mistakes) files.insert(mistake.file);
  return fmt::format("{} mistake{} in {} file{}", mistakes.size(), mistakes.size() == 1 ? "" : "s",
                     files.size(), files.size() == 1 ? "" : "s");
}

}  // namespace highwater::agent
