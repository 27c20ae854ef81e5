#include "agent/import/rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "agent/import/yaml_text.h"
#include "rules/language/load.h"

namespace highwater::agent {
namespace {

constexpr size_t kLongestName = 100;
constexpr size_t kMostLabelsTried = 32;

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

// Pages of the agent's own, by the measure they are about.
class StandInRunbooks {
 public:
  explicit StandInRunbooks(const ImportContext& context) : context_(context) {}

  std::string find(const std::string& measure) {
    read_builtin();
    if (const auto found = of_measures_.find(measure); found != of_measures_.end())
      return found->second;
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

 private:
  void read_builtin() {
    if (!of_measures_.empty()) return;
    Diagnostics ignored;
    const rules::RuleSet builtin =
        rules::parse_rules(rules::builtin_rules_text(), "", context_.names.catalogue,
                           context_.runbook_exists, ignored);
    for (const rules::AlertRule& rule : builtin.alerts)
      of_measures_.emplace(rule.when.left->name, rule.runbook);
  }

  const ImportContext& context_;
  std::map<std::string, std::string> of_measures_;
};

// One SLO on its way into the file.
class SloWriter {
 public:
  SloWriter(const ImportedSlo& slo, std::string name, const ImportContext& context,
            StandInRunbooks& stand_ins)
      : slo_(slo), name_(std::move(name)), context_(context), stand_ins_(stand_ins) {}

  // Nothing when it would be refused; the losses say why.
  std::optional<std::string> write();
  std::vector<Loss> losses;

 private:
  void choose_tiers();
  void choose_runbook();
  [[nodiscard]] std::string text() const;
  [[nodiscard]] Diagnostics check() const;
  bool repair_labels();
  bool repair(const std::string& loss, const std::function<void()>& change);
  void lose(const std::string& what) {
    losses.push_back({slo_.line, fmt::format("SLO '{}': {}", slo_.name, what)});
  }

  ImportedSlo slo_;
  std::string name_;
  const ImportContext& context_;
  StandInRunbooks& stand_ins_;
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
      repair_labels() ||
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

// Those that are not allowed, one by one.
bool SloWriter::repair_labels() {
  if (slo_.labels.size() > kMostLabelsTried)
    return repair("its labels were left out: there are too many", [this] { slo_.labels.clear(); });
  const auto labels = slo_.labels;
  for (const auto& label : labels) {
    if (repair(fmt::format("its label '{}: {}' was left out: it is not allowed here", label.first,
                           label.second),
               [&] { std::erase(slo_.labels, label); }))
      return true;
  }
  return false;
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
  const std::string instead = stand_ins_.find(slo_.sli.measure);
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
  line("no_data", sli.no_data);
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
  (void)rules::parse_rules("slos:\n" + text(), "imported", context_.names.catalogue,
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
  StandInRunbooks stand_ins(context);
  for (const ImportedSlo& slo : import.slos) {
    const std::string wanted = our_name(slo.name);
    const std::string name = unlike(wanted, names);
    if (name != wanted)
      import.losses.push_back(
          {slo.line, fmt::format("SLO '{}': there is another '{}': this one is called '{}'",
                                 slo.name, wanted, name)});
    SloWriter writer(slo, name, context, stand_ins);
    const std::optional<std::string> text = writer.write();
    import.losses.insert(import.losses.end(), writer.losses.begin(), writer.losses.end());
    if (!text) continue;
    names.insert(name);
    ++import.written;
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

void name_owner(ImportedSlo& slo) {
  for (const std::string_view name : {"owner", "team"}) {
    const auto found = std::ranges::find(
        slo.labels, name, [](const auto& label) { return std::string_view(label.first); });
    if (found == slo.labels.end()) continue;
    slo.owner = found->second;
    if (name == "owner") slo.labels.erase(found);
    return;
  }
}

std::string loss_text(const Import& import, const Loss& loss) {
  return loss_text(import.file, loss);
}

}  // namespace highwater::agent
