#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>

#include "agent/agent.h"
#include "agent/commands/commands.h"
#include "agent/load.h"
#include "rules/rehearsal/rule_test.h"

namespace highwater::agent {
namespace {

struct Outcome {
  std::string file;
  std::string name;
  std::vector<rules::TestFailure> failures;
};

std::vector<std::string> lines_of(const Outcome& outcome) {
  std::vector<std::string> lines;
  for (const rules::TestFailure& failure : outcome.failures) {
    lines.push_back(fmt::format("{}:{}:{}: at {}:", outcome.file, failure.line, failure.column,
                                format_duration(failure.at)));
    for (const std::string& line : failure.lines) lines.push_back("  " + line);
  }
  return lines;
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
  std::cout << fmt::format("{} {} - {}: {}\n", outcome.failures.empty() ? "ok" : "not ok", number,
                           tap_name(outcome.file), tap_name(outcome.name));
  for (std::string line : lines_of(outcome)) {
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
  for (const Outcome& outcome : outcomes) failed += outcome.failures.empty() ? 0 : 1;
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text += fmt::format("<testsuites>\n<testsuite name=\"highwater\" tests=\"{}\" failures=\"{}\">\n",
                      outcomes.size(), failed);
  for (const Outcome& outcome : outcomes) {
    text +=
        fmt::format("<testcase classname=\"{}\" name=\"{}\"", xml(outcome.file), xml(outcome.name));
    if (outcome.failures.empty()) {
      text += "/>\n";
      continue;
    }
    const std::vector<std::string> lines = lines_of(outcome);
    text += fmt::format("><failure message=\"{}\">{}</failure></testcase>\n",
                        xml(outcome.failures.front().lines.front()),
                        xml(fmt::format("{}", fmt::join(lines, "\n"))));
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
  std::vector<rules::RuleTestFile> files;
  size_t tests = 0;
  const auto measures = load_catalogue(options.config, diagnostics);
  for (const std::string& path : options.files) {
    if (!measures) break;
    if (auto file = rules::read_rule_tests(path, *measures, diagnostics)) {
      tests += file->tests.size();
      files.push_back(std::move(*file));
    }
  }
  if (!diagnostics.empty()) {
    print_mistakes(diagnostics);
    return 2;
  }
  std::vector<Outcome> outcomes;
  bool failed = false;
  std::cout << "TAP version 13\n" << fmt::format("1..{}\n", tests);
  for (const rules::RuleTestFile& file : files) {
    for (const rules::RuleTest& test : file.tests) {
      outcomes.push_back({file.file, test.name, rules::run_rule_test(file.rules, test)});
      failed = failed || !outcomes.back().failures.empty();
      print_tap(outcomes.back(), outcomes.size());
    }
  }
  if (!options.junit.empty() && !write_junit(options.junit, outcomes)) {
    std::cerr << fmt::format("{}: the JUnit report cannot be written\n", options.junit);
    return 2;
  }
  return failed ? 1 : 0;
}

}  // namespace highwater::agent
