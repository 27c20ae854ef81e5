#include "rules/rehearsal/rule_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "rules/text.h"

namespace highwater::rules {
namespace {

using LabelList = std::vector<std::pair<std::string, std::string>>;

constexpr size_t kMostListed = 10;

std::string labels_text(const LabelList& labels) {
  if (labels.empty()) return {};
  std::string text;
  for (const auto& [name, value] : labels)
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ", ", name, value);
  return "{" + text + "}";
}

LabelList labels_of(const Entity& entity) {
  LabelList labels;
  for (const auto& [name, value] : entity.labels) labels.emplace_back(name.text(), value.text());
  return labels;
}

bool has_labels(const Entity& entity, const LabelList& own, const LabelList& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& label) {
    if (entity.label(label.first).text() == label.second) return true;
    return std::ranges::find(own, label) != own.end();
  });
}

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

template <class Names>
std::string names_text(const Names& names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

// Matches what is expected with what is, so that each of both has at most one partner.
class Pairing {
 public:
  Pairing(size_t expected, size_t actual) : actual_(actual), partners_(expected, kNobody) {}

  // `fits(expected, actual)`; finds the largest pairing (Kuhn's algorithm).
  template <class Fits>
  void run(Fits fits) {
    for (size_t expected = 0; expected < partners_.size(); ++expected) {
      std::vector<uint8_t> tried(actual_, 0);
      (void)find_partner(expected, fits, tried);
    }
  }
  [[nodiscard]] bool paired(size_t expected) const { return partners_[expected] != kNobody; }
  [[nodiscard]] bool taken(size_t actual) const {
    return std::ranges::find(partners_, actual) != partners_.end();
  }

 private:
  static constexpr size_t kNobody = SIZE_MAX;

  template <class Fits>
  bool find_partner(size_t expected, Fits& fits, std::vector<uint8_t>& tried) {
    for (size_t actual = 0; actual < actual_; ++actual) {
      if (tried[actual] != 0 || !fits(expected, actual)) continue;
      tried[actual] = 1;
      const auto rival = std::ranges::find(partners_, actual);
      if (rival != partners_.end() &&
          !find_partner(static_cast<size_t>(rival - partners_.begin()), fits, tried))
        continue;
      partners_[expected] = actual;
      return true;
    }
    return false;
  }

  size_t actual_;
  std::vector<size_t> partners_;
};

class Judge {
 public:
  Judge(const RuleTest& test, const Rehearsal& rehearsal, const Expectation& expected)
      : test_(test), rehearsal_(rehearsal), report_(rehearsal.report()), expected_(expected) {}

  std::vector<TestFailure> run() &&;

 private:
  void judge_alerts();
  void judge_incidents();
  void judge_budgets();
  void judge_budget(const ExpectedBudget& expected);
  void compare(const ExpectedBudget& at, std::string_view what,
               const std::optional<ExpectedNumber>& expected, std::optional<double> actual,
               bool ratio, bool duration);
  [[nodiscard]] bool fits(const ExpectedAlert& expected, const Alert& alert) const;
  [[nodiscard]] static bool fits(const ExpectedIncident& expected, const Incident& incident);
  [[nodiscard]] std::string text_of(const ExpectedAlert& expected) const;
  [[nodiscard]] std::string text_of(const Alert& alert) const;
  [[nodiscard]] static std::string text_of(const Incident& incident);
  void fail(int line, int column, std::vector<std::string> lines);
  // The series that had ended: people forget that.
  void note_ended_series();

  const RuleTest& test_;
  const Rehearsal& rehearsal_;
  const Report& report_;
  const Expectation& expected_;
  Explanations explanations_{report_};
  std::vector<TestFailure> failures_;
};

std::vector<TestFailure> Judge::run() && {
  if (expected_.alerts) judge_alerts();
  if (expected_.incidents) judge_incidents();
  if (expected_.budgets) judge_budgets();
  if (expected_.pages && *expected_.pages != rehearsal_.pages())
    fail(expected_.line, expected_.column,
         {fmt::format("expected: {} pages so far", *expected_.pages),
          fmt::format("but there were {}", rehearsal_.pages())});
  if (expected_.fired && !std::ranges::equal(*expected_.fired, rehearsal_.fired()))
    fail(expected_.line, expected_.column,
         {"expected to have fired so far: " + names_text(*expected_.fired),
          "but these have:                " + names_text(rehearsal_.fired())});
  note_ended_series();
  return std::move(failures_);
}

void Judge::judge_alerts() {
  std::vector<const Alert*> alerts;
  for (const Alert& alert : report_.alerts) {
    if (expected_.alertname.empty() || alert.rule == expected_.alertname) alerts.push_back(&alert);
  }
  const std::vector<ExpectedAlert>& wanted = *expected_.alerts;
  Pairing pairing(wanted.size(), alerts.size());
  pairing.run([&](size_t one, size_t other) { return fits(wanted[one], *alerts[other]); });
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (pairing.paired(i)) continue;
    std::vector<std::string> lines{"expected: " + text_of(wanted[i])};
    for (const Alert* alert : alerts) {
      if (alert->rule == wanted[i].alertname && lines.size() <= kMostListed)
        lines.push_back("but was:  " + text_of(*alert));
    }
    if (lines.size() == 1)
      lines.push_back(fmt::format("but no alert of {} was there", wanted[i].alertname));
    fail(wanted[i].line, wanted[i].column, std::move(lines));
  }
  std::vector<std::string> lines;
  for (size_t i = 0; i < alerts.size(); ++i) {
    if (pairing.taken(i) || alerts[i]->state != AlertState::firing) continue;
    if (lines.size() < kMostListed) lines.push_back("not expected: " + text_of(*alerts[i]));
  }
  if (!lines.empty()) fail(expected_.line, expected_.column, std::move(lines));
}

bool Judge::fits(const ExpectedAlert& expected, const Alert& alert) const {
  if (alert.rule != expected.alertname) return false;
  if (!has_labels(alert.entity, alert.labels, expected.labels)) return false;
  switch (expected.state) {
    case ExpectedState::firing:
      if (alert.state != AlertState::firing) return false;
      break;
    case ExpectedState::pending:
      if (alert.state != AlertState::pending) return false;
      break;
    case ExpectedState::unknown:
      if (!alert.unknown) return false;
      break;
  }
  if (expected.severity && *expected.severity != alert.severity) return false;
  if (expected.summary && *expected.summary != alert.summary) return false;
  if (expected.tier) {
    const std::string tier = alert.budget ? alert.budget->tier : std::string();
    if (tier != *expected.tier && !tier.starts_with(*expected.tier + " ")) return false;
  }
  if (expected.explained_by) {
    const Alert* const cause = explanations_.of(alert);
    if ((cause == nullptr ? std::string() : cause->rule) != *expected.explained_by) return false;
  }
  if (expected.clears_in) {
    if (!alert.budget || !alert.budget->clears_at) return false;
    const double left = to_seconds(*alert.budget->clears_at - report_.at.wall);
    if (std::abs(left - expected.clears_in->value) > expected.clears_in->tolerance) return false;
  }
  return true;
}

std::string Judge::text_of(const ExpectedAlert& expected) const {
  std::string text = expected.alertname + labels_text(expected.labels);
  switch (expected.state) {
    case ExpectedState::firing:
      text += " firing";
      break;
    case ExpectedState::pending:
      text += " pending";
      break;
    case ExpectedState::unknown:
      text += " unknown";
      break;
  }
  if (expected.severity) text += fmt::format(", {}", severity_name(*expected.severity));
  if (expected.tier) text += fmt::format(", tier {}", *expected.tier);
  if (expected.clears_in) text += ", clears in " + expected.clears_in->written;
  if (expected.explained_by)
    text += expected.explained_by->empty() ? ", explained by nothing"
                                           : ", explained by " + *expected.explained_by;
  if (expected.summary) text += ", " + quoted(*expected.summary);
  return text;
}

std::string Judge::text_of(const Alert& alert) const {
  LabelList labels = labels_of(alert.entity);
  labels.insert(labels.end(), alert.labels.begin(), alert.labels.end());
  std::string text = alert.rule + labels_text(labels);
  text += alert.state == AlertState::firing ? " firing" : " pending";
  if (alert.unknown) text += ", unknown";
  text += fmt::format(", {}", severity_name(alert.severity));
  if (alert.budget) {
    text += ", tier " + alert.budget->tier;
    if (alert.budget->clears_at)
      text += ", clears in " + format_duration(*alert.budget->clears_at - report_.at.wall);
  }
  if (const Alert* const cause = explanations_.of(alert)) text += ", explained by " + cause->rule;
  return text + ", " + quoted(alert.summary);
}

void Judge::judge_incidents() {
  const std::vector<Incident>& incidents = report_.incidents;
  const std::vector<ExpectedIncident>& wanted = *expected_.incidents;
  Pairing pairing(wanted.size(), incidents.size());
  pairing.run([&](size_t one, size_t other) { return fits(wanted[one], incidents[other]); });
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (pairing.paired(i)) continue;
    std::string text = fmt::format("expected: an incident of {}{}", wanted[i].alertname,
                                   labels_text(wanted[i].labels));
    if (wanted[i].severity) text += fmt::format(", {}", severity_name(*wanted[i].severity));
    if (wanted[i].evidence)
      text += fmt::format(", evidence: {}", fmt::join(*wanted[i].evidence, ", "));
    fail(wanted[i].line, wanted[i].column, {std::move(text)});
  }
  std::vector<std::string> lines;
  for (size_t i = 0; i < incidents.size() && lines.size() < kMostListed; ++i) {
    if (!pairing.taken(i)) lines.push_back("not expected: an incident of " + text_of(incidents[i]));
  }
  if (!lines.empty()) fail(expected_.line, expected_.column, std::move(lines));
}

std::set<std::string> evidence_names(const Incident& incident) {
  std::set<std::string> names;
  for (const Evidence& item : incident.evidence) {
    if (!item.ended) names.insert(item.rule);
  }
  return names;
}

bool Judge::fits(const ExpectedIncident& expected, const Incident& incident) {
  if (incident.cause.rule != expected.alertname) return false;
  if (!has_labels(incident.cause.entity, incident.cause.labels, expected.labels)) return false;
  if (expected.severity && *expected.severity != incident.severity) return false;
  return !expected.evidence || std::ranges::equal(*expected.evidence, evidence_names(incident));
}

std::string Judge::text_of(const Incident& incident) {
  std::string text = incident.cause.rule + labels_text(labels_of(incident.cause.entity));
  text += fmt::format(", {}", severity_name(incident.severity));
  const std::set<std::string> evidence = evidence_names(incident);
  if (!evidence.empty()) text += fmt::format(", evidence: {}", fmt::join(evidence, ", "));
  return text;
}

void Judge::judge_budgets() {
  for (const ExpectedBudget& expected : *expected_.budgets) judge_budget(expected);
}

void Judge::judge_budget(const ExpectedBudget& expected) {
  std::vector<RehearsedBudget> found = rehearsal_.budgets(expected.slo);
  std::erase_if(found, [&](const RehearsedBudget& budget) {
    return !has_labels(budget.entity, budget.slo->labels, expected.labels);
  });
  const std::string name = expected.slo + labels_text(expected.labels);
  if (found.size() != 1) {
    std::vector<std::string> lines{fmt::format("expected: one budget {}", name),
                                   fmt::format("but there were {}", found.size())};
    for (size_t i = 0; i < std::min(found.size(), kMostListed); ++i)
      lines.push_back("  " + labels_text(labels_of(found[i].entity)));
    if (found.size() > 1) lines.emplace_back("say which with 'labels'");
    fail(expected.line, expected.column, std::move(lines));
    return;
  }
  const RehearsedBudget& budget = found.front();
  const BudgetStatus& status = budget.status;
  const bool time = !budget.slo->sli.is_events();
  std::optional<double> exhausted_in;
  if (status.exhausted)
    exhausted_in = 0;
  else if (status.exhausted_in)
    exhausted_in = to_seconds(*status.exhausted_in);
  compare(expected, "remaining", expected.remaining, status.remaining, true, false);
  compare(expected, "bad", expected.bad, status.sums.bad, false, time);
  compare(expected, "total", expected.total, status.sums.total, false, time);
  compare(expected, "coverage", expected.coverage, status.coverage, true, false);
  compare(expected, "excluded", expected.excluded, to_seconds(status.excluded), false, true);
  compare(expected, "burn", expected.burn, status.burn, false, false);
  compare(expected, "exhausted_in", expected.exhausted_in, exhausted_in, false, true);
  if (!expected.verdict) return;
  const std::string_view names[] = {"good", "bad", "unknown"};
  const ExpectedVerdict actual = !budget.good   ? ExpectedVerdict::unknown
                                 : *budget.good ? ExpectedVerdict::good
                                                : ExpectedVerdict::bad;
  if (actual != *expected.verdict)
    fail(expected.line, expected.column,
         {fmt::format("expected: {} verdict {}", name,
                      names[static_cast<size_t>(*expected.verdict)]),
          fmt::format("but was:  {}", names[static_cast<size_t>(actual)])});
}

std::string number_text(double value, bool ratio, bool duration) {
  if (ratio) return fmt::format("{:.6g}%", value * 100);
  if (duration)
    return format_duration(
        std::chrono::milliseconds(static_cast<int64_t>(std::llround(value * 1000))));
  return fmt::format("{:.10g}", value);
}

void Judge::compare(const ExpectedBudget& at, std::string_view what,
                    const std::optional<ExpectedNumber>& expected, std::optional<double> actual,
                    bool ratio, bool duration) {
  if (!expected || (actual && std::abs(*actual - expected->value) <= expected->tolerance)) return;
  fail(
      at.line, at.column,
      {fmt::format("expected: {}{} {} {}", at.slo, labels_text(at.labels), what, expected->written),
       fmt::format("but was:  {}", actual ? number_text(*actual, ratio, duration) : "never")});
}

void Judge::note_ended_series() {
  if (failures_.empty()) return;
  std::string lines;
  size_t count = 0;
  const auto now = static_cast<uint64_t>(expected_.at / test_.scenario.settings.interval);
  for (const Series& series : test_.scenario.series) {
    if (series.values.size() > now || ++count > kMostListed) continue;
    lines += fmt::format("{}{}", lines.empty() ? "" : ", ", series.line);
  }
  if (!lines.empty())
    failures_.back().lines.push_back(
        fmt::format("note: by then the series of line {} had ended: their rows were gone", lines));
}

void Judge::fail(int line, int column, std::vector<std::string> lines) {
  failures_.push_back({line, column, expected_.at, std::move(lines)});
}

}  // namespace

std::vector<TestFailure> run_rule_test(const RuleSet& rules, const RuleTest& test) {
  std::vector<TestFailure> failures;
  Rehearsal rehearsal(rules, test.scenario);
  for (const Expectation& expected : test.expect) {
    rehearsal.run_until(expected.at);
    std::vector<TestFailure> more = Judge(test, rehearsal, expected).run();
    failures.insert(failures.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
  }
  return failures;
}

}  // namespace highwater::rules
