// What is inside a state file: its tables, the steps that lead an older file to this version, and
// the checks that find damage. Used by Store alone, on its thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "agent/store/sqlite.h"

namespace highwater::agent {

// Step i (from 0) is the SQL that leads a file of version i to version i + 1.
using SchemaSteps = std::span<const std::string>;
[[nodiscard]] SchemaSteps schema_steps();
[[nodiscard]] inline int32_t schema_version() {
  return static_cast<int32_t>(schema_steps().size());
}

// Takes the missing steps, each in a transaction of its own: one that fails leaves the file at the
// version before it. The file must not be of a later version than `steps` lead to.
[[nodiscard]] sqlite::Outcome<void> migrate(sqlite::Database& database, SchemaSteps steps);

// Makes an empty state, in write-ahead mode, of the empty file at `path`.
[[nodiscard]] sqlite::Outcome<void> create_state(const std::string& path);

// Reads all there is: Fault::damaged when the structure or any record is not as it was written.
[[nodiscard]] sqlite::Outcome<void> verify(sqlite::Database& database);

// Stored beside each record, because SQLite does not notice a changed byte within a value.
[[nodiscard]] int64_t record_checksum(std::string_view kind, std::string_view key,
                                      std::string_view value);

}  // namespace highwater::agent
