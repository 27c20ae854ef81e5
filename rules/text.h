// What alerts say: templates with {placeholders}, and numbers as people write them. Used by the
// rule watches, on the pipeline's thread; pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/alerts/alert_rule.h"

namespace highwater::rules {

// What a placeholder stands for. Besides these the labels of the entity can be named.
struct StandIn {
  std::string_view name;
  std::string text;
  std::optional<double> number = {};  // chooses between the forms of a placeholder
  // Where `text` is a template of Prometheus: the condition there that chooses the first form.
  std::string condition = {};
};

// The parts of a placeholder: {name}, {name:otherwise} or {name:one|many}.
//   {kind:is down}                    the kind, or "is down" when none is known
//   {count:topic|topics}              "1 topic", "3 topics"
//   {names:# never commits|# never commit}   the value stands where '#' does
struct PlaceholderParts {
  std::string_view name;
  std::vector<std::string_view> forms;  // none, one, or two; more are a mistake

  explicit PlaceholderParts(std::string_view inside);
};

// A text with placeholders, taken apart once. A placeholder that names neither a stand-in nor a
// label of the entity stays as it was written.
class Template {
 public:
  explicit Template(std::string_view text);
  [[nodiscard]] std::string fill(const Entity& entity, std::span<const StandIn> values) const;
  [[nodiscard]] bool asks_for(std::string_view placeholder) const;

 private:
  struct Piece {
    std::string text;  // what stands there, or what is between the braces
    bool placeholder = false;
    std::string name = {};
    std::vector<std::string> forms = {};
  };
  [[nodiscard]] static std::string filled(const Piece& piece, const Entity& entity,
                                          std::span<const StandIn> values);
  std::vector<Piece> pieces_;
};

// A number as a title has it, rounded: "7 min", "3 %", "1.2 GiB", "412". Times are rounded down.
[[nodiscard]] std::string spoken_value(double value, Unit unit);
[[nodiscard]] std::string spoken_duration(Duration duration);

// How many names a text lists before it says how many more there are.
constexpr size_t kNamesInText = 5;
// "orders", "orders and payments", "a, b, c, d, e and 3 more"; `names` are the first of `count`.
[[nodiscard]] std::string name_list(std::span<const Symbol> names, size_t count);

// The same to the digit: "412", "0.25", "3 min 20 s" for seconds; infinity is "unlimited".
[[nodiscard]] std::string format_value(double value, Unit unit);
// What a condition judged: a value of its measure, "12.5/s", "1.3%".
[[nodiscard]] std::string sample_text(const Condition& when, double value);

}  // namespace highwater::rules
