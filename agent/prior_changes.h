// PriorChanges: what changed shortly before each open incident began, for notifications and
// whatever shows an incident as it was told. The pipeline's thread.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "agent/core/report.h"
#include "exporters/changes/ledger.h"

namespace highwater::agent {

class PriorChanges {
 public:
  // Fills in the report's open incidents and its transitions. Each incident is looked at once.
  void add_to(Report& report, const changes::Ledger& ledger);

 private:
  std::map<uint64_t, std::vector<PriorChange>> found_;  // by incident
};

}  // namespace highwater::agent
