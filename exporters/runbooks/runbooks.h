// Runbooks: what to do about an alert, in Markdown, shown as a page. The built-in ones are part of
// the program; a user's folders add to them and replace pages of the same name. Immutable after
// loading; any thread.
//
// A page that is opened from an alert begins with the incident's facts and has its values filled
// in; once that incident is over, words in capitals stand for them. Markup in those values is
// shown, never obeyed; raw HTML and script links in pages are left out.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/report.h"
#include "agent/core/result.h"
#include "agent/core/time.h"
#include "exporters/remedies/remedy.h"
#include "exporters/runbooks/placeholders.h"

namespace highwater {

struct RunbookContext {
  const Incident* incident = nullptr;  // may be null
  bool incident_is_over = false;       // one was asked for that is not open any more
  WallTime now;
  std::optional<Remedy> remedy{};  // of that incident
  PlaceholderValues values;        // for placeholders that are no label, such as {bootstrap}
};

class Runbooks {
 public:
  // Reads `NAME.md` from each folder, later ones winning. Fails on a folder or file that cannot be
  // read, a name that is not lower-case letters, digits and '-' or '_', a page above 1 MiB, or one
  // without a title.
  [[nodiscard]] static Result<Runbooks> load(std::span<const std::filesystem::path> folders = {});

  [[nodiscard]] bool exists(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;             // sorted
  [[nodiscard]] std::string title(std::string_view name) const;     // "Broker down"; "" if unknown
  [[nodiscard]] std::string markdown(std::string_view name) const;  // "" if unknown
  // A whole HTML page; for names that exist.
  [[nodiscard]] std::string html(std::string_view name, const RunbookContext& context) const;

 private:
  struct Page {
    std::string title;
    std::string markdown;
  };
  [[nodiscard]] Result<void> add(const std::string& name, std::string markdown);
  std::map<std::string, Page, std::less<>> pages_;
};

}  // namespace highwater
