#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>

#include "agent/agent.h"
#include "agent/commands/commands.h"
#include "agent/load.h"
#include "agent/routing/routing_tests.h"
#include "rules/rehearsal/rule_test.h"

namespace highwater::agent {
namespace {

struct Outcome {
  std::string file;
  std::string name;
  std::vector<std::string> lines;  // each failure: where, and what was expected; empty: passed
};

void add_failure(Outcome& outcome, int line, int column, std::string_view when,
                 const std::vector<std::string>& what) {
  outcome.lines.push_back(fmt::format("{}:{}:{}:{}", outcome.file, line, column, when));
  for (const std::string& text : what) outcome.lines.push_back("  " + text);
}

Outcome try_rules(const rules::RuleTestFile& file, const rules::RuleTest& test) {
  Outcome outcome{file.file, test.name, {}};
  for (const rules::TestFailure& failure : rules::run_rule_test(file.rules, test))
    add_failure(outcome, failure.line, failure.column,
                fmt::format(" at {}:", format_duration(failure.at)), failure.lines);
  return outcome;
}

Outcome try_routing(const RoutingTestFile& file, const RoutingTest& test) {
  Outcome outcome{file.file, test.name, {}};
  const std::vector<std::string> lines = run_routing_test(file.config, test);
  if (!lines.empty()) add_failure(outcome, test.line, test.column, "", lines);
  return outcome;
}

// A name in TAP must not look like a directive, and has one line.
std::string tap_name(const std::string& name) {
  std::string text;
  for (const char c : name) {
    if (c == '#' || c == '\\') text += '\\';
    text += c == '\n' || c == '\r' ? ' ' : c;
  }
  return text;
}

void print_tap(const Outcome& outcome, size_t number) {
  std::cout << fmt::format("{} {} - {}: {}\n", outcome.lines.empty() ? "ok" : "not ok", number,
                           tap_name(outcome.file), tap_name(outcome.name));
  for (std::string line : outcome.lines) {
    std::ranges::replace(line, '\n', ' ');
    std::cout << "# " << line << "\n";
  }
}

std::string xml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        // XML has no other control characters.
        escaped += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return escaped;
}

bool write_junit(const std::string& path, const std::vector<Outcome>& outcomes) {
  size_t failed = 0;
  for (const Outcome& outcome : outcomes) failed += outcome.lines.empty() ? 0 : 1;
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text += fmt::format("<testsuites>\n<testsuite name=\"highwater\" tests=\"{}\" failures=\"{}\">\n",
                      outcomes.size(), failed);
  for (const Outcome& outcome : outcomes) {
    text +=
        fmt::format("<testcase classname=\"{}\" name=\"{}\"", xml(outcome.file), xml(outcome.name));
    if (outcome.lines.empty()) {
      text += "/>\n";
      continue;
    }
    text += fmt::format("><failure message=\"{}\">{}</failure></testcase>\n",
                        xml(outcome.lines.size() > 1 ? outcome.lines[1] : outcome.lines[0]),
                        xml(fmt::format("{}", fmt::join(outcome.lines, "\n"))));
  }
  text += "</testsuite>\n</testsuites>\n";
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.close();
  return !stream.fail();
}

}  // namespace

int test_command(const TestOptions& options) {
  Diagnostics diagnostics;
  // One entry for each file, in their order; what it holds runs its tests.
  std::vector<std::function<void(std::vector<Outcome>&)>> files;
  size_t tests = 0;
  const auto measures = load_catalogue(options.config, diagnostics);
  // What maintenance excludes from error budgets is said by a configuration, not by rules.
  std::optional<Config> config;
  if (!options.config.empty() && measures) config = read_config(options.config, diagnostics);
  for (const std::string& path : options.files) {
    if (!measures) break;
    if (holds_routing_tests(path)) {
      auto file = read_routing_tests(path, diagnostics);
      if (!file) continue;
      tests += file->tests.size();
      files.emplace_back([file = std::make_shared<const RoutingTestFile>(std::move(*file))](
                             std::vector<Outcome>& outcomes) {
        for (const RoutingTest& test : file->tests) outcomes.push_back(try_routing(*file, test));
      });
    } else if (auto file = rules::read_rule_tests(path, *measures, diagnostics)) {
      tests += file->tests.size();
      if (config) file->rules.exclusions = exclusions_of(*config);
      files.emplace_back([file = std::make_shared<const rules::RuleTestFile>(std::move(*file))](
                             std::vector<Outcome>& outcomes) {
        for (const rules::RuleTest& test : file->tests) outcomes.push_back(try_rules(*file, test));
      });
    }
  }
  if (!diagnostics.empty()) {
    print_mistakes(diagnostics);
    return 2;
  }
  std::vector<Outcome> outcomes;
  std::cout << "TAP version 13\n" << fmt::format("1..{}\n", tests);
  for (const auto& run : files) {
    const size_t before = outcomes.size();
    run(outcomes);
    for (size_t i = before; i < outcomes.size(); ++i) print_tap(outcomes[i], i + 1);
  }
  if (!options.junit.empty() && !write_junit(options.junit, outcomes)) {
    std::cerr << fmt::format("{}: the JUnit report cannot be written\n", options.junit);
    return 2;
  }
  const auto failed = [](const Outcome& outcome) { return !outcome.lines.empty(); };
  return std::ranges::any_of(outcomes, failed) ? 1 : 0;
}

}  // namespace highwater::agent
