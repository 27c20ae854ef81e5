#include "collectors/canary/collector.h"

#include <fmt/format.h>

#include <algorithm>

#include "collectors/canary/child.h"

namespace highwater::canary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kFirstPause = seconds(1);
constexpr Duration kLongestPause = seconds(60);
// A probe that looks at its topic of a cluster that does not answer is silent for five seconds.
constexpr Duration kSilence = seconds(20);
constexpr Duration kEnding = milliseconds(1500);
// How soon stop() is noticed while we wait for a line.
constexpr Duration kNotice = milliseconds(200);
// Waiting for a line took this much longer than it may: we did not run, and the probe may have been
// frozen with us.
constexpr Duration kPaused = seconds(5);

}  // namespace

CanaryCollector::CanaryCollector(Symbol cluster, ProbeSettings settings,
                                 std::vector<std::string> command, Log& log, Publish publish)
    : cluster_(std::move(cluster)),
      settings_(std::move(settings)),
      command_(std::move(command)),
      log_(log),
      publish_(std::move(publish)),
      interpreter_(cluster_, Symbol(settings_.topic), settings_.every) {}

CanaryCollector::~CanaryCollector() {
  stop();
}

void CanaryCollector::start() {
  thread_ = std::thread([this] { run(); });
}

void CanaryCollector::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void CanaryCollector::run() {
  while (!stopping()) {
    const std::string why = listen();
    if (stopping()) return;
    publish_(std::make_shared<const Observation>(interpreter_.failed(why, SystemClock().now())));
    log_.warning("the canary's process failed",
                 {{"cluster", cluster_.text()}, {"why", why}, {"failures", failures_ + 1}});
    pause(std::min(kLongestPause, kFirstPause * (1 << std::min(failures_, 10))));
    ++failures_;
  }
}

std::string CanaryCollector::listen() {
  ProbeSettings settings = settings_;
  auto properties = client_properties(settings_.security);
  if (!properties) return properties.error().message;
  settings.properties = std::move(*properties);
  Result<ChildProcess> probe = ChildProcess::start(command_, write_settings(settings));
  if (!probe) return probe.error().message;
  const Duration silence = kSilence + settings_.every;
  SteadyTime heard = std::chrono::steady_clock::now();
  SteadyTime before = heard;
  std::string line;
  while (true) {
    const ChildProcess::Outcome outcome = probe->read_line(kNotice, line);
    if (stopping()) {
      (void)probe->end(kEnding);
      return {};
    }
    const Now now = SystemClock().now();
    if (now.steady - before > kPaused) heard = now.steady;
    before = now.steady;
    switch (outcome) {
      case ChildProcess::Outcome::line: {
        Result<ProbeReport> report = read_report(line);
        if (!report) {
          (void)probe->end({});
          return "its report cannot be read: " + report.error().message;
        }
        heard = now.steady;
        if (report->sending) failures_ = 0;
        publish_(
            std::make_shared<const Observation>(interpreter_.interpret(std::move(*report), now)));
        break;
      }
      case ChildProcess::Outcome::nothing_yet:
        if (now.steady - heard < silence) break;
        (void)probe->end({});
        return fmt::format("it said nothing for {}", describe_duration(silence));
      case ChildProcess::Outcome::ended:
        return "it ended: " + probe->end(kEnding);
    }
  }
}

bool CanaryCollector::stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void CanaryCollector::pause(Duration duration) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, duration, [this] { return stopping_; });
}

}  // namespace highwater::canary
