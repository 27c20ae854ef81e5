#include "exporters/watch/lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "agent/core/utf8.h"
#include "exporters/status/status_text.h"
#include "exporters/watch/line.h"

namespace highwater::watch {
namespace {

// A list with the indices of its rows.
struct Part {
  Section section = Section::incidents;
  std::vector<size_t> rows;
  size_t height = 0;  // of them on the screen
};

constexpr size_t kLongestCluster = 20;
constexpr size_t kLongestSlo = 28;
constexpr size_t kLeastForStrip = 10;
constexpr size_t kMuchRoom = 30;     // lines
constexpr size_t kLeastForAll = 10;  // lines: less is for the list with the selection

// Columns of names, as wide as the longest one.
struct Widths {
  size_t cluster = 0;  // 0: there is one cluster, which need not be named
  size_t slo = 0;
  size_t group = 0;
};

Widths widths_of(const Picture& picture) {
  Widths widths;
  const auto widen = [](size_t& width, const std::string& name, size_t most) {
    width = std::min(std::max(width, utf8::count_characters(name)), most);
  };
  for (const ClusterRow& row : picture.clusters) {
    if (picture.clusters.size() > 1) widen(widths.cluster, row.name, kLongestCluster);
  }
  for (const BudgetRow& row : picture.budgets) widen(widths.slo, row.slo, kLongestSlo);
  for (const GroupRow& row : picture.groups) widen(widths.group, row.group, SIZE_MAX);
  return widths;
}

std::string in_upper_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return text;
}

// "1,234,567"
std::string grouped(double number) {
  std::string digits = fmt::format("{:.0f}", number);
  const size_t first = digits.starts_with('-') ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string_view title(Section section) {
  switch (section) {
    case Section::incidents:
      return "INCIDENTS";
    case Section::clusters:
      return "CLUSTERS";
    case Section::budgets:
      return "ERROR BUDGETS";
    case Section::groups:
      break;
  }
  return "GROUPS";
}

// How many there are in truth; the agent's lists have an end.
size_t true_count(const Picture& picture, Section section) {
  const size_t listed = row_count(picture, section);
  switch (section) {
    case Section::incidents:
      return std::max(picture.incident_count, listed);
    case Section::budgets:
      return std::max(picture.budget_count, listed);
    case Section::clusters:
    case Section::groups:
      break;
  }
  return listed;
}

std::string title_line(const Picture& picture, const View& view, const Part& part, size_t begin,
                       size_t width, bool colour) {
  std::string text = fmt::format(" {}", part.rows.size());
  if (part.height < part.rows.size())
    text = fmt::format(" {}-{} of {}", begin + 1, begin + part.height,
                       grouped(static_cast<double>(part.rows.size())));
  const bool filtered = !view.filter.empty();
  const auto number = [](size_t count) { return grouped(static_cast<double>(count)); };
  if (const size_t count = true_count(picture, part.section); count > part.rows.size())
    text += (filtered ? " (without the filter " : " (there are ") + number(count) + ")";
  const std::string_view groups = picture.group_count == 1 ? "group" : "groups";
  if (part.section == Section::groups && !filtered)
    text += fmt::format(" ({} {}, by topic)", number(picture.group_count), groups);
  const size_t order = view.order[static_cast<size_t>(part.section)];
  return Line(width, colour)
      .add(title(part.section), Ink::bold)
      .add(text)
      .add(fmt::format(", {}", order_name(part.section, order)), Ink::soft)
      .take();
}

void add_incident(const IncidentRow& row, Line& line) {
  line.add(in_upper_case(row.severity), severity_ink(row.severity), 7);
  line.add(row.since, Ink::plain, 11);
  // In front of the title, which may be long.
  if (!row.standing.empty()) line.add("[" + row.standing + "] ", Ink::soft);
  line.add(row.title);
}

// "2 crashed; 5, 7 unknown"
std::string away_text(const ClusterRow& row) {
  std::map<std::string, std::string> brokers;
  for (const BrokerMark& broker : row.brokers) {
    if (broker.up.value_or(false)) continue;
    std::string& list = brokers[broker.state.text];
    list += (list.empty() ? "" : ", ") + broker.id;
  }
  std::string text;
  for (const auto& [state, list] : brokers)
    text += fmt::format("{}{} {}", text.empty() ? "" : "; ", list, state);
  return text;
}

void add_cluster(const ClusterRow& row, Line& line) {
  line.add(cut(row.name, kLongestCluster) + "  ");
  const bool whole = row.brokers_up >= row.broker_count && row.broker_count > 0;
  line.add(fmt::format("{} of {} broker{} up  ", row.brokers_up, row.broker_count,
                       row.broker_count == 1 ? "" : "s"),
           whole ? Ink::green : Ink::red);
  const std::string away = away_text(row);
  // A mark for each broker, as far as they leave room for the names of those that are not up.
  const size_t half = line.left() / 2;
  const size_t room = std::max(away.empty() ? line.left() : half, kLeastForStrip);
  const size_t shown = row.brokers.size() <= room ? row.brokers.size() : room - 1;
  for (size_t i = 0; i < shown; ++i) {
    const BrokerMark& broker = row.brokers[i];
    line.add(!broker.up ? "?" : *broker.up ? "+" : "x", broker.state.ink);
  }
  if (shown < row.brokers.size()) line.add("\u2026");
  if (!away.empty()) line.add("  " + away, Ink::red);
}

void add_budget(const BudgetRow& row, const Widths& widths, Line& line) {
  if (row.left) {
    line.add(fmt::format("{:.1f}% left", *row.left * 100), budget_ink(*row.left), 13,
             Line::Align::right);
    line.add(row.coverage ? fmt::format("{:.0f}% seen", *row.coverage * 100) : "", Ink::soft, 11,
             Line::Align::right);
  } else {
    line.add("no data yet", Ink::yellow, 24, Line::Align::right);
  }
  line.add("  ");
  line.add(row.slo, Ink::plain, std::min(line.left() / 3, widths.slo)).add("  ");
  if (widths.cluster > 0) line.add(row.cluster, Ink::plain, widths.cluster).add("  ");
  line.add(row.entity);
}

// What is measured stands first: a name of wide letters cannot push it off the screen.
void add_group(const GroupRow& row, const Widths& widths, Line& line) {
  if (row.lag_seconds)
    line.add(seconds_text(*row.lag_seconds), Ink::plain, 13, Line::Align::right);
  else
    line.add("unknown", Ink::yellow, 13, Line::Align::right);
  if (row.lag_records)
    line.add(grouped(*row.lag_records) + " rec.", Ink::plain, 18, Line::Align::right);
  else
    line.add("unknown", Ink::yellow, 18, Line::Align::right);
  line.add("  ");
  line.add(row.group, Ink::plain, std::min(line.left() / 2, widths.group)).add("  ");
  if (widths.cluster > 0) line.add(row.cluster, Ink::plain, widths.cluster).add("  ");
  line.add(row.topic);
}

void add_row(const Picture& picture, Section section, size_t index, const Widths& widths,
             Line& line) {
  switch (section) {
    case Section::incidents:
      add_incident(picture.incidents[index], line);
      break;
    case Section::clusters:
      add_cluster(picture.clusters[index], line);
      break;
    case Section::budgets:
      add_budget(picture.budgets[index], widths, line);
      break;
    case Section::groups:
      add_group(picture.groups[index], widths, line);
      break;
  }
}

// Row by row to who has more of them; two at a time to the list with the selection.
void share_out(std::vector<Part>& parts, Section selected, size_t room) {
  bool given = true;
  while (room > 0 && given) {
    given = false;
    for (Part& part : parts) {
      for (size_t turn = 0; turn < (part.section == selected ? 2U : 1U); ++turn) {
        if (room == 0 || part.height >= part.rows.size()) break;
        ++part.height;
        --room;
        given = true;
      }
    }
  }
}

// The first row that is shown: the selected one is in the middle, but for the ends.
size_t first_shown(const Part& part, const View& view) {
  if (part.section != view.section) return 0;
  const size_t last = part.rows.size() - part.height;
  return std::min(view.index - std::min(view.index, part.height / 2), last);
}

}  // namespace

Lists list_lines(const Picture& picture, const View& view, Size size, bool colour) {
  std::vector<Part> parts;
  for (const Section section : kSections) {
    std::vector<size_t> rows = rows_of(picture, view, section);
    if (!rows.empty()) parts.push_back({section, std::move(rows)});
  }
  Lists lists;
  if (parts.empty() && !view.filter.empty())
    lists.lines.push_back(
        Line(size.width, colour).add("Nothing has these letters in its name.").take());
  if (size.height < kLeastForAll)
    std::erase_if(parts, [&](const Part& part) { return part.section != view.section; });
  // An empty line above each list, where no row is missed for it.
  size_t rows = 0;
  for (const Part& part : parts) rows += part.rows.size();
  const bool airy = size.height >= kMuchRoom || rows + 2 * parts.size() <= size.height;
  const size_t around = (airy ? 2 : 1) * parts.size();
  share_out(parts, view.section, size.height - std::min(size.height, around));
  const Widths widths = widths_of(picture);
  for (const Part& part : parts) {
    const bool has_selection = part.section == view.section;
    if (has_selection) lists.page = std::max<size_t>(part.height, 1);
    const size_t begin = first_shown(part, view);
    if (airy) lists.lines.emplace_back();
    lists.lines.push_back(title_line(picture, view, part, begin, size.width, colour));
    for (size_t i = begin; i < begin + part.height; ++i) {
      const bool selected = has_selection && i == view.index;
      Line line(size.width, colour, selected);
      line.add(selected ? "> " : "  ");
      add_row(picture, part.section, part.rows[i], widths, line);
      lists.lines.push_back(line.take());
    }
  }
  if (lists.lines.size() > size.height) lists.lines.resize(size.height);
  return lists;
}

}  // namespace highwater::watch
