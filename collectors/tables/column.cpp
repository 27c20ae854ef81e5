#include "collectors/tables/column.h"

namespace highwater::collectors {

void Column::add_reason(Unknown reason) {
  if (unknown_.empty()) unknown_.assign(values_.size(), Unknown::known);
  unknown_.push_back(reason);
}

}  // namespace highwater::collectors
