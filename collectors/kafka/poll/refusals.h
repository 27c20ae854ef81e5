// Refusals: the errors of single groups in one response, as a few sentences. Used by the sweep.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/kafka/wire/error_code.h"

namespace highwater::kafka {

// "group 'billing'", "group 'billing' and 3 more"
[[nodiscard]] std::string name_groups(std::string_view first, size_t count);

class Refusals {
 public:
  void add(ErrorCode error, std::string_view group);
  // "broker 2: OffsetFetch of group 'billing' and 3 more: NOT_COORDINATOR (16)", one for each
  // error.
  [[nodiscard]] std::vector<std::string> texts(int32_t broker, std::string_view api) const;

 private:
  struct Groups {
    std::string first;
    std::string last;  // a group may be refused for several partitions
    size_t count = 0;
  };
  std::map<ErrorCode, Groups> by_error_;
};

}  // namespace highwater::kafka
