#include "rules/icalendar/parser.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "agent/core/small_file.h"
#include "rules/icalendar/event_reader.h"

namespace highwater::rules::icalendar {
namespace {

using std::chrono::days;
using std::chrono::local_days;

constexpr size_t kMostNested = 10;

class FileReader {
 public:
  FileReader(const std::string& zone, Mistakes& mistakes) : zone_(zone), mistakes_(mistakes) {}

  std::vector<Event> read(std::string_view text);

 private:
  void take(const ContentLine& line);
  void begin(const ContentLine& line);
  void end(const ContentLine& line);
  void take_event();
  void check_whole(int last_line);
  [[nodiscard]] bool in_event() const { return open_.size() == 2 && open_.back() == "VEVENT"; }

  const std::string& zone_;
  Mistakes& mistakes_;
  std::vector<std::string> open_;  // components that have begun
  int event_line_ = 0;
  std::vector<ContentLine> properties_;  // of the event that is read
  size_t seen_ = 0;                      // events, those that are cancelled as well
  size_t in_a_year_ = 0;
  std::vector<Event> events_;
};

std::vector<Event> FileReader::read(std::string_view text) {
  int last_line = 1;
  for (const UnfoldedLine& unfolded : unfold(text)) {
    last_line = unfolded.line;
    const auto line = take_apart(unfolded);
    if (!line)
      mistakes_.add(unfolded.line,
                    fmt::format("'{}' is no line of an iCalendar file", excerpt(unfolded.text)),
                    "lines look like DTSTART:20261205T220000Z");
    else
      take(*line);
    if (mistakes_.full() || seen_ > kMostEvents) break;
  }
  if (!mistakes_.any()) check_whole(last_line);
  return std::move(events_);
}

void FileReader::take(const ContentLine& line) {
  if (line.name == "BEGIN") return begin(line);
  if (line.name == "END") return end(line);
  if (in_event()) properties_.push_back(line);
  if (open_.size() != 1) return;
  if (line.name == "CALSCALE" && upper_case(line.value) != "GREGORIAN")
    mistakes_.add(line.line, "only the Gregorian calendar is known", "write CALSCALE:GREGORIAN");
  if (line.name == "METHOD" && upper_case(line.value) == "CANCEL")
    mistakes_.add(line.line, "METHOD:CANCEL takes events of another file back",
                  "export the calendar itself");
}

void FileReader::begin(const ContentLine& line) {
  const std::string name = upper_case(line.value);
  if (open_.empty() != (name == "VCALENDAR"))
    mistakes_.add(line.line,
                  fmt::format("BEGIN:{} stands {} a VCALENDAR", excerpt(name),
                              open_.empty() ? "outside of" : "within"),
                  "a file begins with BEGIN:VCALENDAR");
  else if (open_.size() >= kMostNested)
    mistakes_.add(line.line, fmt::format("more than {} BEGIN within each other", kMostNested));
  open_.push_back(name);
  if (!in_event()) return;
  event_line_ = line.line;
  properties_.clear();
  if (++seen_ > kMostEvents)
    mistakes_.add(line.line, fmt::format("there are more than {} events", kMostEvents),
                  "leave out those that are over, or split the file");
}

void FileReader::end(const ContentLine& line) {
  if (open_.empty() || open_.back() != upper_case(line.value)) {
    mistakes_.add(line.line, fmt::format("END:{} ends what has not begun", excerpt(line.value)));
    return;
  }
  if (in_event()) take_event();
  open_.pop_back();
}

void FileReader::take_event() {
  auto event = read_event(event_line_, properties_, zone_, mistakes_);
  if (!event) return;
  const local_days first = std::chrono::floor<days>(event->begin);
  event->each_between(first, first + days(366), [this](const WallInterval&) { ++in_a_year_; });
  if (in_a_year_ > kMostInAYear)
    mistakes_.add(
        event_line_,
        fmt::format("the events up to this one begin more than {} times in a year", kMostInAYear),
        "leave some out, or write 'maintenance' with 'during'");
  events_.push_back(std::move(*event));
}

void FileReader::check_whole(int last_line) {
  if (!open_.empty())
    mistakes_.add(last_line, fmt::format("END:{} is missing", excerpt(open_.back())),
                  "the file was not written to its end");
  else if (seen_ == 0)
    mistakes_.add(0, "there is no event in it", "is it an iCalendar file, with BEGIN:VEVENT?");
}

}  // namespace

std::shared_ptr<const EventCalendar> parse_calendar(std::string_view text, const std::string& path,
                                                    const std::string& zone,
                                                    Diagnostics& diagnostics) {
  Mistakes mistakes(path, diagnostics);
  std::vector<Event> events = FileReader(zone, mistakes).read(text);
  if (mistakes.any()) return nullptr;
  return std::make_shared<const EventCalendar>(std::filesystem::path(path).filename().string(),
                                               path, std::move(events));
}

std::shared_ptr<const EventCalendar> read_calendar(const std::string& path, const std::string& zone,
                                                   Diagnostics& diagnostics) {
  const auto text = read_small_file(path, kMaxFileBytes);
  if (text) return parse_calendar(*text, path, zone, diagnostics);
  diagnostics.push_back({path, 0, 0, "the calendar cannot be read: " + text.error().message,
                         "name a file that the agent's user may read"});
  return nullptr;
}

}  // namespace highwater::rules::icalendar
