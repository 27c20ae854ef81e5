// HistoryFile: the curves and the changes of the pages in a file beside the state, so that they
// survive a restart. Nobody is paged by what is in it: it is written every few minutes, soon after
// somebody noted a change, and when the agent stops, on a thread of its own; a damaged one is left
// out.
//
// Made by main's thread; keep() is called on the pipeline's.
#pragma once

#include <atomic>
#include <future>
#include <optional>
#include <string>

#include "agent/core/log.h"
#include "agent/core/measure.h"
#include "agent/core/time.h"
#include "exporters/changes/ledger.h"
#include "exporters/history/history.h"

namespace highwater::agent {

class HistoryFile {
 public:
  // `path` is the state's: the history is in "PATH-history". ":memory:": there is no file. Both
  // must outlive the object.
  HistoryFile(const std::string& path, history::History& history, changes::Ledger& changes,
              Log& log);

  // What was kept. Before the first report.
  void restore(const Catalogue& catalogue, WallTime now);
  // After each report; writes when it is time. Not while the state is another agent's.
  void keep(SteadyTime now);
  // What nobody can see again was noted: keep() writes within two seconds. Any thread.
  void soon() { wanted_ = true; }
  // Writes once more, and waits for the disk as long as `limit`.
  void stop(Duration limit);

 private:
  void write();

  const std::string path_;  // "": none
  history::History& history_;
  changes::Ledger& changes_;
  Log& log_;
  std::optional<SteadyTime> written_at_;
  std::atomic<bool> wanted_ = false;
  std::future<std::string> writing_;  // the problem, or ""
  std::string problem_;               // told last
};

}  // namespace highwater::agent
