// The command line as data: parsing, help, and what is generated from it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "agent/command_line/completion.h"
#include "agent/command_line/help.h"
#include "agent/command_line/manual.h"
#include "agent/command_line/parse.h"
#include "agent/command_line/visit.h"
#include "agent/core/utf8.h"
#include "agent/core/wrap.h"

namespace highwater::command_line {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Result<Parsed> parsed(const std::vector<std::string>& words) {
  return parse(definition(), words);
}

TEST(CommandLine, TakesValuesInEveryUsualForm) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"run", "--config", "a.yaml"},
        {"run", "--config=a.yaml"},
        {"run", "-c", "a.yaml"},
        {"run", "-ca.yaml"}}) {
    const auto result = parsed(words);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->path, "run");
    EXPECT_EQ(result->text("config"), "a.yaml");
  }
}

TEST(CommandLine, TakesOptionsAndArgumentsInAnyOrder) {
  const auto result =
      parsed({"replay", "one", "--rules", "a", "two", "--rules=b", "--json", "--", "--three", "-"});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_THAT(result->arguments, ElementsAre("one", "two", "--three", "-"));
  EXPECT_THAT(result->texts("rules"), ElementsAre("a", "b"));
  EXPECT_TRUE(result->has("json"));
  EXPECT_FALSE(result->has("builtin"));
  EXPECT_EQ(result->text("config", "none"), "none");
}

TEST(CommandLine, GivesHelpOfTheCommandWhateverElseIsWrong) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"explain", "--help"},
                                                {"explain", "-h"},
                                                {"--help", "explain"},
                                                {"explain", "--nonsense", "--help"},
                                                {"explain", "a", "b", "c", "-h"}}) {
    const auto result = parsed(words);
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->help);
    EXPECT_EQ(result->path, "explain");
  }
}

TEST(CommandLine, ShowsHelpWhenNoCommandIsGiven) {
  EXPECT_TRUE(parsed({})->help);
  EXPECT_EQ(parsed({"generate"})->path, "generate");
  EXPECT_TRUE(parsed({"generate"})->help);
  EXPECT_TRUE(parsed({"--version"})->version);
  EXPECT_TRUE(parsed({"-V"})->version);
}

struct Mistake {
  std::vector<std::string> words;
  std::string text;
};

class Mistakes : public testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, SayWhatIsWrongAndWhatToDo) {
  const auto result = parsed(GetParam().words);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    CommandLine, Mistakes,
    testing::Values(
        Mistake{{"statu"}, "highwater: there is no command 'statu': did you mean 'status'?"},
        Mistake{{"xyz"},
                "highwater: there is no command 'xyz'\n  highwater --help lists the commands"},
        Mistake{{"generate", "scheme"},
                "highwater generate: there is no command 'scheme': did you mean 'schema'?"},
        Mistake{{"run", "--confg=x"},
                "highwater run: there is no option --confg: did you mean --config?"},
        Mistake{{"run", "-x"},
                "highwater run: there is no option -x\n  highwater run --help shows what it takes"},
        Mistake{{"--config", "a", "run"},
                "highwater: option --config belongs behind a command: highwater COMMAND --config"},
        Mistake{{"run", "--config"}, "highwater run: option --config needs a value: --config FILE"},
        Mistake{{"run", "-c", "a", "--config", "b"},
                "highwater run: option --config is given twice"},
        Mistake{{"status", "--json=yes"}, "highwater status: option --json takes no value"},
        Mistake{{"run", "a"},
                "highwater run: 'a' is one argument too many\n  highwater run --help shows what it "
                "takes"},
        Mistake{{"test"},
                "highwater test: FILE is missing\n  highwater test --help shows what it takes"},
        Mistake{{"replay", "data"},
                "highwater replay: option --rules FILE is missing\n  highwater replay --help shows "
                "what it takes"},
        Mistake{{"generate", "schema", "confg"},
                "highwater generate schema: KIND cannot be 'confg': did you mean 'config'?"},
        Mistake{{"generate", "prometheus", "-c", "a", "--rules", "b"},
                "highwater generate prometheus: --config and --rules cannot be given together"}));

TEST(Help, FitsTheWidthOfTheTerminal) {
  for (const Visited& visited : all_commands(definition())) {
    for (const size_t width : {60U, 80U, 100U}) {
      std::istringstream text(help_text(*visited.command, visited.path, width));
      for (std::string line; std::getline(text, line);) {
        // An example is one line, so that it can be copied.
        if (line.starts_with("  highwater ") || line.find(" | ") != std::string::npos ||
            line.starts_with("  source"))
          continue;
        EXPECT_LE(utf8::count_characters(line), width) << visited.path << ": " << line;
      }
    }
  }
}

TEST(Help, FitsEightyColumnsWithItsExamples) {
  for (const Visited& visited : all_commands(definition())) {
    std::istringstream text(help_text(*visited.command, visited.path, 80));
    for (std::string line; std::getline(text, line);)
      EXPECT_LE(utf8::count_characters(line), 80U) << visited.path << ": " << line;
  }
}

// What can be written as it stands, without pipes and redirections.
std::vector<std::string> words_of(const std::string& example) {
  std::istringstream text(example);
  std::vector<std::string> words;
  for (std::string word; text >> word && word != "|" && word != ">" && word != "&&";)
    words.push_back(word);
  return words;
}

TEST(Help, GivesExamplesThatCanBeParsed) {
  for (const Visited& visited : all_commands(definition())) {
    if (visited.command->commands.empty()) {
      EXPECT_FALSE(visited.command->examples.empty()) << visited.path;
    }
    for (const Example& example : visited.command->examples) {
      std::vector<std::string> words = words_of(example.command);
      if (words.front() != "highwater") continue;
      words.erase(words.begin());
      const auto result = parsed(words);
      EXPECT_TRUE(result) << example.command << ": " << (result ? "" : result.error().message);
    }
  }
}

TEST(Help, HasNoEmptyHeading) {
  for (const Visited& visited : all_commands(definition()))
    EXPECT_THAT(help_text(*visited.command, visited.path, 80), Not(HasSubstr("\n:")))
        << visited.path;
}

TEST(Help, DescribesEveryCommandAndOptionInSentences) {
  for (const Visited& visited : all_commands(definition())) {
    EXPECT_THAT(visited.command->description, testing::EndsWith(".")) << visited.path;
    EXPECT_FALSE(visited.command->summary.empty()) << visited.path;
    for (const Option& option : visited.command->options)
      EXPECT_THAT(option.help, testing::EndsWith(".")) << visited.path << " " << option.name;
    for (const Argument& argument : visited.command->arguments)
      EXPECT_THAT(argument.help, testing::EndsWith(".")) << visited.path << " " << argument.name;
  }
}

TEST(Wrap, BreaksAtSpacesAndKeepsWhatIsTooLong) {
  EXPECT_EQ(wrap("one two three", 7), "one two\nthree");
  EXPECT_EQ(wrap("one two three", 9, 2, 4), "one\n  two\n  three");
  EXPECT_EQ(wrap("a verylongword b", 5), "a\nverylongword\nb");
  EXPECT_EQ(wrap("a   b\nc  ", 80), "a   b\nc");
  EXPECT_EQ(wrap("\xc3\xa4\xc3\xa4 \xc3\xa4", 4), "\xc3\xa4\xc3\xa4 \xc3\xa4");
  EXPECT_EQ(wrap("", 10), "");
}

TEST(ManualPages, ThereIsOneForEachCommand) {
  const auto pages = manual_pages(definition(), "2026-11-29", "1.2.3");
  EXPECT_EQ(pages.size(), all_commands(definition()).size() - 1) << "all but 'help'";
  EXPECT_EQ(pages.front().file, "highwater.1");
  EXPECT_THAT(pages.front().text,
              StartsWith(".TH HIGHWATER 1 \"2026-11-29\" \"Highwater 1.2.3\" \"Highwater\"\n"));
  EXPECT_THAT(pages.front().text, HasSubstr(".SH ENVIRONMENT\n"));
  for (const ManualPage& page : pages) EXPECT_THAT(page.text, HasSubstr(".SH EXIT STATUS\n"));
}

TEST(ManualPages, KeepDashesAndDots) {
  for (const ManualPage& page : manual_pages(definition(), "", "")) {
    if (page.file != "highwater-run.1") continue;
    EXPECT_THAT(page.text, HasSubstr("\\-c, \\-\\-config FILE"));
    EXPECT_THAT(page.text, HasSubstr("default: ./highwater.yaml"));
  }
}

TEST(Completions, OfferEveryCommandAndOption) {
  for (const std::string& script : {bash_completion(definition()), zsh_completion(definition()),
                                    fish_completion(definition())}) {
    for (const Visited& visited : all_commands(definition())) {
      if (visited.path.empty()) continue;
      EXPECT_THAT(script, HasSubstr(visited.command->name));
      for (const Option& option : visited.command->options)
        EXPECT_THAT(script, HasSubstr(option.name)) << visited.path;
    }
    EXPECT_THAT(script, Not(HasSubstr("{}")));
  }
}

TEST(CommandLineReference, ListsEveryCommandOptionAndExitCode) {
  const std::string text = command_line_reference(definition());
  for (const Visited& visited : all_commands(definition())) {
    if (!visited.command->commands.empty()) continue;
    EXPECT_THAT(text, HasSubstr("\n## highwater " + visited.path + "\n"));
    for (const ExitCode& code : visited.command->exit_codes)
      EXPECT_THAT(text, HasSubstr("| `" + visited.path + "` | " + std::to_string(code.code)));
  }
}

}  // namespace
}  // namespace highwater::command_line
