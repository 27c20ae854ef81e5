#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "agent/agent.h"
#include "agent/commands/commands.h"
#include "agent/import/openslo.h"
#include "agent/import/sloth.h"
#include "agent/load.h"
#include "exporters/runbooks.h"

namespace highwater::agent {
namespace {

constexpr int kNothingToImport = 2;
constexpr std::uintmax_t kMostBytes = 16 << 20;

std::optional<std::string> read_text(const std::string& path) {
  std::error_code ignored;
  const auto size = std::filesystem::file_size(path, ignored);
  std::ifstream file(path, std::ios::binary);
  if (!file || (!ignored && size > kMostBytes)) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

int import_command(const ImportOptions& options) {
  const std::optional<std::string> text = read_text(options.file);
  if (!text) {
    std::cerr << "highwater: cannot read " << options.file << "\n";
    return kNothingToImport;
  }
  const Result<Runbooks> runbooks = Runbooks::load();
  if (!runbooks) {
    std::cerr << "highwater: " << runbooks.error().message << "\n";
    return kNothingToImport;
  }
  Diagnostics diagnostics;
  const auto measures = load_catalogue(options.config, diagnostics);
  if (!measures) {
    print_mistakes(diagnostics);
    return kNothingToImport;
  }
  const ImportContext context{*measures,
                              [&](std::string_view name) { return runbooks->exists(name); }};
  std::optional<Import> import = options.from == "openslo"
                                     ? import_openslo(*text, options.file, context, diagnostics)
                                     : import_sloth(*text, options.file, context, diagnostics);
  if (!import) {
    print_mistakes(diagnostics);
    return kNothingToImport;
  }
  std::cout << write_rules(*import, context);
  for (const Loss& loss : import->losses) std::cerr << loss_text(*import, loss) << "\n";
  return import->losses.empty() ? 0 : 1;
}

}  // namespace highwater::agent
