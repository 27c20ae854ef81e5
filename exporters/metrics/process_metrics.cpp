#include "exporters/metrics/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "exporters/metrics/own_families.h"

namespace highwater {
namespace {

// Unix time of the machine's start; process start times count from there.
double boot_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  while (file >> word) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

std::optional<double> count_descriptors() {
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) return std::nullopt;
  double count = 0;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] != '.') ++count;
  }
  closedir(directory);
  return count - 1;  // without the directory itself
}

}  // namespace

std::optional<ProcessFacts> read_process_facts() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // The second field, the program's name, may contain spaces and brackets.
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(name_end + 1));
  std::string skipped;
  const auto skip = [&](int fields) {
    for (int i = 0; i < fields; ++i) rest >> skipped;
  };
  double user = 0, system = 0, threads = 0, start = 0, virtual_bytes = 0, resident_pages = 0;
  skip(11);  // to utime, field 14 of proc(5)
  rest >> user >> system;
  skip(4);
  rest >> threads;
  skip(1);
  rest >> start >> virtual_bytes >> resident_pages;
  if (!rest) return std::nullopt;

  static const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  static const double page = static_cast<double>(sysconf(_SC_PAGESIZE));
  static const double boot = boot_time();
  ProcessFacts facts;
  facts.cpu_seconds = (user + system) / ticks;
  facts.resident_bytes = resident_pages * page;
  facts.virtual_bytes = virtual_bytes;
  facts.start_unix_seconds = boot + start / ticks;
  facts.threads = threads;
  facts.open_descriptors = count_descriptors();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    facts.max_descriptors = static_cast<double>(limit.rlim_cur);
  return facts;
}

void write_process_facts(const ProcessFacts& facts, Exposition& out) {
  using namespace families;
  const auto write = [&](const OwnFamily& family, double value) {
    start_family(family, out);
    out.sample(family.name, " ", value);
  };
  write(kProcessCpu, facts.cpu_seconds);
  write(kProcessResident, facts.resident_bytes);
  write(kProcessVirtual, facts.virtual_bytes);
  write(kProcessStart, facts.start_unix_seconds);
  write(kProcessThreads, facts.threads);
  if (facts.open_descriptors) write(kProcessOpenFds, *facts.open_descriptors);
  if (facts.max_descriptors) write(kProcessMaxFds, *facts.max_descriptors);
}

}  // namespace highwater
