// What the durable store costs: the minute's commit of 10,000 records of 500 bytes, a transition's
// commit, and opening with all records checked. The file is in the working folder, so that the disk
// is the one meant.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <vector>

#include "agent/store/store.h"
#include "agent/store/writer.h"

namespace highwater::agent {
namespace {

constexpr int kRecords = 10'000;

class Folder {
 public:
  Folder() {
    std::string name = "store-bench-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) folder_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path() const { return (folder_ / "state.db").string(); }

 private:
  std::filesystem::path folder_;
};

std::vector<Change> minute(char filling) {
  std::vector<Change> changes;
  for (int i = 0; i < kRecords; ++i)
    changes.push_back({"slo", fmt::format("lag/group-{:05}", i), std::string(500, filling)});
  return changes;
}

void minute_commit(benchmark::State& state, bool with_tidying) {
  const Folder folder;
  const Opened opened = Store::open(folder.path());
  if (!opened.store) return state.SkipWithError(opened.problem.c_str());
  char filling = 'a';
  for (auto _ : state) {
    state.PauseTiming();
    const std::vector<Change> changes = minute(filling = filling == 'a' ? 'b' : 'a');
    state.ResumeTiming();
    if (!opened.store->commit(changes)) state.SkipWithError("commit failed");
    if (!with_tidying) state.PauseTiming();
    opened.store->tidy();
    if (!with_tidying) state.ResumeTiming();
  }
}
BENCHMARK_CAPTURE(minute_commit, until_on_disk, false)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MinTime(2);
BENCHMARK_CAPTURE(minute_commit, with_tidying, true)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MinTime(2);

void transition_commit(benchmark::State& state) {
  const Folder folder;
  const Opened opened = Store::open(folder.path());
  if (!opened.store) return state.SkipWithError(opened.problem.c_str());
  std::vector<Change> changes{{"alert", "UnderMinIsr/orders/3", std::string(500, 'x')},
                              {"incident", "0123456789abcdef", std::string(2000, 'x')}};
  char filling = 'a';
  for (auto _ : state) {
    // SQLite writes nothing for a value that has not changed.
    changes[0].value->front() = filling = filling == 'a' ? 'b' : 'a';
    if (!opened.store->commit(changes)) state.SkipWithError("commit failed");
  }
}
BENCHMARK(transition_commit)->Unit(benchmark::kMillisecond)->UseRealTime();

// What the pipeline's thread pays for handing the minute's records over.
void minute_submit(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    {
      StoreWriter writer(Store::open(":memory:").store);
      std::vector<Change> changes = minute('a');
      state.ResumeTiming();
      benchmark::DoNotOptimize(writer.submit(std::move(changes)));
      state.PauseTiming();
    }
    state.ResumeTiming();
  }
}
BENCHMARK(minute_submit)->Unit(benchmark::kMillisecond)->UseRealTime();

void reopen(benchmark::State& state) {
  const Folder folder;
  {
    const Opened opened = Store::open(folder.path());
    if (!opened.store || !opened.store->commit(minute('a'))) state.SkipWithError("commit failed");
  }
  for (auto _ : state) {
    const Opened opened = Store::open(folder.path());
    if (!opened.store || opened.store->read("slo")->size() != kRecords)
      state.SkipWithError("read failed");
  }
}
BENCHMARK(reopen)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace highwater::agent

BENCHMARK_MAIN();
