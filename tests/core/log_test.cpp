#include "agent/core/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace highwater {
namespace {

class FixedClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override { return {}; }
};

std::string line_with(LogForm form, const std::string& name) {
  const FixedClock clock;
  std::string written;
  Log log(clock, LogLevel::info, form, [&](std::string_view line) {
    written = line;
    return true;
  });
  log.info("seen", {{"group", name}});
  return written;
}

TEST(Log, EscapesWhatSteersATerminalInJson) {
  EXPECT_EQ(line_with(LogForm::json, "a\x1b[2J\u009b\u202eb\u2066\xff\"\\\nä"),
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\",\"message\":\"seen\","
            "\"group\":\"a\\u001b[2J\\u009b\\u202eb\\u2066\\ufffd\\\"\\\\\\nä\"}\n");
}

TEST(Log, LeavesOutWhatSteersATerminalForPeople) {
  EXPECT_EQ(line_with(LogForm::human, "a\x1b[2J\u009b\u202eb\u2066\xff\nä"),
            "00:00:00.000 info    seen  group=a [2J  b   ä\n");
}

TEST(Log, InventedNamesFillNoMemory) {
  const FixedClock clock;
  size_t lines = 0;
  Log log(clock, LogLevel::info, LogForm::json, [&](std::string_view) {
    ++lines;
    return true;
  });
  const auto say = [&](const std::string& key) {
    return log.on_change(key, "down", LogLevel::info, "state changed", {});
  };
  EXPECT_TRUE(say("known"));
  for (size_t i = 0; i + 1 < Log::kMostStates; ++i) say("broker/" + std::to_string(i));
  EXPECT_FALSE(say("known")) << "nothing was forgotten yet";
  EXPECT_TRUE(say("one more"));
  EXPECT_TRUE(say("known")) << "what was said is forgotten, and begins anew";
  EXPECT_EQ(lines, Log::kMostStates + 2);
}

// Whoever reads the other end of the pipe has stopped.
TEST(Log, ALineThatNobodyReadsIsLostAndHoldsUpNothing) {
  int ends[2] = {};
  ASSERT_EQ(pipe(ends), 0);
  const int saved = dup(STDERR_FILENO);
  ASSERT_EQ(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
  const Log::Sink sink = standard_error_sink();
  const std::string line(10'000, 'x');
  int lost = 0;
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) lost += sink(line) ? 0 : 1;
  const auto took = std::chrono::steady_clock::now() - begun;
  dup2(saved, STDERR_FILENO);
  for (const int fd : {ends[0], ends[1], saved}) close(fd);
  EXPECT_GT(lost, 90);
  EXPECT_LT(took, std::chrono::seconds(5));
}

}  // namespace
}  // namespace highwater
