// MessageForm: how the messages of a receiver read where the configuration says so: `message:
// {title: ..., body: ...}`. Placeholders like {topic}, and {?topic}...{/topic} around what stands
// there only where the placeholder has a text. Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "exporters/notify/notice.h"

namespace highwater::notify {

class TextForm {
 public:
  // "{{" stands for a brace. Fails on an unknown placeholder, on a condition that is not closed,
  // and on a text of more than kMaxBytes or conditions in each other deeper than kMaxDepth.
  [[nodiscard]] static Result<TextForm> parse(std::string_view text);

  [[nodiscard]] std::string render(const Delivery& delivery, const std::string& external_url) const;

  static constexpr size_t kMaxBytes = 4000;
  static constexpr size_t kMaxDepth = 4;

 private:
  struct Part {
    enum class Kind : uint8_t { text, value, begin, end };
    Kind kind;
    std::string text;        // of a text
    size_t placeholder = 0;  // of the others: which one
  };
  [[nodiscard]] static Result<Part> read_tag(std::string_view tag);
  [[nodiscard]] Result<void> check_conditions() const;

  std::vector<Part> parts_;
};

[[nodiscard]] std::vector<std::string> placeholder_names();

struct MessageForm {
  std::optional<TextForm> title;  // of one line
  std::optional<TextForm> body;   // in place of the text, the facts and the evidence
};

}  // namespace highwater::notify
