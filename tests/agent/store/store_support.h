// What the tests of the durable store share: a folder that goes with the test, and children that
// may be killed or have no rights.
#pragma once

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "agent/store/store.h"

namespace highwater::agent {

class StoreFolder : public testing::Test {
 protected:
  StoreFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "highwater-store-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    path_ = (folder_ / "state.db").string();
  }
  ~StoreFolder() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }

  // Those whose name starts so.
  std::vector<std::string> names(const std::string& start) const {
    std::vector<std::string> found;
    for (const std::string& name : names())
      if (name.starts_with(start)) found.push_back(name);
    return found;
  }

  std::filesystem::path folder_;
  std::string path_;
};

inline Change put(std::string kind, std::string key, std::string value) {
  return {std::move(kind), std::move(key), std::move(value)};
}
inline Change gone(std::string kind, std::string key) {
  return {std::move(kind), std::move(key), std::nullopt};
}

inline std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
inline void overwrite(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

inline void commit(Store& store, const std::vector<Change>& changes) {
  const auto done = store.commit(changes);
  ASSERT_TRUE(done) << done.error().message;
}

inline std::vector<Record> read(Store& store, std::string_view kind) {
  auto records = store.read(kind);
  EXPECT_TRUE(records) << records.error().message;
  return records ? *records : std::vector<Record>{};
}

// A state of `count` records of 400 bytes, closed.
inline void make_state(const std::string& path, int count) {
  const Opened opened = Store::open(path);
  ASSERT_TRUE(opened.store) << opened.problem;
  std::vector<Change> changes;
  for (int i = 0; i < count; ++i)
    changes.push_back(put("budget", "entity-" + std::to_string(i), std::string(400, 'v')));
  commit(*opened.store, changes);
}

// Runs `what` in a child and returns the text it gives back. With `user` 65534 it is one without
// rights.
inline std::string in_child(const std::function<std::string()>& what, uid_t user = 0) {
  int pipe_ends[2];
  EXPECT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (user != 0 && geteuid() == 0 &&
        (setgroups(0, nullptr) != 0 || setgid(user) != 0 || setuid(user) != 0))
      _exit(1);
    const std::string text = what();
    _exit(write(pipe_ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0
                                                                                             : 1);
  }
  close(pipe_ends[1]);
  std::string text;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = ::read(pipe_ends[0], buffer, sizeof buffer)) > 0)
    text.append(buffer, static_cast<size_t>(got));
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return text;
}
inline constexpr uid_t kNobody = 65534;

}  // namespace highwater::agent
