#include "collectors/kafka/wire/reader.h"

#include <fmt/format.h>

#include "agent/core/utf8.h"

namespace highwater::kafka {

Error Reader::error() const {
  assert(!ok());
  return {fmt::format("malformed at byte {} of {}: {}", problem_at_, end_ - begin_, problem_)};
}

void Reader::make_valid(std::string& text) {
  text = utf8::valid(text);
}

}  // namespace highwater::kafka
