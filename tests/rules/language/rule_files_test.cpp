// The files that the configuration names, and their order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "rules/language/load.h"
#include "tests/rules/local_catalogue.h"

namespace highwater::rules {
namespace {

namespace fs = std::filesystem;

class RuleFiles : public testing::Test {
 protected:
  RuleFiles() {
    std::string pattern = (fs::temp_directory_path() / "rule-files-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    settings_.builtin = false;
    settings_.tune_file = (folder_ / "highwater.yaml").string();
  }
  ~RuleFiles() override { fs::remove_all(folder_); }

  // A file with one rule of that name.
  void write_rule(const fs::path& file, const std::string& name) const {
    write(file, "alerts:\n  - {name: " + name +
                    ", when: quorum_lost == 1, severity: page, summary: Lost, runbook: lag}\n");
  }
  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text;
  }
  std::string path(const fs::path& file) const { return (folder_ / file).string(); }

  std::vector<std::string> load() {
    std::vector<std::string> names;
    const RuleSet rules = load_rules(
        settings_, local_catalogue(), [](std::string_view) { return true; }, diagnostics_);
    for (const AlertRule& rule : rules.alerts) names.push_back(rule.name);
    for (const SloRule& rule : rules.slos) names.push_back(rule.name);
    return names;
  }
  // Loads, expects one mistake and returns it.
  Diagnostic mistake() {
    (void)load();
    EXPECT_EQ(diagnostics_.size(), 1U) << text_of(diagnostics_);
    return diagnostics_.empty() ? Diagnostic{} : diagnostics_[0];
  }
  void read_settings(const std::string& text) {
    const auto root = parse_yaml(text, settings_.tune_file, diagnostics_);
    ASSERT_TRUE(root) << text_of(diagnostics_);
    settings_ = read_rule_settings(*root, std::string(settings_.tune_file), diagnostics_);
  }

  fs::path folder_;
  RuleSettings settings_;
  Diagnostics diagnostics_;
};

TEST_F(RuleFiles, AreReadInTheirOrderAndThoseOfADirectoryByName) {
  write_rule("z.yaml", "Zebra");
  write_rule("rules.d/20-ant.yaml", "Ant");
  write_rule("rules.d/10-mole.yml", "Mole");
  settings_.files = {path("z.yaml"), path("rules.d")};
  EXPECT_THAT(load(), testing::ElementsAre("Zebra", "Mole", "Ant"));
  EXPECT_EQ(text_of(diagnostics_), "");
}

TEST_F(RuleFiles, StandBehindTheBuiltinRules) {
  write_rule("mine.yaml", "Mine");
  settings_.builtin = true;
  settings_.files = {path("mine.yaml")};
  const auto names = load();
  ASSERT_EQ(names.size(), 66U) << text_of(diagnostics_);
  EXPECT_EQ(names.front(), "BrokerDown");
  EXPECT_EQ(names.back(), "Mine");
}

TEST_F(RuleFiles, OfADirectoryAreOnlyVisibleYamlFiles) {
  write_rule("rules.d/mine.yaml", "Mine");
  write_rule("rules.d/.mine.yaml", "Hidden");
  write_rule("rules.d/mine.yaml~", "Backup");
  write_rule("rules.d/nested.yaml/other.yaml", "Nested");
  settings_.files = {path("rules.d")};
  EXPECT_THAT(load(), testing::ElementsAre("Mine"));
  EXPECT_EQ(text_of(diagnostics_), "");
}

TEST_F(RuleFiles, AreFoundFromTheDirectoryOfTheConfiguration) {
  write_rule("mine.yaml", "Mine");
  read_settings("{builtin: false, files: [mine.yaml]}");
  EXPECT_THAT(load(), testing::ElementsAre("Mine"));
  EXPECT_EQ(text_of(diagnostics_), "");
}

TEST_F(RuleFiles, ThatDoNotExistAreFoundWhereTheyAreNamed) {
  read_settings("builtin: false\nfiles:\n  - mine.yaml\n");
  const Diagnostic told = mistake();
  EXPECT_EQ(told.file, settings_.tune_file);
  EXPECT_EQ(told.line, 3);
  EXPECT_EQ(told.column, 5);
  EXPECT_THAT(told.what, testing::HasSubstr("there is no file"));
  EXPECT_THAT(told.what, testing::HasSubstr(path("mine.yaml")));
  EXPECT_EQ(told.advice, "correct the path; a relative one begins at the directory of this file");
}

TEST_F(RuleFiles, ThatDoNotExistAreToldAlsoWithoutAConfiguration) {
  settings_.files = {path("mine.yaml")};
  const Diagnostic told = mistake();
  EXPECT_EQ(told.file, path("mine.yaml"));
  EXPECT_EQ(told.advice, "correct the path");
}

TEST_F(RuleFiles, CannotBeNamedByAPattern) {
  settings_.files = {path("*.yaml")};
  EXPECT_THAT(mistake().advice, testing::HasSubstr("name the directory"));
}

TEST_F(RuleFiles, OfAnEmptyDirectoryAreMissed) {
  write("rules.d/readme.txt", "none yet");
  settings_.files = {path("rules.d")};
  EXPECT_THAT(mistake().what, testing::HasSubstr("holds no rule files"));
}

TEST_F(RuleFiles, MustBeFilesThatEnd) {
  ASSERT_EQ(::mkfifo(path("pipe.yaml").c_str(), 0600), 0);
  settings_.files = {path("pipe.yaml")};
  EXPECT_THAT(mistake().what, testing::HasSubstr("neither a file nor a directory"));
}

TEST_F(RuleFiles, AreNotReadTwice) {
  write_rule("rules.d/mine.yaml", "Mine");
  settings_.files = {path("rules.d"), path("rules.d/../rules.d/mine.yaml")};
  EXPECT_THAT(mistake().what, testing::HasSubstr("is read already"));
}

TEST_F(RuleFiles, ALinkThatLeadsNowhereIsToldNotSkipped) {
  fs::create_directory(folder_ / "rules.d");
  fs::create_symlink("nowhere.yaml", folder_ / "rules.d" / "link.yaml");
  settings_.files = {path("rules.d")};
  EXPECT_THAT(mistake().what, testing::HasSubstr("there is no file"));
}

TEST_F(RuleFiles, OfOneNameInTwoPlacesAreBothTold) {
  write_rule("a.yaml", "Mine");
  write_rule("b.yaml", "Mine");
  settings_.files = {path("a.yaml"), path("b.yaml")};
  const Diagnostic told = mistake();
  EXPECT_EQ(told.file, path("b.yaml"));
  EXPECT_EQ(told.line, 2);
  EXPECT_THAT(told.what, testing::HasSubstr(path("a.yaml") + ":2"));
}

TEST_F(RuleFiles, MayNotTakeTheNameOfABuiltinRule) {
  write_rule("mine.yaml", "BrokerDown");
  settings_.builtin = true;
  settings_.files = {path("mine.yaml")};
  const Diagnostic told = mistake();
  EXPECT_EQ(told.file, path("mine.yaml"));
  EXPECT_THAT(told.what, testing::HasSubstr("'BrokerDown' is a built-in rule"));
  EXPECT_THAT(told.advice, testing::HasSubstr("tune: {BrokerDown: ...}"));
}

TEST_F(RuleFiles, MayTakeTheNameOfABuiltinRuleThatIsSwitchedOff) {
  write_rule("mine.yaml", "BrokerDown");
  settings_.files = {path("mine.yaml")};
  EXPECT_THAT(load(), testing::ElementsAre("BrokerDown"));
  EXPECT_EQ(text_of(diagnostics_), "");
}

TEST_F(RuleFiles, WithMistakesAreAllToldAtOnce) {
  write("a.yaml", "alerts: []\n");
  write("b.yaml", "alrts: []\n");
  settings_.files = {path("a.yaml"), path("b.yaml"), path("c.yaml")};
  (void)load();
  const std::string told = text_of(diagnostics_);
  for (const char* file : {"a.yaml", "b.yaml", "c.yaml"})
    EXPECT_THAT(told, testing::HasSubstr(path(file)));
}

TEST_F(RuleFiles, HoldRulesThatAreChangedThereAndNotTuned) {
  write_rule("mine.yaml", "Mine");
  read_settings("files: [mine.yaml]\ntune:\n  Mine: {for: 1m}\n");
  const Diagnostic told = mistake();
  EXPECT_EQ(told.line, 3);
  EXPECT_EQ(told.what, "'Mine' is a rule of your own");
  EXPECT_THAT(told.advice, testing::HasSubstr(path("mine.yaml") + ":2"));
}

TEST_F(RuleFiles, NeedNotBeNamed) {
  read_settings("{}");
  EXPECT_TRUE(settings_.builtin);
  EXPECT_TRUE(settings_.files.empty());
  EXPECT_TRUE(settings_.tune.empty());
  EXPECT_EQ(text_of(diagnostics_), "");
}

TEST_F(RuleFiles, SettingsWithMistakesAreTold) {
  read_settings("builtin: yes\nfile: [a.yaml]\nfiles: [[a.yaml]]\ntune: [BrokerDown]\n");
  std::vector<int> lines;
  for (const Diagnostic& diagnostic : diagnostics_) lines.push_back(diagnostic.line);
  EXPECT_THAT(lines, testing::UnorderedElementsAre(1, 2, 3, 4)) << text_of(diagnostics_);
  EXPECT_THAT(text_of(diagnostics_), testing::HasSubstr("did you mean 'files'?"));
}

}  // namespace
}  // namespace highwater::rules
