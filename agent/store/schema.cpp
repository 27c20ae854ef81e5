#include "agent/store/schema.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "agent/store/files.h"

namespace highwater::agent {
namespace {

using sqlite::Database;
using sqlite::Failure;
using sqlite::Fault;
using sqlite::Outcome;

tl::unexpected<Failure> passed_on(const Failure& failure) {
  return tl::unexpected<Failure>(failure);
}

tl::unexpected<Failure> damaged(std::string message) {
  return tl::unexpected<Failure>(Failure{Fault::damaged, std::move(message)});
}

Outcome<void> take_step(Database& database, const std::string& step, int64_t version) {
  const std::string sql =
      fmt::format("BEGIN IMMEDIATE; {}; PRAGMA user_version={}; COMMIT", step, version);
  auto done = database.run(sql);
  if (!done) (void)database.run("ROLLBACK");
  return done;
}

uint64_t mix(uint64_t sum, std::string_view bytes) {
  constexpr uint64_t kPrime = 0x9e3779b97f4a7c15;
  const auto add = [&sum](uint64_t word) {
    sum = (sum ^ word) * kPrime;
    sum ^= sum >> 32U;
  };
  add(bytes.size());
  while (!bytes.empty()) {
    uint64_t word = 0;
    const size_t size = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), size);
    add(word);
    bytes.remove_prefix(size);
  }
  return sum;
}

}  // namespace

SchemaSteps schema_steps() {
  static const std::array<std::string, 1> steps{
      fmt::format("{}; CREATE TABLE meta(name TEXT PRIMARY KEY,value TEXT NOT NULL)WITHOUT ROWID; "
                  "INSERT INTO meta VALUES('created_by','highwater " HIGHWATER_VERSION "')",
                  kStateTable)};
  return steps;
}

Outcome<void> migrate(Database& database, SchemaSteps steps) {
  const auto version = database.number("PRAGMA user_version");
  if (!version) return passed_on(version.error());
  if (*version < 0) return damaged(fmt::format("its schema has version {}", *version));
  for (auto next = static_cast<size_t>(*version); next < steps.size(); ++next) {
    if (auto done = take_step(database, steps[next], static_cast<int64_t>(next) + 1); !done)
      return done;
  }
  return {};
}

Outcome<void> create_state(const std::string& path) {
  auto database = Database::open(path);
  if (!database) return passed_on(database.error());
  const std::string prepare = fmt::format(
      "PRAGMA synchronous=FULL; PRAGMA page_size=4096; PRAGMA application_id={}; "
      "PRAGMA journal_mode=WAL",
      kStateApplicationId);
  if (auto done = database->run(prepare); !done) return done;
  if (auto done = migrate(*database, schema_steps()); !done) return done;
  // Closing would do it too, and keep quiet when it fails.
  return database->empty_log();
}

Outcome<void> verify(Database& database) {
  const auto structure = database.text("PRAGMA quick_check(1)");
  if (!structure) return passed_on(structure.error());
  if (*structure != "ok") return damaged(*structure);
  auto records = database.prepare("SELECT kind,key,value,checksum FROM records");
  if (!records) return damaged(records.error().message);
  while (true) {
    const auto row = records->step();
    if (!row) return passed_on(row.error());
    if (!*row) return {};
    const auto kind = records->bytes(0);
    const auto key = records->bytes(1);
    if (record_checksum(kind, key, records->bytes(2)) != records->number(3))
      return damaged(fmt::format("the record '{}' of {} is not what was written", key, kind));
  }
}

int64_t record_checksum(std::string_view kind, std::string_view key, std::string_view value) {
  return static_cast<int64_t>(mix(mix(mix(0, kind), key), value));
}

}  // namespace highwater::agent
