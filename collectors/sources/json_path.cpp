#include "collectors/sources/json_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace highwater::sources {
namespace {

constexpr size_t kMostSteps = 16;
constexpr std::string_view kForm = "write it like \"tasks[].state\" or \"*.status\"";

class PathParser {
 public:
  explicit PathParser(std::string_view text) : rest_(text) {}

  // What is wrong, or nothing.
  std::string parse(std::vector<JsonStep>& steps) {
    bool first = true;
    while (!rest_.empty()) {
      if (steps.size() >= kMostSteps) return fmt::format("it has more than {} steps", kMostSteps);
      std::string wrong;
      if (rest_.front() == '[') {
        wrong = read_brackets(steps);
      } else {
        if (!first) {
          if (rest_.front() != '.') return fmt::format("'{}' needs a dot before it", rest_);
          rest_.remove_prefix(1);
        }
        wrong = read_member(steps);
      }
      if (!wrong.empty()) return wrong;
      first = false;
    }
    return {};
  }

 private:
  std::string read_brackets(std::vector<JsonStep>& steps) {
    const size_t end = rest_.find(']');
    if (end == std::string_view::npos) return "a bracket is not closed";
    const std::string_view inside = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    JsonStep step;
    step.kind = inside.empty() ? JsonStep::Kind::every_item : JsonStep::Kind::item;
    if (!inside.empty()) {
      const auto [stop, problem] =
          std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
      if (problem != std::errc{} || stop != inside.data() + inside.size())
        return fmt::format("'[{}]' is no place in a list: a number, or [] for all", inside);
    }
    steps.push_back(std::move(step));
    return {};
  }

  std::string read_member(std::vector<JsonStep>& steps) {
    JsonStep step;
    if (rest_.starts_with('\'')) {
      const size_t end = rest_.find('\'', 1);
      if (end == std::string_view::npos) return "a quote is not closed";
      step.name = rest_.substr(1, end - 1);
      rest_.remove_prefix(end + 1);
    } else {
      const size_t end = std::min(rest_.find_first_of(".["), rest_.size());
      const std::string_view name = rest_.substr(0, end);
      if (name.empty()) return "a name is missing";
      if (name == "*") {
        step.kind = JsonStep::Kind::every_member;
      } else {
        step.name = name;
      }
      rest_.remove_prefix(end);
    }
    steps.push_back(std::move(step));
    return {};
  }

  std::string_view rest_;
};

}  // namespace

Result<JsonPath> JsonPath::parse(std::string_view text) {
  JsonPath path;
  path.text_ = std::string(text);
  const std::string wrong = PathParser(text).parse(path.steps_);
  if (!wrong.empty()) return fail(fmt::format("'{}': {}; {}", text, wrong, kForm));
  return path;
}

size_t JsonPath::wildcards() const {
  return static_cast<size_t>(std::ranges::count_if(steps_, &JsonStep::is_wild));
}

}  // namespace highwater::sources
