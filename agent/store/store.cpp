#include "agent/store/store.h"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <utility>

#include "agent/store/files.h"
#include "agent/store/schema.h"
#include "agent/store/sqlite.h"

namespace highwater::agent {
namespace {

using sqlite::Database;
using sqlite::Failure;
using sqlite::Fault;
using sqlite::Outcome;
using sqlite::Statement;

constexpr const char* kMemory = ":memory:";
constexpr int kEmptyLogAtPages = 1000;
constexpr const char* kSettings =
    "PRAGMA synchronous=FULL; PRAGMA cache_size=-8192; PRAGMA cell_size_check=ON; "
    "PRAGMA journal_size_limit=16777216";

std::string absolute(const std::string& path) {
  if (path == kMemory) return path;
  std::error_code problem;
  const auto whole = std::filesystem::absolute(path, problem);
  if (problem) return path;
  // One file under two names (a link) must have one lock.
  const auto canonical = std::filesystem::weakly_canonical(whole, problem);
  return problem ? whole.string() : canonical.string();
}

std::string describe_full(const std::string& path, const StoreLimits& limits) {
  struct statvfs disk {};
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (path != kMemory && statvfs(folder.c_str(), &disk) == 0) {
    const uint64_t free = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
    if (free < uint64_t{1} << 20U)
      return fmt::format("the disk of {} is full ({} bytes free); make room", path, free);
  }
  return fmt::format("{} needs more than its limit of {} bytes, or than its disk gives", path,
                     limits.max_bytes);
}

std::string describe(const Failure& failure, const std::string& path, const StoreLimits& limits) {
  switch (failure.fault) {
    case Fault::full:
      return describe_full(path, limits);
    case Fault::busy:
      return fmt::format("{} is in use by another program, such as a sqlite3 shell; end that one",
                         path);
    case Fault::denied:
      return fmt::format(
          "{} cannot be written: {}; check its rights, or name another place with "
          "state: {{path: ...}}",
          path, failure.message);
    case Fault::damaged:
      return fmt::format("{} is damaged: {}", path, failure.message);
    case Fault::io:
      return fmt::format("the disk of {} failed: {}; look at the kernel's log", path,
                         failure.message);
    case Fault::other:
      return fmt::format("{} cannot be used: {}", path, failure.message);
  }
  return failure.message;
}

Failure newer(int64_t version) {
  return {
      Fault::other,
      fmt::format("a newer Highwater wrote it (its schema has version {}, this one knows {}); it "
                  "was not touched: start the newer one, or name another place with "
                  "state: {{path: ...}}",
                  version, schema_version())};
}

}  // namespace

// An open file with what is prepared on it. Members end from below: statements, database, lock.
struct Store::Session {
  static Outcome<std::unique_ptr<Session>> on(const std::string& path, const StoreLimits& limits);

  Outcome<void> write(std::span<const Change> changes, bool whole);
  Outcome<void> apply(std::span<const Change> changes, bool whole);
  Outcome<void> put_record(const Change& change);

  std::optional<FileLock> lock;
  Database database;
  Statement start, finish, put, remove, clear, read;
};

Outcome<std::unique_ptr<Store::Session>> Store::Session::on(const std::string& path,
                                                            const StoreLimits& limits) {
  const auto refused = [](const Failure& failure) { return tl::unexpected<Failure>(failure); };
  auto database = Database::open(path);
  if (!database) return refused(database.error());
  std::optional<int64_t> before;
  if (path != kMemory) {
    // Until it is known to be whole and a version of ours not even its log is tidied up.
    database->keep_log_on_close(true);
    const auto version = database->number("PRAGMA user_version");
    if (!version) return refused(version.error());
    if (*version > schema_version()) return refused(newer(*version));
    before = *version;
    const auto mode = database->text("PRAGMA journal_mode=WAL");
    if (!mode) return refused(mode.error());
    if (*mode != "wal") return refused({Fault::other, "it has no write-ahead log"});
  }
  database->limit_bytes(limits.max_bytes);
  if (auto done = database->run(kSettings); !done) return refused(done.error());
  if (auto done = migrate(*database, schema_steps()); !done) {
    // Its tables are there, and nothing is known of what they are: no step could ever succeed.
    if (before == 0 && done.error().fault == Fault::other)
      return refused({Fault::damaged, "its schema has version 0: " + done.error().message});
    return refused(done.error());
  }
  if (auto done = verify(*database); !done) return refused(done.error());
  database->keep_log_on_close(false);

  std::vector<Statement> statements;
  for (const char* sql :
       {"BEGIN IMMEDIATE", "COMMIT",
        "INSERT OR REPLACE INTO records(kind,key,value,checksum) VALUES(?1,?2,?3,?4)",
        "DELETE FROM records WHERE kind=?1 AND key=?2", "DELETE FROM records",
        "SELECT key,value FROM records WHERE kind=?1 ORDER BY key"}) {
    auto statement = database->prepare(sql);
    if (!statement) return refused({Fault::damaged, statement.error().message});
    statements.push_back(std::move(*statement));
  }
  return std::make_unique<Session>(std::nullopt, std::move(*database), std::move(statements[0]),
                                   std::move(statements[1]), std::move(statements[2]),
                                   std::move(statements[3]), std::move(statements[4]),
                                   std::move(statements[5]));
}

Outcome<void> Store::Session::write(std::span<const Change> changes, bool whole) {
  // tidy() has done so, unless it failed. A log that cannot be emptied must not grow for ever; and
  // this stands before the commit because one that is on the disk must not be called failed.
  if (database.log_pages() >= kEmptyLogAtPages) {
    if (auto done = database.empty_log(); !done) return done;
  }
  if (auto done = start.run(); !done) return done;
  auto done = apply(changes, whole);
  if (done) done = finish.run();
  // Some failures have rolled back already, and say so by failing here.
  if (!done) (void)database.run("ROLLBACK");
  return done;
}

Outcome<void> Store::Session::apply(std::span<const Change> changes, bool whole) {
  if (whole) {
    if (auto done = clear.run(); !done) return done;
  }
  for (const Change& change : changes) {
    if (change.value) {
      if (auto done = put_record(change); !done) return done;
      continue;
    }
    remove.bind(1, change.kind);
    remove.bind(2, change.key);
    if (auto done = remove.run(); !done) return done;
  }
  return {};
}

Outcome<void> Store::Session::put_record(const Change& change) {
  put.bind(1, change.kind);
  put.bind(2, change.key);
  put.bind_bytes(3, *change.value);
  put.bind(4, record_checksum(change.kind, change.key, *change.value));
  return put.run();
}

struct Store::Begun {
  std::unique_ptr<Session> session;  // none when refused
  OpenOutcome outcome = OpenOutcome::refused;
  std::string problem;
};

Opened Store::open(const std::string& path, const StoreLimits& limits) {
  const std::string whole_path = absolute(path);
  Begun begun = begin(whole_path, limits);
  if (begun.session == nullptr) return {nullptr, begun.outcome, std::move(begun.problem)};
  std::unique_ptr<Store> store(new Store(whole_path, limits));
  store->session_ = std::move(begun.session);
  return {std::move(store), begun.outcome, std::move(begun.problem)};
}

Store::Begun Store::begin(const std::string& path, const StoreLimits& limits) {
  if (path == kMemory) {
    auto session = Session::on(path, limits);
    if (!session) return refused(describe(session.error(), path, limits));
    return {std::move(*session), OpenOutcome::memory,
            "the state is kept in memory alone: budgets and alerts are lost when the agent ends"};
  }
  if (const auto made = make_folder(path); !made) return refused(made.error().message);
  auto lock = FileLock::take(path);
  if (!lock) return refused(lock.error().message);
  const auto found = inspect(path, lock->used_before());
  if (!found) return refused(found.error().message);

  switch (found->content) {
    case StateContent::none:
      return begin_anew(path, limits, std::move(*lock), OpenOutcome::created, "");
    case StateContent::ours:
      break;
    case StateContent::ours_damaged:
      return begin_beside(
          path, limits, std::move(*lock),
          "it is empty or its header is wrong, or the file is gone and its log is there");
    case StateContent::other_database:
    case StateContent::other_file:
      return refused(
          fmt::format("{} is {} and was not touched; move it away, or name another file with "
                      "state: {{path: ...}}",
                      path,
                      found->content == StateContent::other_file ? "no state of Highwater's"
                                                                 : "another program's database"));
  }
  if (found->version > schema_version())
    return refused(describe(newer(found->version), path, limits));
  auto session = Session::on(path, limits);
  if (session) return used(std::move(*session), std::move(*lock), OpenOutcome::opened, "");
  if (session.error().fault == Fault::damaged)
    return begin_beside(path, limits, std::move(*lock), session.error().message);
  return refused(describe(session.error(), path, limits));
}

Store::Begun Store::begin_beside(const std::string& path, const StoreLimits& limits, FileLock lock,
                                 const std::string& damage) {
  const auto aside = set_aside(path, std::chrono::system_clock::now());
  if (!aside)
    return refused(fmt::format("{} is damaged ({}); {}", path, damage, aside.error().message));
  return begin_anew(path, limits, std::move(lock), OpenOutcome::set_aside,
                    fmt::format("{} was damaged ({}) and is kept as {}; a new, empty state was "
                                "created: budgets start empty",
                                path, damage, *aside));
}

Store::Begun Store::begin_anew(const std::string& path, const StoreLimits& limits, FileLock lock,
                               OpenOutcome outcome, std::string problem) {
  const auto stopped = [&](const std::string& why) {
    return refused(problem.empty() ? why : fmt::format("{}; that failed: {}", problem, why));
  };
  // Finished under another name first: under its own a file of ours is whole, whenever we die.
  const std::string unfinished = path + ".new";
  if (const auto made = make_empty(unfinished); !made) return stopped(made.error().message);
  if (const auto made = create_state(unfinished); !made)
    return stopped(describe(made.error(), unfinished, limits));
  if (const auto done = publish(unfinished, path); !done) return stopped(done.error().message);
  auto session = Session::on(path, limits);
  if (!session) return stopped(describe(session.error(), path, limits));
  return used(std::move(*session), std::move(lock), outcome, std::move(problem));
}

Store::Begun Store::used(std::unique_ptr<Session> session, FileLock lock, OpenOutcome outcome,
                         std::string problem) {
  lock.mark();
  session->lock.emplace(std::move(lock));
  return {std::move(session), outcome, std::move(problem)};
}

Store::Begun Store::refused(std::string problem) {
  return {nullptr, OpenOutcome::refused, std::move(problem)};
}

Store::Store(std::string path, StoreLimits limits) : path_(std::move(path)), limits_(limits) {}
Store::~Store() = default;

Result<void> Store::commit(std::span<const Change> changes) {
  if (wants_whole_)
    return fail(fmt::format("{} was created again and waits for the whole state", path_));
  return write(changes, false);
}

Result<void> Store::replace(std::span<const Change> records) {
  if (session_ == nullptr) {
    Begun begun = begin(path_, limits_);
    if (begun.session == nullptr) return fail(std::move(begun.problem));
    session_ = std::move(begun.session);
  }
  auto done = write(records, true);
  if (done) wants_whole_ = false;
  return done;
}

void Store::tidy() {
  // A failure is found again, and told, by the next commit.
  if (session_ != nullptr && session_->database.log_pages() >= kEmptyLogAtPages)
    (void)session_->database.empty_log();
}

Result<void> Store::write(std::span<const Change> changes, bool whole) {
  const auto done = session_->write(changes, whole);
  if (!done) {
    const std::string what = describe(done.error(), path_, limits_);
    if (done.error().fault == Fault::damaged) return lost(what);
    return fail(what);
  }
  // Writing goes on happily in a file that somebody has removed, and is lost with the process.
  if (path_ != kMemory &&
      (session_->database.moved() || access((path_ + "-wal").c_str(), F_OK) != 0))
    return lost(fmt::format("{} was removed or replaced while in use", path_));
  return {};
}

// Begins anew at once, so that what happened to the old file is said together with what went wrong.
tl::unexpected<Error> Store::lost(const std::string& what) {
  session_.reset();
  wants_whole_ = true;
  Begun begun = begin(path_, limits_);
  session_ = std::move(begun.session);
  return fail(begun.problem.empty() ? what + "; a new one is begun"
                                    : fmt::format("{}; {}", what, begun.problem));
}

Result<std::vector<Record>> Store::read(std::string_view kind) {
  if (session_ == nullptr) return fail(fmt::format("{} is not open", path_));
  std::vector<Record> records;
  Statement& statement = session_->read;
  statement.bind(1, kind);
  while (true) {
    const auto row = statement.step();
    if (!row) return fail(describe(row.error(), path_, limits_));
    if (!*row) return records;
    records.push_back({std::string(statement.bytes(0)), std::string(statement.bytes(1))});
  }
}

}  // namespace highwater::agent
