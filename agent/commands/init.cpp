#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "agent/ask_http.h"
#include "agent/command_line/terminal_settings.h"
#include "agent/commands/cluster_look.h"
#include "agent/commands/commands.h"
#include "agent/commands/first_config.h"
#include "agent/config/config.h"
#include "exporters/status/terminal.h"

namespace highwater::agent {
namespace {

constexpr int kFailed = 1;
constexpr const char* kUsual = "127.0.0.1:9092";

int failed(const std::string& what) {
  std::cerr << "highwater init: " << what << "\n";
  return kFailed;
}

// Only a person can be asked.
std::string ask_bootstrap() {
  if (!command_line::is_terminal(STDIN_FILENO)) return "";
  std::cout << fmt::format("A broker of the cluster, HOST:PORT [{}]: ", kUsual) << std::flush;
  std::string line;
  if (!std::getline(std::cin, line)) return "";
  return line.empty() ? kUsual : line;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find(',', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// By the reader of configurations, so that what it accepts here it accepts there.
Result<kafka::ClusterSettings> settings_of(const FirstConfig& first, const std::string& file) {
  Diagnostics diagnostics;
  std::string text = configuration_text(first);
  auto config = parse_config(text, file, diagnostics);
  if (!config) {
    const Diagnostic& mistake = diagnostics.front();
    return fail(mistake.what + (mistake.advice.empty() ? "" : ": " + mistake.advice));
  }
  if (!config->written_secrets.empty())
    return fail("a secret does not belong into the file: write {file: PATH} or {env: NAME}");
  kafka::ClusterSettings settings = std::move(config->clusters.front());
  settings.ask_http = make_ask_http();
  return settings;
}

bool write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text << std::flush;
  return out.good();
}

std::string facts_text(const FirstConfig& first) {
  const ClusterFacts& facts = first.facts;
  double rate = 0;
  for (const GroupFacts& group : facts.groups) rate += group.records_per_second;
  return fmt::format("{}: {} broker{}, {} topic{}, {} consumer group{} that read {:.0f} records/s",
                     first.cluster, facts.brokers, facts.brokers == 1 ? "" : "s", facts.topics,
                     facts.topics == 1 ? "" : "s", facts.groups.size(),
                     facts.groups.size() == 1 ? "" : "s", rate);
}

// Options of the commands to come, when the files are not where they are looked for.
std::string config_option(const std::filesystem::path& config) {
  return config == "highwater.yaml" ? "" : " --config " + config.string();
}

void print_next(const FirstConfig& first, const std::filesystem::path& config,
                const std::filesystem::path& rules) {
  const std::vector<GroupFacts> groups = groups_with_slo(first.facts);
  std::string names;
  for (const GroupFacts& group : groups) names += (names.empty() ? "" : ", ") + group.name;
  TerminalText out({.width = command_line::terminal_width(STDOUT_FILENO, 100)});
  for (const std::string& problem : first.facts.problems)
    out.line("note: " + problem, Ink::plain, 2);
  out.line(fmt::format("wrote {}", config.string()));
  out.line(fmt::format("wrote {}{}", rules.string(),
                       names.empty() ? ", with an SLO for the cluster" : " with SLOs for " + names),
           Ink::plain, 2);
  const std::string option = config_option(config);
  out.line();
  out.line("Next:");
  out.line(fmt::format("  highwater check{}", option));
  out.line(fmt::format("  highwater run{}", option));
  out.line("  then open http://127.0.0.1:9877/ or run: highwater status" + option);
  out.line("Nobody is notified before there is a receiver: see 'receivers' in " + config.string());
  std::cout << out.take() << std::flush;
}

}  // namespace

int init_command(const InitOptions& options) {
  const std::filesystem::path folder = options.folder;
  const std::filesystem::path config = folder / "highwater.yaml";
  const std::filesystem::path rules = folder / "rules.yaml";
  std::error_code ignored;
  for (const std::filesystem::path& path : {config, rules}) {
    if (std::filesystem::symlink_status(path, ignored).type() !=
        std::filesystem::file_type::not_found)
      return failed(path.string() +
                    " exists already; nothing was written. Choose another --folder.");
  }
  const Result<Duration> wait = parse_duration(options.wait);
  if (!wait || *wait < std::chrono::seconds(1) || *wait > std::chrono::minutes(10))
    return failed("--wait: write it like 15s, from 1s to 10m");
  const std::string bootstrap = options.bootstrap.empty() ? ask_bootstrap() : options.bootstrap;
  if (bootstrap.empty()) return failed("name a broker: --bootstrap HOST:PORT");

  FirstConfig first{.cluster = options.name,
                    .bootstrap = split(bootstrap),
                    .security = options.security,
                    .facts = {}};
  const auto settings = settings_of(first, config.string());
  if (!settings) return failed(settings.error().message);
  std::cout << fmt::format("looking at {} for up to {}\n", bootstrap, describe_duration(*wait))
            << std::flush;
  Result<ClusterFacts> facts = look_at_cluster(*settings, *wait);
  if (!facts) return failed(fmt::format("{} cannot be read: {}", bootstrap, facts.error().message));
  first.facts = std::move(*facts);
  std::cout << clean(facts_text(first)) << "\n";
  std::filesystem::create_directories(folder, ignored);
  if (!write_file(config, configuration_text(first)))
    return failed(config.string() + " cannot be written");
  if (!write_file(rules, rules_text(first))) return failed(rules.string() + " cannot be written");
  print_next(first, config, rules);
  return 0;
}

}  // namespace highwater::agent
