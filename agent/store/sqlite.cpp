#include "agent/store/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <system_error>
#include <utility>

namespace highwater::agent::sqlite {
namespace {

constexpr uint64_t kPageBytes = 4096;

Fault fault_of(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return Fault::full;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Fault::busy;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return Fault::denied;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Fault::damaged;
    case SQLITE_IOERR:
      return Fault::io;
    default:
      return Fault::other;
  }
}

// What the operating system said. SQLite passes it on from statements, but not from a COMMIT; then
// the log or the file knows.
int system_error(sqlite3* database) {
  int number = sqlite3_system_errno(database);
  for (const int which : {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER}) {
    sqlite3_file* file = nullptr;
    if (number == 0 && sqlite3_file_control(database, nullptr, which, &file) == SQLITE_OK &&
        file != nullptr && file->pMethods != nullptr)
      (void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
  }
  return number;
}

tl::unexpected<Failure> failed(sqlite3* database, int code) {
  std::string message = sqlite3_errstr(code);
  const Fault fault = fault_of(code);
  if (database == nullptr) return tl::unexpected<Failure>(Failure{fault, std::move(message)});
  if (fault == Fault::io || fault == Fault::denied) {
    message += fmt::format(" (SQLite's code {})", code);
    if (const int number = system_error(database); number != 0)
      message += ": " + std::generic_category().message(number);
  } else if (sqlite3_errmsg(database) != message) {
    message += fmt::format(": {}", sqlite3_errmsg(database));
  }
  return tl::unexpected<Failure>(Failure{fault, std::move(message)});
}

int count_log_pages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::bind(int place, std::string_view text) {
  const int code = sqlite3_bind_text64(statement_.get(), place, text.data(), text.size(),
                                       SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) problem_ = code;
}

void Statement::bind_bytes(int place, std::string_view bytes) {
  // A null address would be bound as NULL instead of as no bytes.
  const char* data = bytes.empty() ? "" : bytes.data();
  const int code = sqlite3_bind_blob64(statement_.get(), place, data, bytes.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) problem_ = code;
}

void Statement::bind(int place, int64_t number) {
  const int code = sqlite3_bind_int64(statement_.get(), place, number);
  if (code != SQLITE_OK) problem_ = code;
}

Outcome<bool> Statement::step() {
  sqlite3* database = sqlite3_db_handle(statement_.get());
  if (const int problem = std::exchange(problem_, 0); problem != 0)
    return failed(database, problem);
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_.get());
    return false;
  }
  auto failure = failed(database, sqlite3_extended_errcode(database));
  sqlite3_reset(statement_.get());
  return failure;
}

Outcome<void> Statement::run() {
  const auto row = step();
  if (!row) return tl::unexpected<Failure>(row.error());
  if (*row) sqlite3_reset(statement_.get());
  return {};
}

std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data == nullptr
             ? std::string_view{}
             : std::string_view{static_cast<const char*>(data), static_cast<size_t>(size)};
}

int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

Database::Database(sqlite3* database) : log_pages_(std::make_unique<int>(0)), database_(database) {}

Outcome<Database> Database::open(const std::string& path) {
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (path == ":memory:" ? SQLITE_OPEN_MEMORY : 0);
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) return failed(raw, code);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // Exclusive from the first read: then the log's index is in our memory instead of in a file that
  // is mapped, which network disks cannot do.
  if (auto done = database.run("PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY"); !done)
    return tl::unexpected<Failure>(done.error());
  sqlite3_wal_hook(raw, count_log_pages, database.log_pages_.get());
  return database;
}

Outcome<void> Database::run(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return failed(database_.get(), sqlite3_extended_errcode(database_.get()));
}

Outcome<std::string> Database::text(const std::string& sql) {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected<Failure>(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected<Failure>(row.error());
  return *row ? std::string(statement->bytes(0)) : std::string();
}

Outcome<int64_t> Database::number(const std::string& sql) {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected<Failure>(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected<Failure>(row.error());
  return *row ? statement->number(0) : 0;
}

Outcome<Statement> Database::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(database_.get(), sql.c_str(), static_cast<int>(sql.size()) + 1,
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return failed(database_.get(), code);
  return Statement(statement);
}

void Database::keep_log_on_close(bool keep) {
  sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, nullptr);
}

void Database::limit_bytes(uint64_t bytes) {
  // A failure leaves SQLite's own limit; the next write reports whatever is wrong with the file.
  (void)run(fmt::format("PRAGMA max_page_count={}", bytes / kPageBytes));
}

Outcome<void> Database::empty_log() {
  const int code = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                             nullptr, nullptr);
  if (code != SQLITE_OK) return failed(database_.get(), code);
  *log_pages_ = 0;
  return {};
}

bool Database::moved() const {
  int moved = 0;
  return sqlite3_file_control(database_.get(), nullptr, SQLITE_FCNTL_HAS_MOVED, &moved) ==
             SQLITE_OK &&
         moved != 0;
}

}  // namespace highwater::agent::sqlite
