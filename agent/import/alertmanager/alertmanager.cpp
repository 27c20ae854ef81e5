#include "agent/import/alertmanager/alertmanager.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "agent/import/alertmanager/configs.h"
#include "agent/import/alertmanager/hours.h"
#include "agent/import/alertmanager/lines.h"
#include "agent/import/alertmanager/receivers.h"
#include "agent/import/documents.h"
#include "agent/import/yaml_text.h"

namespace highwater::agent {
namespace {

using namespace alertmanager;

constexpr std::string_view kWrittenOut =
    "import what Alertmanager has made of it: amtool --alertmanager.url=URL config show | "
    "highwater "
    "import alertmanager -";

// Anchors and aliases may stand for anything. Alertmanager writes them out.
void advise(Diagnostics& diagnostics) {
  for (Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.what.find("(&name)") != std::string::npos ||
        diagnostic.what.find("(*name)") != std::string::npos)
      diagnostic.advice = kWrittenOut;
  }
}

std::optional<YamlNode> read_document(std::string_view text, const std::string& file,
                                      Diagnostics& diagnostics) {
  auto documents = read_documents(text, file, diagnostics);
  if (!documents) {
    advise(diagnostics);
    return std::nullopt;
  }
  const YamlNode* const first = documents->empty() ? nullptr : &documents->front();
  if (first != nullptr && documents->size() == 1 && first->kind == YamlNode::Kind::map &&
      first->find("apiVersion") == nullptr && first->find("route") != nullptr)
    return std::move(documents->front());
  const bool resource = first != nullptr && first->find("apiVersion") != nullptr;
  diagnostics.push_back(
      {file, first == nullptr ? 0 : first->line, 0,
       documents->empty() ? "the file is empty"
       : resource         ? "this is a resource of Kubernetes"
                          : "this is no configuration of Alertmanager",
       resource ? std::string(kWrittenOut) : "it is one document with 'route' and 'receivers'"});
  return std::nullopt;
}

// What the names in it refer to.
void check_names(const Node& node, const OurReceivers& receivers, const TimeIntervals& intervals,
                 const std::string& file, Diagnostics& diagnostics) {
  const auto wrong = [&](std::string what) {
    diagnostics.push_back({file, node.line, 0, std::move(what), "Alertmanager refuses it as well"});
  };
  if (!receivers.outlets.contains(node.receiver))
    wrong(fmt::format("there is no receiver '{}'", node.receiver));
  for (const auto& names : {node.mute, node.active}) {
    for (const std::string& name : names) {
      if (!intervals.contains(name)) wrong(fmt::format("there is no time interval '{}'", name));
    }
  }
  for (const Node& child : node.routes) check_names(child, receivers, intervals, file, diagnostics);
}

void lose_what_we_do_otherwise(const YamlNode& document, Fields& fields,
                               std::vector<Loss>& losses) {
  constexpr std::pair<std::string_view, std::string_view> kOtherwise[] = {
      {"inhibit_rules", "inhibit_rules: what has the same cause is one incident"},
      {"templates", "templates: Highwater writes the texts of notifications by itself"}};
  for (const auto& [key, what] : kOtherwise) {
    const YamlNode* const node = document.find(key);
    if (node == nullptr) continue;
    if (!node->items.empty()) losses.push_back({node->line, std::string(what)});
    fields.take(*node);
  }
  // Defaults of receivers: whoever has one has taken it.
  const YamlNode& global = fields.map(document, "global");
  for (const auto& [key, value] : global.entries) {
    constexpr std::string_view kOfReceivers[] = {
        "smtp_",      "slack_",      "pagerduty_", "opsgenie_",   "wechat_",
        "victorops_", "telegram_",   "webex_",     "jira_",       "rocketchat_",
        "mattermost", "incidentio_", "pushover_",  "http_config", "resolve_timeout"};
    if (std::ranges::any_of(
            kOfReceivers, [&](std::string_view prefix) { return key.scalar.starts_with(prefix); }))
      fields.take(value);
  }
}

std::string severities_text(const SeverityNames& names) {
  std::string text;
  for (const std::string_view ours : {"page", "ticket", "info"}) {
    std::vector<std::string> theirs;
    for (const auto& [name, severity] : names) {
      if (severity == ours) theirs.push_back(one_line(name));
    }
    text += fmt::format("{}{} is {}", text.empty() ? "" : "; ", ours, fmt::join(theirs, ", "));
  }
  return text;
}

std::string receiver_text(const OurReceiver& receiver) {
  std::vector<std::string> settings;
  for (const auto& [key, value] : receiver.settings)
    settings.push_back(fmt::format("{}: {}", key, value));
  std::string text = fmt::format("  - name: {}  # line {}\n    {}: {{{}}}\n    severity: info\n",
                                 plain_or_quoted(receiver.name), receiver.line, receiver.kind,
                                 fmt::join(settings, ", "));
  if (!receiver.send_resolved) text += "    send_resolved: false\n";
  if (!receiver.timeout.empty()) text += fmt::format("    timeout: {}\n", receiver.timeout);
  return text;
}

std::string head_of(const std::string& file, const KnownNames& known, const OurReceivers& receivers,
                    const std::vector<Loss>& losses) {
  std::string head = fmt::format("# Imported from {} (Alertmanager).\n# Severities: {}.\n",
                                 one_line(file), severities_text(known.severities));
  if (!receivers.variables.empty())
    head += "# Secrets were not copied. Set these variables, or write {file: PATH}:\n";
  for (const Variable& variable : receivers.variables)
    head += fmt::format("#   {}: '{}' of line {}{}\n", variable.name, variable.key, variable.line,
                        variable.form.empty() ? "" : ", as: " + one_line(variable.form));
  if (!losses.empty()) head += "# Not taken over, or not quite:\n";
  for (const Loss& loss : losses)
    head += fmt::format("#   line {}: {}\n", loss.line, one_line(loss.what));
  return head;
}

}  // namespace

const SeverityNames& default_severities() {
  static const SeverityNames names{{"critical", "page"},
                                   {"page", "page"},
                                   {"warning", "ticket"},
                                   {"ticket", "ticket"},
                                   {"info", "info"}};
  return names;
}

std::optional<ImportedRouting> import_alertmanager(std::string_view text, const std::string& file,
                                                   const KnownNames& known,
                                                   Diagnostics& diagnostics) {
  const std::optional<YamlNode> document = read_document(text, file, diagnostics);
  if (!document) return std::nullopt;
  Fields fields;
  fields.open(*document);
  ImportedRouting imported;
  std::vector<Loss>& losses = imported.losses;
  const std::optional<Node> root = read_tree(*document, file, known, fields, losses, diagnostics);
  if (!root) return std::nullopt;
  const OurReceivers receivers = read_receivers(*document, fields, losses);
  const TimeIntervals intervals = read_time_intervals(*document, fields, losses);
  check_names(*root, receivers, intervals, file, diagnostics);
  if (receivers.receivers.size() > kMostReceivers)
    diagnostics.push_back({file, 0, 0,
                           fmt::format("they become more than {} receivers", kMostReceivers),
                           "import a copy that has those for Kafka"});
  const Flattened flat = flatten(*root);
  if (flat.too_many_at != nullptr)
    diagnostics.push_back(
        {file, flat.too_many_at->line, 0,
         fmt::format("the routes become more than {} lines", kMostLines),
         "import a copy that has those for Kafka; routes in a route with 'continue', and '!=', "
         "multiply those below them"});
  if (!diagnostics.empty()) return std::nullopt;
  losses.insert(losses.end(), flat.losses.begin(), flat.losses.end());
  const WrittenLines lines = write_lines(flat.lines, *root, receivers, intervals, losses);
  lose_what_we_do_otherwise(*document, fields, losses);
  fields.report(*document, "the file", losses);
  std::ranges::stable_sort(losses, {}, &Loss::line);

  imported.receivers = receivers.receivers.size();
  imported.yaml = head_of(file, known, receivers, losses);
  const auto section = [&](std::string_view name, const std::vector<std::string>& of) {
    // A key without a value would be a mistake.
    const bool any =
        std::ranges::any_of(of, [](const std::string& line) { return line.starts_with('-'); });
    if (any) imported.yaml += fmt::format("{}:\n", name);
    for (const std::string& line : of) imported.yaml += fmt::format("  {}\n", line);
  };
  if (imported.receivers > 0) imported.yaml += "receivers:\n";
  for (const OurReceiver& receiver : receivers.receivers) imported.yaml += receiver_text(receiver);
  section("routes", lines.routes);
  section("maintenance", lines.maintenance);
  return imported;
}

}  // namespace highwater::agent
