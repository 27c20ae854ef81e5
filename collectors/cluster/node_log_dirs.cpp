#include "collectors/cluster/node_log_dirs.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

const std::vector<std::string_view> kDir{"cluster", "node", "log_dir"};

const Measure kTotal{"node_log_dir_total_bytes",
                     "Size of the file system that the folder of node.log_dirs is on.", Unit::bytes,
                     MeasureType::gauge, kDir};
const Measure kUsable{"node_log_dir_usable_bytes",
                      "How much may still be written to that file system by who is not root.",
                      Unit::bytes, MeasureType::gauge, kDir};
const Measure kRatio{"node_log_dir_usable_ratio",
                     "Share of the file system that may still be written to, from 0 to 1.",
                     Unit::ratio, MeasureType::gauge, kDir};
const Measure kInodes{
    "node_log_dir_inodes",
    "How many files and folders the file system can hold; unknown where it has no "
    "fixed number, as Btrfs.",
    Unit::count, MeasureType::gauge, kDir};
const Measure kFreeInodes{"node_log_dir_free_inodes_ratio",
                          "Share of its inodes that is free, from 0 to 1; each segment of each "
                          "partition takes three or four.",
                          Unit::ratio, MeasureType::gauge, kDir};

constexpr std::array<const Measure*, 5> kMeasures{&kTotal, &kUsable, &kRatio, &kInodes,
                                                  &kFreeInodes};

constexpr Duration kEvery = std::chrono::seconds(30);

// Nothing: there is no such folder.
std::optional<DiskSpace> read_disk(const std::string& path) {
  DiskSpace disk;
  disk.path = path;
  struct statvfs space {};
  if (::statvfs(path.c_str(), &space) != 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) return std::nullopt;
    disk.reason = error == EACCES ? Unknown::denied : Unknown::failed;
    disk.why = fmt::format("{}: {}", path, std::system_category().message(error));
    return disk;
  }
  const auto block = static_cast<double>(space.f_frsize);
  disk.total_bytes = static_cast<double>(space.f_blocks) * block;
  disk.usable_bytes = static_cast<double>(space.f_bavail) * block;
  disk.inodes = static_cast<double>(space.f_files);
  disk.free_inodes = static_cast<double>(space.f_favail);
  return disk;
}

double share(double part, double whole) {
  return whole > 0 ? std::min(1.0, part / whole) : kNoValue;
}

}  // namespace

NodeLogDirsInterpreter::NodeLogDirsInterpreter(Symbol cluster, Symbol node)
    : cluster_(std::move(cluster)), node_(std::move(node)) {}

std::span<const Measure* const> NodeLogDirsInterpreter::measures() {
  return kMeasures;
}

Observation NodeLogDirsInterpreter::interpret(const std::vector<DiskSpace>& disks, Now now,
                                              Duration cadence) {
  Observation observation;
  observation.cluster = cluster_;
  observation.part = "node_log_dirs";
  observation.at = now;
  observation.cadence = cadence;
  Column total(kTotal, disks.size());
  Column usable(kUsable, disks.size());
  Column ratio(kRatio, disks.size());
  Column inodes(kInodes, disks.size());
  Column free_inodes(kFreeInodes, disks.size());
  for (const DiskSpace& disk : disks) {
    keys_.add(cluster_, node_, Symbol(disk.path));
    const auto known_if = [&](bool told) {
      if (disk.reason != Unknown::known) return disk.reason;
      return told ? Unknown::known : Unknown::unsupported;
    };
    const Unknown space = known_if(disk.total_bytes > 0);
    const Unknown files = known_if(disk.inodes > 0);
    total.add(disk.total_bytes, space);
    usable.add(disk.usable_bytes, space);
    ratio.add(share(disk.usable_bytes, disk.total_bytes), space);
    inodes.add(disk.inodes, files);
    free_inodes.add(share(disk.free_inodes, disk.inodes), files);
  }
  const auto keys = keys_.finish();
  for (size_t row = 0; row < disks.size(); ++row) {
    if (disks[row].reason == Unknown::known) continue;
    const Entity entity(kDir, keys->row(row));
    observation.notes.push_back({entity, disks[row].why});
    observation.problems.push_back({disks[row].why, entity});
  }
  for (Column* column : {&total, &usable, &ratio, &inodes, &free_inodes})
    observation.tables.push_back(std::move(*column).build(keys));
  return observation;
}

NodeLogDirs::NodeLogDirs(Symbol cluster, Symbol node, std::vector<std::string> paths, Log& log,
                         Publish publish)
    : paths_(std::move(paths)),
      log_(log),
      publish_(std::move(publish)),
      interpreter_(std::move(cluster), std::move(node)) {}

NodeLogDirs::~NodeLogDirs() {
  stop();
}

void NodeLogDirs::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "hw-disks");
    run();
  });
}

void NodeLogDirs::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void NodeLogDirs::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    auto seen = std::make_shared<const Observation>(
        interpreter_.interpret(read_all(), SystemClock().now(), kEvery));
    lock.lock();
    if (stopping_) return;
    publish_(std::move(seen));
    wake_.wait_for(lock, kEvery, [this] { return stopping_; });
  }
}

std::vector<DiskSpace> NodeLogDirs::read_all() {
  std::vector<DiskSpace> disks;
  for (const std::string& path : paths_) {
    auto disk = read_disk(path);
    log_.on_change(
        "node_log_dir/" + path, disk ? "yes" : "no", LogLevel::info,
        disk ? "watching the room in a log directory" : "no such log directory on this node",
        {{"path", path}});
    if (disk) disks.push_back(std::move(*disk));
  }
  return disks;
}

}  // namespace highwater::collectors
