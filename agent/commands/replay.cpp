#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "agent/agent.h"
#include "agent/commands/commands.h"
#include "agent/commands/replay_output.h"
#include "agent/load.h"
#include "agent/recording/reader.h"
#include "rules/rehearsal/rehearsal.h"
#include "rules/rehearsal/replay_data.h"
#include "rules/rehearsal/rerun.h"

namespace highwater::agent {
namespace {

using rules::Firing;
using rules::RuleSet;

struct Rules {
  RuleSet now;
  std::optional<RuleSet> against;
};

std::optional<RuleSet> load(const std::vector<std::string>& files, bool builtin,
                            const Catalogue& measures, Diagnostics& diagnostics) {
  rules::RuleSettings settings;
  settings.builtin = builtin;
  settings.files = files;
  const size_t before = diagnostics.size();
  // Whether a runbook exists is what `check` says.
  const auto any_runbook = [](std::string_view) { return true; };
  RuleSet loaded = rules::load_rules(settings, measures, any_runbook, diagnostics);
  if (diagnostics.size() != before) return std::nullopt;
  return loaded;
}

std::vector<ReplayRow> rows_of(const RuleSet& rules, std::vector<Firing> firings) {
  std::vector<ReplayRow> rows;
  for (Firing& firing : firings) {
    const bool slo =
        std::ranges::find(rules.slos, firing.rule, &rules::SloRule::name) != rules.slos.end();
    rows.push_back({std::move(firing), slo, Side::both});
  }
  return rows;
}

std::vector<ReplayBudget> budgets_of(std::vector<rules::KeptBudget> kept) {
  std::vector<ReplayBudget> budgets;
  for (rules::KeptBudget& one : kept)
    budgets.push_back({one.slo->name, one.slo->sli.is_events(), std::move(one.entity), one.status});
  return budgets;
}

std::vector<ReplayRow> play(const RuleSet& rules, const rules::ReplayData& data,
                            std::vector<ReplayBudget>& budgets) {
  rules::Rehearsal rehearsal(rules, data.scenario);
  rehearsal.run_until(data.scenario.length());
  budgets = budgets_of(rehearsal.budgets());
  return rows_of(rules, rehearsal.firings());
}

Replayed play(const Rules& rules, const rules::ReplayData& data) {
  Replayed played;
  played.name = data.name;
  played.rows = play(rules.now, data, played.budgets);
  if (rules.against) {
    std::vector<ReplayBudget> ignored;
    played.rows = compare(std::move(played.rows), play(*rules.against, data, ignored));
  }
  return played;
}

void note(const std::string& name, std::string_view text) {
  std::cerr << fmt::format("{}: note: {}\n", name, text);
}

// Both rule sets see each moment once, so that the recording is read once.
Result<Replayed> play_recording(const Rules& rules, const std::string& path,
                                const Catalogue& measures) {
  auto reader = RecordingReader::open(path, measures);
  if (!reader) return tl::unexpected(reader.error());
  rules::Rerun now(rules.now);
  std::optional<rules::Rerun> against;
  if (rules.against) against.emplace(*rules.against);
  size_t gaps = 0;
  while (true) {
    const auto moment = (*reader)->next();
    if (!moment) return tl::unexpected(moment.error());
    if (!*moment) break;
    const RecordedMoment& seen = **moment;
    gaps += seen.after_gap ? 1 : 0;
    now.judge(seen.now, seen.news, seen.after_gap);
    if (against) against->judge(seen.now, seen.news, seen.after_gap);
  }
  for (const std::string& text : (*reader)->notes()) std::cerr << "note: " << text << "\n";
  if (gaps > 0)
    note(path, fmt::format("{} gap{}: what happened then is unknown", gaps, gaps == 1 ? "" : "s"));
  for (const std::string& measure : (*reader)->foreign())
    note(path, fmt::format("'{}' is a measure of another version and is left out", measure));
  if (!now.start()) return fail(fmt::format("{} holds nothing yet", path));

  Replayed played;
  played.name = path;
  played.start = now.start();
  played.rows = rows_of(rules.now, now.firings());
  played.budgets = budgets_of(now.budgets());
  if (against)
    played.rows = compare(std::move(played.rows), rows_of(*rules.against, against->firings()));
  return played;
}

// What one path of the command line names.
struct Input {
  std::string path;
  bool recording = false;
  std::vector<rules::ReplayData> series;
};

Input read_input(const std::string& path, const Catalogue& measures, Diagnostics& diagnostics) {
  Input input{path, is_recording(path), {}};
  if (input.recording) return input;
  input.series = rules::read_replay_data(path, measures, diagnostics);
  for (const rules::ReplayData& data : input.series) {
    if (data.skipped > 0)
      note(data.name,
           fmt::format("{} series of measures that are not known are left out", data.skipped));
  }
  return input;
}

}  // namespace

int replay_command(const ReplayOptions& options) {
  Diagnostics diagnostics;
  const std::optional<Catalogue> measures = load_catalogue(options.config, diagnostics);
  const bool compared = !options.against.empty();
  std::optional<RuleSet> now;
  std::optional<RuleSet> against;
  std::vector<Input> inputs;
  if (measures) {
    now = load(options.rules, options.builtin, *measures, diagnostics);
    if (compared) against = load(options.against, options.builtin, *measures, diagnostics);
    for (const std::string& path : options.data)
      inputs.push_back(read_input(path, *measures, diagnostics));
  }
  if (!diagnostics.empty()) {
    print_mistakes(diagnostics);
    return 2;
  }

  const Rules rules{std::move(*now), std::move(against)};
  std::vector<Replayed> all;
  for (const Input& input : inputs) {
    for (const rules::ReplayData& data : input.series) all.push_back(play(rules, data));
    if (!input.recording) continue;
    Result<Replayed> played = play_recording(rules, input.path, *measures);
    if (!played) {
      std::cerr << played.error().message << "\n";
      return 2;
    }
    all.push_back(std::move(*played));
  }
  if (options.json) {
    print_json(all, compared);
  } else {
    print_tables(all, compared);
  }
  return 0;
}

}  // namespace highwater::agent
