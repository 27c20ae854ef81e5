// JsonPath: where values stand in a JSON document, as users write it: "tasks[].state",
// "*.status.tasks[].id", "connector.'dotted.name'", "queues[0].depth". Made by the configuration,
// walked by the JSON page; pure, any thread.
//
// `*` stands for every member of an object, `[]` for every item of a list. $1, $2, ... are what the
// first, the second ... of them stood for: the member's name, or the item's number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"

namespace highwater::sources {

struct JsonStep {
  enum class Kind : uint8_t { member, item, every_member, every_item };
  Kind kind = Kind::member;
  std::string name;  // of a member
  size_t index = 0;  // of an item

  [[nodiscard]] bool is_wild() const {
    return kind == Kind::every_member || kind == Kind::every_item;
  }
  bool operator==(const JsonStep&) const = default;
};

class JsonPath {
 public:
  // At most 16 steps. An empty text is the document itself.
  [[nodiscard]] static Result<JsonPath> parse(std::string_view text);

  [[nodiscard]] const std::vector<JsonStep>& steps() const { return steps_; }
  [[nodiscard]] size_t wildcards() const;
  [[nodiscard]] const std::string& text() const { return text_; }  // as it was written

 private:
  std::string text_;
  std::vector<JsonStep> steps_;
};

}  // namespace highwater::sources
