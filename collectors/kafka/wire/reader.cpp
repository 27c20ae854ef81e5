#include "collectors/kafka/wire/reader.h"

#include <fmt/format.h>

namespace highwater::kafka {

Error Reader::error() const {
  assert(!ok());
  return {fmt::format("malformed at byte {} of {}: {}", problem_at_, end_ - begin_, problem_)};
}

}  // namespace highwater::kafka
