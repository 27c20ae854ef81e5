#include "agent/import/rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "rules/language/load.h"

namespace highwater::agent {
namespace {

constexpr size_t kLongestName = 100;
constexpr size_t kLongestLoss = 400;
constexpr size_t kMostDocuments = 200;
constexpr size_t kMostBytes = size_t{1} << 20;

// One line, whatever a name has in it: a line break would end a comment.
std::string one_line(std::string_view text) {
  std::string line(text.substr(0, kLongestLoss));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  return line;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
      out += ' ';
    else
      out += c;
  }
  return out + "\"";
}

std::string quoted_list(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const std::string& text : texts) items.push_back(quoted(text));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

std::string filters(const std::map<std::string, std::vector<std::string>>& filters) {
  std::vector<std::string> items;
  for (const auto& [dimension, patterns] : filters)
    items.push_back(fmt::format(
        "{}: {}", dimension, patterns.size() == 1 ? quoted(patterns[0]) : quoted_list(patterns)));
  return fmt::format("{{{}}}", fmt::join(items, ", "));
}

// Lower case words with '-' between them.
std::string our_name(std::string_view name) {
  std::string ours;
  for (const char c : name) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
      ours += c;
    else if (c >= 'A' && c <= 'Z')
      ours += static_cast<char>(c - 'A' + 'a');
    else if (!ours.empty() && !ours.ends_with('-'))
      ours += '-';
  }
  ours.resize(std::min(ours.size(), kLongestName - 4));
  while (ours.ends_with('-')) ours.pop_back();
  if (ours.empty() || (ours.front() >= '0' && ours.front() <= '9')) ours.insert(0, "slo-");
  return ours;
}

std::string window_text(const rules::SloWindow& window) {
  using Kind = rules::SloWindow::Kind;
  switch (window.kind) {
    case Kind::rolling:
      return format_duration(window.length);
    case Kind::week:
      return "week";
    case Kind::month:
      return "month";
    case Kind::quarter:
      return "quarter";
  }
  return {};
}

// A page of the agent's own that is about the measure.
std::string stand_in_runbook(const std::string& measure, const ImportContext& context) {
  Diagnostics ignored;
  const rules::RuleSet builtin = rules::parse_rules(
      rules::builtin_rules_text(), "", context.catalogue, context.runbook_exists, ignored);
  for (const rules::AlertRule& rule : builtin.alerts) {
    if (rule.when.left->name == measure) return rule.runbook;
  }
  constexpr std::pair<std::string_view, std::string_view> kPages[] = {
      {"group_", "lag-growing"},    {"partition_", "under-replicated"},
      {"broker_", "broker-down"},   {"topic_", "replication-audit"},
      {"quorum_", "quorum-lost"},   {"cluster_", "cluster-unreachable"},
      {"monitor_", "monitor-blind"}};
  for (const auto& [prefix, page] : kPages) {
    if (measure.starts_with(prefix)) return std::string(page);
  }
  return "slo-coverage";
}

// One SLO on its way into the file.
class SloWriter {
 public:
  SloWriter(const ImportedSlo& slo, std::string name, const ImportContext& context)
      : slo_(slo), name_(std::move(name)), context_(context) {}

  // Nothing when it would be refused; the losses say why.
  std::optional<std::string> write();
  std::vector<Loss> losses;

 private:
  void choose_tiers();
  void choose_runbook();
  [[nodiscard]] std::string text() const;
  [[nodiscard]] Diagnostics check() const;
  bool repair(const std::string& loss, const std::function<void()>& change);
  void lose(const std::string& what) {
    losses.push_back({slo_.line, fmt::format("SLO '{}': {}", slo_.name, what)});
  }

  ImportedSlo slo_;
  std::string name_;
  const ImportContext& context_;
  std::vector<rules::SloTier> tiers_;
  bool default_tiers_ = true;
  std::string min_bad_;
};

std::optional<std::string> SloWriter::write() {
  for (const std::string& difference : slo_.sli.differences) lose(difference);
  choose_tiers();
  if (tiers_.empty()) {
    lose("no tier is left: with this objective none could ever fire");
    return std::nullopt;
  }
  choose_runbook();
  if (check().empty()) return text();
  // What most often stands in the way, alone and then together.
  const bool repaired =
      repair("'min_bad: 1m' was added: a single bad sample would have fired a tier",
             [this] { min_bad_ = "1m"; }) ||
      repair("its labels were left out: they are not allowed here",
             [this] { slo_.labels.clear(); }) ||
      repair("its texts were left out: they are too long, or have braces in them", [this] {
        slo_.summary.clear();
        slo_.description.clear();
      });
  if (repaired) return text();
  const Diagnostics wrong = check();
  lose(fmt::format("it would be refused: {}{}{}", wrong.front().what,
                   wrong.front().advice.empty() ? "" : ": ", wrong.front().advice));
  return std::nullopt;
}

bool SloWriter::repair(const std::string& loss, const std::function<void()>& change) {
  const Diagnostics before = check();
  const ImportedSlo slo = slo_;
  const std::string min_bad = min_bad_;
  change();
  const Diagnostics after = check();
  if (after.size() >= before.size()) {
    slo_ = slo;
    min_bad_ = min_bad;
    return false;
  }
  lose(loss);
  return after.empty();
}

// The tiers by default are those of the SRE workbook, and of Sloth.
void SloWriter::choose_tiers() {
  const double budget = 1 - slo_.objective;
  size_t impossible = 0;
  for (const rules::SloTier& tier : rules::default_tiers(slo_.window.length)) {
    const bool wanted = tier.severity == Severity::page ? slo_.pages : slo_.tickets;
    if (!wanted) continue;
    // As the loader sees it: even a total fault would burn too slowly.
    if (tier.factor * budget * (1 + 1e-9) >= 1) {
      ++impossible;
      continue;
    }
    tiers_.push_back(tier);
  }
  if (impossible > 0)
    lose(
        fmt::format("{} of its alerts could never fire with an objective of {:g}%, and were left "
                    "out",
                    impossible, slo_.objective * 100));
  default_tiers_ = slo_.pages && slo_.tickets && impossible == 0;
}

void SloWriter::choose_runbook() {
  const bool url = slo_.runbook.starts_with("http://") || slo_.runbook.starts_with("https://");
  if (url || (!slo_.runbook.empty() && context_.runbook_exists(slo_.runbook))) return;
  const std::string instead = stand_in_runbook(slo_.sli.measure, context_);
  lose(slo_.runbook.empty()
           ? fmt::format("it names no runbook: the agent's own '{}' stands in", instead)
           : fmt::format("there is no runbook '{}': the agent's own '{}' stands in", slo_.runbook,
                         instead));
  slo_.runbook = instead;
}

std::string SloWriter::text() const {
  const ImportedSli& sli = slo_.sli;
  std::string text = fmt::format("  - name: {}\n", name_);
  const auto line = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) text += fmt::format("    {}: {}\n", key, value);
  };
  const auto quoted_line = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) line(key, quoted(value));
  };
  line("sli", sli.total.empty()
                  ? sli.measure
                  : fmt::format("{{{}: {}, total: {}}}", sli.first_is_good ? "good" : "bad",
                                sli.measure, sli.total));
  if (!sli.select.empty()) line("select", filters(sli.select));
  if (!sli.exclude.empty()) line("exclude", filters(sli.exclude));
  if (!sli.per.empty()) line("per", fmt::format("[{}]", fmt::join(sli.per, ", ")));
  quoted_line("good", sli.good);
  line("objective", fmt::format("{:.10g}%", slo_.objective * 100));
  line("window", window_text(slo_.window));
  quoted_line("time_zone", slo_.window.time_zone == "UTC" ? std::string() : slo_.window.time_zone);
  line("min_bad", min_bad_);
  quoted_line("runbook", slo_.runbook);
  quoted_line("owner", slo_.owner);
  quoted_line("summary", slo_.summary);
  quoted_line("description", slo_.description);
  if (!slo_.labels.empty()) text += "    labels:\n";
  for (const auto& [name, value] : slo_.labels)
    text += fmt::format("      {}: {}\n", quoted(name), quoted(value));
  if (default_tiers_) return text;
  text += "    tiers:\n";
  for (const rules::SloTier& tier : tiers_)
    text += fmt::format("      - {{burn: {:g}, long: {}, short: {}, severity: {}}}\n", tier.factor,
                        format_duration(tier.long_window), format_duration(tier.short_window),
                        severity_name(tier.severity));
  return text;
}

Diagnostics SloWriter::check() const {
  Diagnostics diagnostics;
  (void)rules::parse_rules("slos:\n" + text(), "imported", context_.catalogue,
                           context_.runbook_exists, diagnostics);
  return diagnostics;
}

std::string unlike(const std::string& name, const std::set<std::string>& taken) {
  std::string unique = name;
  for (int i = 2; taken.contains(unique); ++i) unique = fmt::format("{}-{}", name, i);
  return unique;
}

}  // namespace

std::string write_rules(Import& import, const ImportContext& context) {
  std::string body;
  std::set<std::string> names;
  for (const ImportedSlo& slo : import.slos) {
    const std::string name = unlike(our_name(slo.name), names);
    SloWriter writer(slo, name, context);
    const std::optional<std::string> text = writer.write();
    import.losses.insert(import.losses.end(), writer.losses.begin(), writer.losses.end());
    if (!text) continue;
    names.insert(name);
    body += *text;
  }
  std::ranges::stable_sort(import.losses, {}, &Loss::line);
  std::string head =
      fmt::format("# Imported from {} ({}).\n", one_line(import.file), import.source);
  if (!import.losses.empty()) head += "# Not taken over, or not quite:\n";
  for (const Loss& loss : import.losses)
    head += fmt::format("#   line {}: {}\n", loss.line, one_line(loss.what));
  // A rule file without rules would be refused.
  return head +
         (body.empty() ? "# Nothing is left: there is no rule file to write.\n" : "slos:\n" + body);
}

std::string loss_text(const Import& import, const Loss& loss) {
  return fmt::format("{}:{}: {}", import.file, loss.line, one_line(loss.what));
}

std::optional<std::vector<YamlNode>> read_documents(std::string_view text, const std::string& file,
                                                    Diagnostics& diagnostics) {
  std::vector<YamlNode> documents;
  if (text.size() > kMostBytes) {
    diagnostics.push_back({file, 0, 0, "the file is larger than 1 MiB", "import it in parts"});
    return std::nullopt;
  }
  std::string lines_before;
  std::string document;
  const auto finish = [&] {
    const bool empty = std::ranges::all_of(document, [](char c) { return c == '\n' || c == ' '; });
    if (!empty && documents.size() < kMostDocuments) {
      if (auto node = parse_yaml(document, file, diagnostics))
        documents.push_back(std::move(*node));
    } else if (!empty) {
      diagnostics.push_back(
          {file, 0, 0, fmt::format("there are more than {} documents", kMostDocuments), ""});
    }
    document = lines_before;
  };
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    lines_before += '\n';
    const bool separates =
        (line.starts_with("---") || line.starts_with("...")) &&
        (line.size() == 3 || std::string_view(" \t\r").find(line[3]) != std::string_view::npos);
    if (separates)
      finish();
    else
      document += std::string(line) + "\n";
  }
  finish();
  if (!diagnostics.empty()) return std::nullopt;
  return documents;
}

std::string scalar_of(const YamlNode& map, std::string_view key) {
  const YamlNode* const node = map.kind == YamlNode::Kind::map ? map.find(key) : nullptr;
  return node != nullptr && node->kind == YamlNode::Kind::scalar ? node->scalar : std::string();
}

void report_other_keys(const YamlNode& map, const std::vector<std::string_view>& known,
                       const std::string& what, std::vector<Loss>& losses) {
  for (const auto& [key, value] : map.entries) {
    if (std::ranges::find(known, key.scalar) == known.end())
      losses.push_back({key.line, fmt::format("{}: '{}' was not taken over", what, key.scalar)});
  }
}

}  // namespace highwater::agent
