// What alerts say: templates with {placeholders}, and numbers as people write them. Used by the
// rule watches, on the pipeline's thread; pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/alert_rule.h"

namespace highwater::rules {

// What a placeholder stands for. Besides these the labels of the entity can be named.
struct StandIn {
  std::string_view name;
  std::string text;
};

// A text with placeholders, taken apart once. A placeholder that names neither a stand-in nor a
// label of the entity stays as it was written.
class Template {
 public:
  explicit Template(std::string_view text);
  [[nodiscard]] std::string fill(const Entity& entity, std::span<const StandIn> values) const;

 private:
  struct Piece {
    std::string text;  // what stands there, or the placeholder's name
    bool placeholder = false;
  };
  std::vector<Piece> pieces_;
};

// "412", "0.25", "3 min 20 s" for seconds; infinity is "unlimited".
[[nodiscard]] std::string format_value(double value, Unit unit);

}  // namespace highwater::rules
