// Reads the files of a source: one, or all that a glob in the last part of their path names. Blocks
// as long as the disk does; on the source's own thread.
#pragma once

#include <string>
#include <vector>

#include "collectors/sources/source.h"

namespace highwater::sources {

struct FilePage {
  std::string path;
  Read<Page> page;
};

// In the order of their names; an entry says why its file could not be read. Nothing but plain
// files, none larger than the source's limit, none older than its max_age, at most 1,000.
[[nodiscard]] Read<std::vector<FilePage>> read_files(const SourceSettings& source, WallTime wall);

}  // namespace highwater::sources
