// highwater-import: SLOs of other tools as a rule file, Alertmanager's configuration and the
// properties of a Kafka client as ours. A program of its own, because it reads PromQL and nothing
// of the daemon does.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "agent/catalogue.h"
#include "agent/command_line/help.h"
#include "agent/command_line/parse.h"
#include "agent/command_line/terminal_settings.h"
#include "agent/config/config.h"
#include "agent/core/build_info.h"
#include "agent/core/small_file.h"
#include "agent/import/client/client_properties.h"
#include "agent/import/openslo.h"
#include "agent/import/sloth.h"
#include "agent/import_names.h"
#include "agent/import_routing.h"
#include "exporters/runbooks/runbooks.h"

namespace highwater::agent {
namespace {

constexpr int kWithLosses = 1;
constexpr int kNothing = 2;
constexpr size_t kMostBytes = 4 << 20;  // the importers refuse far less, and say so
// Stands in for theirs, where only a part of a configuration is written.
constexpr const char* kSomeCluster = "clusters: [{name: kafka, bootstrap: \"127.0.0.1:9092\"}]\n";

struct Options {
  std::string from;
  std::string file;
  std::string config;
  std::vector<std::string> severities;
};

int refused(const std::string& what) {
  std::cerr << "highwater-import: " << what << "\n";
  return kNothing;
}

int refused(const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics) std::cerr << diagnostic.text() << "\n";
  return kNothing;
}

// "-" is the standard input.
Result<std::string> read_text(const std::string& path) {
  if (path != "-") return read_small_file(path, kMostBytes);
  std::string text(kMostBytes, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (std::cin.bad()) return fail("the standard input cannot be read");
  text.resize(static_cast<size_t>(std::cin.gcount()));
  return text;
}

// Of the command line, which says whose it is.
int mistaken(const std::string& what) {
  std::cerr << what << "\n";
  return kNothing;
}

// What all imports begin with.
struct Input {
  std::string text;
  std::string name;  // of the file, for people
  std::optional<Config> config;
  Runbooks runbooks;
};

int import_slos(const Options& options, const Input& input) {
  Diagnostics diagnostics;
  const std::optional<Config>& config = input.config;
  const Catalogue measures = config ? catalogue_with(config->measures) : catalogue();
  ImportContext context{MetricNames{measures},
                        [&](std::string_view name) { return input.runbooks.exists(name); }};
  if (config) {
    context.names.mapped = mapped_metrics(*config);
    for (const auto& cluster : config->clusters) context.names.clusters.push_back(cluster.name);
  }
  std::optional<Import> import = options.from == "openslo"
                                     ? import_openslo(input.text, input.name, context, diagnostics)
                                     : import_sloth(input.text, input.name, context, diagnostics);
  if (!import) return refused(diagnostics);
  std::cout << write_rules(*import, context) << std::flush;
  for (const Loss& loss : import->losses) std::cerr << loss_text(*import, loss) << "\n";
  if (!std::cout) return refused("cannot write the rules to standard output");
  if (import->written == 0) return refused("no SLO of " + input.name + " could be taken over");
  return import->losses.empty() ? 0 : kWithLosses;
}

// Says what `highwater check` would refuse of it.
bool is_accepted(const std::string& yaml) {
  Diagnostics wrong;
  (void)parse_config(yaml, "the output", wrong);
  for (const Diagnostic& diagnostic : wrong) std::cerr << diagnostic.text() << "\n";
  return wrong.empty();
}

int import_routing(const Options& options, const Input& input) {
  Result<alertmanager::SeverityNames> severities = severities_of(options.severities);
  if (!severities) return refused(severities.error().message);
  Diagnostics diagnostics;
  const std::optional<ImportedRouting> import = import_alertmanager(
      input.text, input.name, known_names(input.config, input.runbooks, std::move(*severities)),
      diagnostics);
  if (!import) return refused(diagnostics);
  std::cout << import->yaml << std::flush;
  for (const Loss& loss : import->losses) std::cerr << loss_text(input.name, loss) << "\n";
  if (!std::cout) return refused("cannot write the configuration to standard output");
  if (import->receivers == 0)
    return refused("no receiver of " + input.name + " could be taken over");
  const bool accepted = is_accepted(import->yaml + kSomeCluster);
  return import->losses.empty() && accepted ? 0 : kWithLosses;
}

int import_client(const std::string& text, const std::string& name) {
  const Result<ImportedClient> import = import_client_properties(text, name);
  if (!import) return refused(import.error().message);
  std::cout << import->yaml << std::flush;
  for (const Loss& loss : import->losses) std::cerr << loss_text(name, loss) << "\n";
  if (!std::cout) return refused("cannot write the configuration to standard output");
  return import->losses.empty() && is_accepted(import->yaml) ? 0 : kWithLosses;
}

int import(const Options& options) {
  const bool routing = options.from == "alertmanager";
  if (!routing && !options.severities.empty())
    return refused("--severity is for Alertmanager's routes");
  const bool client = options.from == "client-properties";
  if (client && !options.config.empty())
    return refused("--config is for SLOs and for Alertmanager's routes");
  Result<std::string> text = read_text(options.file);
  if (!text) return refused("cannot read " + options.file + ": " + text.error().message);
  const std::string name = options.file == "-" ? "standard input" : options.file;
  if (client) return import_client(*text, name);
  Diagnostics diagnostics;
  std::optional<Config> config;
  if (!options.config.empty()) {
    config = read_config(options.config, diagnostics);
    if (!config) return refused(diagnostics);
  }
  Result<Runbooks> runbooks =
      config ? Runbooks::load(config->runbook_directories) : Runbooks::load();
  if (!runbooks) return refused(runbooks.error().message);
  const Input input{std::move(*text), name, std::move(config), std::move(*runbooks)};
  return routing ? import_routing(options, input) : import_slos(options, input);
}

}  // namespace
}  // namespace highwater::agent

int main(int argc, char** argv) {
  namespace command_line = highwater::command_line;
  command_line::Command program = command_line::import_definition();
  program.name = "highwater import";
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const auto parsed = command_line::parse(program, words);
  if (!parsed) return highwater::agent::mistaken(parsed.error().message);
  if (parsed->help) {
    const size_t width = command_line::terminal_width(STDOUT_FILENO, 100);
    std::cout << command_line::help_text(program, "import", width);
    return 0;
  }
  if (parsed->version) {
    std::cout << "highwater-import " << build_text(highwater::build_info()) << "\n";
    return 0;
  }
  return highwater::agent::import({parsed->argument(0), parsed->argument(1), parsed->text("config"),
                                   parsed->texts("severity")});
}
