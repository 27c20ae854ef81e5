// SQLite in the few words the durable store needs: a database, a statement, and failures that say
// what kind of trouble it is. store_sqlite.cpp is the only file that knows sqlite3.h. One thread at
// a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

struct sqlite3;
struct sqlite3_stmt;

namespace highwater::agent::sqlite {

enum class Fault : uint8_t {
  full,     // the disk, or the limit that was set with limit_bytes()
  busy,     // somebody else holds a lock
  denied,   // rights, or a disk that takes no writes
  damaged,  // the file's content is wrong
  io,       // the disk or the operating system
  other,
};

struct Failure {
  Fault fault = Fault::other;
  std::string message;  // what SQLite and the operating system say of it
};
template <class T>
using Outcome = tl::expected<T, Failure>;

class Statement {
 public:
  // Places count from 1. The bytes must live until the next step() or run() returns.
  void bind(int place, std::string_view text);
  void bind_bytes(int place, std::string_view bytes);
  void bind(int place, int64_t number);

  Outcome<bool> step();  // true: there is a row; false: that was all, and it may be bound anew
  Outcome<void> run();   // for statements without rows

  // Of the row step() stands on; columns count from 0, and the view lives until the next step().
  [[nodiscard]] std::string_view bytes(int column) const;
  [[nodiscard]] int64_t number(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int problem_ = 0;  // of a bind
};

class Database {
 public:
  // The file must exist, or `path` is ":memory:". Nothing is written yet, and nobody else may use
  // the file from the first read on.
  static Outcome<Database> open(const std::string& path);

  Outcome<void> run(const std::string& sql);
  Outcome<std::string> text(const std::string& sql);  // the first column of the first row
  Outcome<int64_t> number(const std::string& sql);
  Outcome<Statement> prepare(const std::string& sql);

  // Whether closing leaves the file and its log as they are.
  void keep_log_on_close(bool keep);
  void limit_bytes(uint64_t bytes);
  // Pages in the write-ahead log after the last commit. SQLite never empties the log by itself:
  // its failure to do so would be lost.
  [[nodiscard]] int log_pages() const { return *log_pages_; }
  Outcome<void> empty_log();
  // The file under our name is no longer the one we write to.
  [[nodiscard]] bool moved() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit Database(sqlite3* database);

  std::unique_ptr<int> log_pages_;  // SQLite holds its address
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace highwater::agent::sqlite
