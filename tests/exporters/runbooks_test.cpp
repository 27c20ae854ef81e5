#include "exporters/runbooks/runbooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "exporters/html/html.h"
#include "exporters/runbooks/placeholders.h"
#include "report_support.h"

namespace highwater {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class RunbookFolder : public testing::Test {
 protected:
  RunbookFolder()
      : folder_(std::filesystem::temp_directory_path() /
                ("highwater-runbooks-" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(folder_);
  }
  ~RunbookFolder() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& file, const std::string& text) {
    std::ofstream(folder_ / file) << text;
  }
  Result<Runbooks> load() { return Runbooks::load(std::vector{folder_}); }
  // The page made of `markdown`.
  std::string page(const std::string& markdown, const RunbookContext& context = {}) {
    write("mine.md", markdown);
    return load().value().html("mine", context);
  }

  std::filesystem::path folder_;
};

TEST(Runbooks, OfTheBuiltInRulesArePartOfTheProgram) {
  std::set<std::string> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(HIGHWATER_SOURCE) / "runbooks")) {
    if (entry.path().extension() == ".md") files.insert(entry.path().stem().string());
  }
  const Runbooks runbooks = Runbooks::load().value();
  const auto names = runbooks.names();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), files);
  EXPECT_EQ(runbooks.title("broker-down"), "Broker down");
  std::ifstream file(std::filesystem::path(HIGHWATER_SOURCE) / "runbooks" / "broker-down.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(runbooks.markdown("broker-down"), text);
}

Incident incident_with(std::string rule, Entity entity, bool of_slo) {
  Incident incident = broker_down_incident();
  incident.cause.rule = std::move(rule);
  incident.cause.entity = std::move(entity);
  if (of_slo) incident.cause.budget.emplace();
  incident.headline = incident.cause;
  return incident;
}

Entity entity_of(const std::vector<std::string>& dimensions) {
  Entity entity;
  for (const std::string& name : dimensions)
    entity.labels.emplace_back(Symbol(name), Symbol("the-" + name));
  std::ranges::sort(entity.labels);
  return entity;
}

// The text below the incident's card, without tags.
std::string prose(const std::string& html) {
  const size_t begin = html.rfind("</section>");
  return html.substr(begin == std::string::npos ? 0 : begin);
}

TEST(Runbooks, OfAnSloHaveNoBlanksAndTheMeaningOfAnSlo) {
  const Runbooks runbooks = Runbooks::load().value();
  struct Slo {
    const char* runbook;
    std::vector<std::string> dimensions;
  };
  for (const Slo& slo :
       {Slo{"lag-growing", {"cluster", "group", "topic"}},
        Slo{"leaderless-partitions", {"cluster", "topic"}},
        Slo{"under-min-isr", {"cluster", "topic"}}, Slo{"broker-down", {"broker", "cluster"}},
        Slo{"cluster-unreachable", {"cluster"}}, Slo{"quorum-lost", {"cluster"}},
        Slo{"topic-silent", {"cluster", "topic"}}, Slo{"canary-blocked", {"cluster"}},
        Slo{"error-rate", {"cluster", "group"}}}) {
    RunbookContext context;
    const Incident incident = incident_with("some-slo", entity_of(slo.dimensions), true);
    context.incident = &incident;
    context.values = {{"agent", "http://agent:9877"}};
    const std::string page = prose(runbooks.html(slo.runbook, context));
    EXPECT_FALSE(std::regex_search(page, std::regex("\\{[a-z_]+\\}"))) << slo.runbook;
    EXPECT_THAT(page, Not(HasSubstr("Meaning for an SLO"))) << slo.runbook;
    EXPECT_THAT(page, HasSubstr("budget")) << slo.runbook << " does not speak of the budget";
    EXPECT_THAT(page, Not(HasSubstr("127.0.0.1"))) << slo.runbook;
  }
}

TEST(Runbooks, OfAnAlertSayNothingOfBudgets) {
  const Runbooks runbooks = Runbooks::load().value();
  RunbookContext context;
  const Incident incident =
      incident_with("LeaderlessPartitions", entity_of({"cluster", "partition", "topic"}), false);
  context.incident = &incident;
  const std::string page = prose(runbooks.html("leaderless-partitions", context));
  EXPECT_THAT(page, HasSubstr("Partition the-partition of topic the-topic"));
  EXPECT_THAT(page, Not(HasSubstr("budget")));
  EXPECT_THAT(prose(runbooks.html("leaderless-partitions", {})), HasSubstr("Meaning for an SLO"))
      << "who reads all pages reads both";
}

TEST(Runbooks, ThatDoNotExistAreSaidNotTo) {
  const Runbooks runbooks = Runbooks::load().value();
  EXPECT_FALSE(runbooks.exists("nothing"));
  EXPECT_FALSE(runbooks.exists("../broker-down"));
  EXPECT_EQ(runbooks.title("nothing"), "");
  EXPECT_EQ(runbooks.html("nothing", {}), "");
}

TEST_F(RunbookFolder, AddsPagesAndReplacesBuiltInOnes) {
  write("mine.md", "# My page\n\nText.\n");
  write("broker-down.md", "# Ours\n");
  write("notes.txt", "no page");
  const Runbooks runbooks = load().value();
  EXPECT_EQ(runbooks.title("mine"), "My page");
  EXPECT_EQ(runbooks.title("broker-down"), "Ours");
  EXPECT_TRUE(runbooks.exists("quorum-lost"));
}

TEST_F(RunbookFolder, WithAPageThatCannotBeUsedIsRefused) {
  write("no-title.md", "Just text.\n");
  EXPECT_THAT(load().error().message, HasSubstr("runbook 'no-title': it has no title"));
  std::filesystem::remove(folder_ / "no-title.md");
  write("Bad Name.md", "# Title\n");
  EXPECT_THAT(load().error().message, HasSubstr("lower-case letters"));
  std::filesystem::remove(folder_ / "Bad Name.md");
  write("huge.md", "# Title\n" + std::string(1100000, 'x'));
  EXPECT_THAT(load().error().message, HasSubstr("larger than"));
  EXPECT_THAT(Runbooks::load(std::vector{folder_ / "missing"}).error().message,
              HasSubstr("No such file"));
}

TEST_F(RunbookFolder, RendersMarkdownAndLeavesPlaceholdersWithoutAnIncident) {
  const std::string html = page("# Title\n\nBroker {broker} `x {topic}`\n\n1. one\n");
  EXPECT_THAT(html, HasSubstr("<h1>Title</h1>"));
  EXPECT_THAT(html, HasSubstr("<p>Broker {broker} <code>x {topic}</code></p>"));
  EXPECT_THAT(html, HasSubstr("<ol>\n<li>one</li>"));
  EXPECT_THAT(html, HasSubstr("<link rel=\"stylesheet\" href=\"../static/highwater.css\">"));
  EXPECT_THAT(html, HasSubstr("name=\"viewport\""));
}

TEST_F(RunbookFolder, WritesPlaceholdersInCapitalsWhenTheIncidentIsOver) {
  RunbookContext context;
  context.incident_is_over = true;
  const std::string html =
      page("# Of {broker}\n\nBroker {broker} `x '{topic}' | awk '{print}'`\n", context);
  EXPECT_THAT(html, HasSubstr("<title>Of BROKER - Highwater</title>"));
  EXPECT_THAT(html, HasSubstr("<p>Broker BROKER <code>x 'TOPIC' | awk '{print}'</code></p>"));
  EXPECT_THAT(html, HasSubstr("Words in capitals"));
}

TEST_F(RunbookFolder, LinksPagesToEachOther) {
  const std::string html =
      page("# T\n\n[a](quorum-lost.md) [b](missing.md) [c](https://example.com/quorum-lost.md)\n");
  EXPECT_THAT(html, HasSubstr("<a href=\"quorum-lost\">a</a>"));
  EXPECT_THAT(html, HasSubstr("<a href=\"missing.md\">b</a>"));
  EXPECT_THAT(html, HasSubstr("<a href=\"https://example.com/quorum-lost.md\">c</a>"));
}

TEST_F(RunbookFolder, PassesOnNeitherHtmlNorScripts) {
  const std::string html = page(
      "# T <img src=x onerror=alert(1)>\n\n<script>alert(1)</script>\n\n"
      "[x](javascript:alert(1)) ![y](javascript:alert(2)) <b onclick=\"z()\">bold</b>\n");
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
  EXPECT_THAT(html, Not(HasSubstr("javascript:")));
  EXPECT_THAT(html, Not(HasSubstr("onclick")));
  EXPECT_THAT(html, Not(HasSubstr("<img src=x")));
}

TEST_F(RunbookFolder, FillsInTheIncidentAndShowsItsFacts) {
  const Incident incident = broker_down_incident();
  RunbookContext context;
  context.incident = &incident;
  context.now = test_now().wall;
  context.values = {{"bootstrap", "kafka-1:9092,kafka-2:9092"}};
  const std::string html = page(
      "# Broker {broker} down\n\nOf {cluster}.\n\n```\nkafka-topics.sh --bootstrap-server "
      "{bootstrap} --topic '{topic}'\n```\n",
      context);
  EXPECT_THAT(html, HasSubstr("<title>Broker 3 down - Highwater</title>"));
  EXPECT_THAT(html, HasSubstr("<p>Of prod.</p>"));
  EXPECT_THAT(html, HasSubstr("--bootstrap-server kafka-1:9092,kafka-2:9092 --topic 'TOPIC'"));
  EXPECT_THAT(html, HasSubstr("<section class=\"card page\">"));
  EXPECT_THAT(html, HasSubstr("broker 3 of prod is down: it crashed"));
  EXPECT_THAT(html, HasSubstr("2023-11-14 22:21:50 UTC, 1 min 30 s ago"));
  EXPECT_THAT(html,
              HasSubstr("BrokerDown: broker <a href=\"../broker?cluster=prod&amp;name=3\">3</a>"));
  EXPECT_THAT(html, HasSubstr("refuses connections since 12:03:10"));
  EXPECT_THAT(
      html,
      HasSubstr("412 partitions offline; 37 groups got another coordinator: billing and 36 more"));
  EXPECT_THAT(html, HasSubstr("What belongs to it (412)"));
  EXPECT_THAT(html, HasSubstr("orders-0 has no leader"));
  EXPECT_THAT(html, HasSubstr("and 411 more"));
  EXPECT_THAT(html, HasSubstr("<code>0af7651916cd43dd8448eb211c80319c</code>"));
}

TEST_F(RunbookFolder, ShowsMarkupInValuesAndNeverObeysIt) {
  const std::string evil = "<script>alert(1)</script>**bold** [x](javascript:y) `\" & '\n# H";
  Incident incident = broker_down_incident(evil);
  incident.headline.note = evil;
  incident.headline.description = evil;
  incident.headline.rule = evil;
  incident.evidence[0].summary = evil;
  incident.evidence[0].rule = evil;
  incident.impact = {{evil, evil, 1, {evil}, true}};
  RunbookContext context;
  context.incident = &incident;
  const std::string html =
      page("# {broker}\n\n{broker} [link {broker}](x)\n\n`{broker}`\n\n    {broker}\n", context);
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
  EXPECT_THAT(html, Not(HasSubstr("<strong>bold")));
  EXPECT_THAT(html, Not(HasSubstr("href=\"javascript")));
  EXPECT_THAT(html, Not(HasSubstr("<h1>H")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;**bold**"));
}

TEST(Commands, TakeABrokersAddressApart) {
  PlaceholderValues values;
  add_address("kafka-1.example:9092", values);
  EXPECT_EQ(fill_command("nc -vz {host} {port} # {address}", values),
            "nc -vz kafka-1.example 9092 # kafka-1.example:9092");
  values.clear();
  add_address("[::1]:9092", values);
  EXPECT_EQ(fill_command("{host} {port} {address}", values), "::1 9092 '[::1]:9092'");
  for (const char* none : {"", "kafka", ":9092", "kafka:"}) {
    values.clear();
    add_address(none, values);
    EXPECT_TRUE(values.empty()) << none;
  }
}

TEST(Commands, KeepHarmlessValuesAsTheyAre) {
  const PlaceholderValues values{{"group", "payments.v2_a-b"}, {"bootstrap", "[::1]:9092"}};
  EXPECT_EQ(fill_command("x {group} '{group}' {other} {print $1}", values),
            "x payments.v2_a-b 'payments.v2_a-b' {other} {print $1}");
  EXPECT_EQ(fill_command("x {bootstrap}", values), "x '[::1]:9092'");
}

// The shell itself says what it would have run.
std::string words_of(const std::string& command) {
  FILE* pipe = ::popen(("printf '<%s>' " + command).c_str(), "r");
  std::string output;
  char buffer[4096];
  while (const size_t count = std::fread(buffer, 1, sizeof(buffer), pipe))
    output.append(buffer, count);
  ::pclose(pipe);
  return output;
}

TEST(Commands, AreOneWordForTheShellWhateverAValueContains) {
  for (const std::string value :
       {"it's", "a b", "$(echo pwned)", "`echo pwned`", "a;echo pwned", "\"quoted\"", "a\\",
        "$HOME", "'; echo pwned; '", "\" ; echo pwned ; \"", "*", "~", "&", ""}) {
    const PlaceholderValues values{{"group", value}};
    const std::string expected = "<" + value + ">";
    EXPECT_EQ(words_of(fill_command("{group}", values)), expected) << value;
    EXPECT_EQ(words_of(fill_command("'{group}'", values)), expected) << value;
    EXPECT_EQ(words_of(fill_command("\"{group}\"", values)), expected) << value;
    EXPECT_EQ(words_of(fill_command("'t:{group}'", values)), "<t:" + value + ">") << value;
  }
}

TEST(Commands, HoldOnOneLine) {
  const PlaceholderValues values{{"group", "a\nrm -rf /\t\x7f"}};
  EXPECT_EQ(fill_command("x '{group}'", values),
            "x 'a?rm -rf /?"
            "?'");
  EXPECT_EQ(fill_text("{group}", values),
            "a?rm -rf /?"
            "?");
}

TEST(Commands, AreNotConfusedByAnApostropheInAComment) {
  const PlaceholderValues values{{"group", "a b"}};
  EXPECT_EQ(fill_command("# don't\nx '{group}'\nx {group}", values), "# don't\nx 'a b'\nx 'a b'");
}

TEST(Html, EscapesWhatItIsGiven) {
  EXPECT_EQ(html_escape("<a href=\"x\" title='y'>&"),
            "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;");
  EXPECT_THAT(html_page("<t>", "<p>"), HasSubstr("<title>&lt;t&gt; - Highwater</title>"));
}

}  // namespace
}  // namespace highwater
