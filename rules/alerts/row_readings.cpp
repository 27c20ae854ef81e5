// What a rule sees of each of its rows, for people who ask.
#include <cmath>

#include "rules/alerts/alerts.h"
#include "rules/alerts/conditions.h"

namespace highwater::rules {
namespace {

// A value that is not a number was never measured, whatever its row says.
Unknown reason_in(const Table& table, size_t row) {
  if (row >= table.rows()) return Unknown::not_asked;
  return table.known(row) && std::isnan(table.values[row]) ? Unknown::not_asked : table.reason(row);
}

}  // namespace

RowReadings Sampler::readings() const {
  RowReadings readings;
  if (left_.table == nullptr || index_.rows() != left_.table->keys) return readings;
  readings.keys = index_.rows();
  for (uint32_t row = 0; row < left_.table->rows(); ++row) {
    if (!index_.selected(row)) continue;
    RowReading reading{readings.keys->row(row), Verdict::unknown, left_.table->values[row],
                       reason(row)};
    if (is_known(row)) {
      const bool met = holds(reading.value, rule_.when.comparison, right_value(row));
      reading.verdict = met ? Verdict::met : Verdict::clear;
    }
    readings.rows.push_back(reading);
  }
  return readings;
}

Unknown Sampler::reason(uint32_t row) const {
  const Unknown left = reason_in(*left_.table, row);
  return left != Unknown::known || right_.table == nullptr ? left
                                                           : reason_in(*right_.table, join_[row]);
}

RowReadings RuleWatch::readings() const {
  RowReadings readings = sampler_.readings();
  if (left_ != nullptr) return readings;
  for (RowReading& row : readings.rows) {
    row.verdict = Verdict::unknown;
    row.reason = Unknown::not_asked;
  }
  return readings;
}

}  // namespace highwater::rules
