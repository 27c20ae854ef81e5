#include "agent/commands/connect.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "agent/ask_http.h"

namespace highwater::agent {
namespace {

using kafka::Trial;
using kafka::TriedRight;
using kafka::TriedServer;
using kafka::TriedStep;

constexpr Duration kLimit = std::chrono::seconds(14);

std::string milliseconds_text(Duration took) {
  const double milliseconds = to_seconds(took) * 1000;
  return fmt::format("{:.{}f} ms", milliseconds, milliseconds < 10 ? 1 : 0);
}

TextCell mark(bool well) {
  return well ? TextCell{"✓", Ink::green} : TextCell{"✗", Ink::red};
}

void print_server(const TriedServer& server, TerminalText& out) {
  out.line(server.broker < 0 ? "  bootstrap " + server.address
                             : fmt::format("  broker {}, {}", server.broker, server.address),
           Ink::bold);
  std::vector<std::vector<TextCell>> rows;
  for (size_t i = 0; i < server.steps.size(); ++i) {
    const TriedStep& step = server.steps[i];
    const bool failed = server.failed && i + 1 == server.steps.size();
    rows.push_back({{"", Ink::plain},
                    mark(!failed),
                    {step.name, Ink::plain},
                    {milliseconds_text(step.took), Ink::soft},
                    {step.found, failed ? Ink::red : Ink::plain}});
    if (!step.advice.empty()) rows.push_back({{}, {" "}, {}, {}, {step.advice, Ink::plain}});
  }
  out.table(rows);
}

bool is_missing(const TriedRight& right) {
  return right.needed && right.granted == false;
}

std::string right_text(const TriedRight& right) {
  std::string text = right.found;
  if (right.granted != true)
    text +=
        fmt::format("{}{}{}", text.empty() ? "" : "; ",
                    right.granted ? "without it unknown: " : "unknown; it opens: ", right.opens);
  return text;
}

void print_rights(const Trial& trial, TerminalText& out) {
  if (trial.rights.empty()) return;
  out.line("  what our login may do", Ink::bold);
  std::vector<std::vector<TextCell>> rows;
  for (const TriedRight& right : trial.rights) {
    const TextCell verdict = right.granted == true || is_missing(right) ? mark(!is_missing(right))
                                                                        : TextCell{"–", Ink::soft};
    rows.push_back(
        {{"", Ink::plain}, verdict, {right.right, Ink::plain}, {right_text(right), Ink::plain}});
  }
  out.table(rows);
}

std::string count_text(const Trial& trial) {
  size_t brokers = 0;
  size_t usable = 0;
  for (const TriedServer& server : trial.servers) {
    if (server.broker < 0) continue;
    ++brokers;
    if (!server.failed) ++usable;
  }
  if (brokers == 0) return "no server of bootstrap could be used";
  std::string text =
      fmt::format("{} of {} broker{} can be used", usable, brokers, brokers == 1 ? "" : "s");
  if (trial.not_tried > 0) text += fmt::format(", {} were not tried", trial.not_tried);
  const auto missing = std::ranges::count_if(trial.rights, is_missing);
  if (missing > 0)
    text += fmt::format(", {} right{} missing", missing, missing == 1 ? " is" : "s are");
  return text;
}

}  // namespace

std::vector<Trial> try_clusters(const std::vector<kafka::ClusterSettings>& clusters) {
  std::vector<Trial> trials(clusters.size());
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < clusters.size(); ++i) {
    threads.emplace_back([&, i] {
      kafka::ClusterSettings settings = clusters[i];
      settings.ask_http = make_ask_http();
      trials[i] = try_cluster(settings, kLimit);
    });
  }
  threads.clear();  // waits
  return trials;
}

bool all_well(const Trial& trial) {
  return std::ranges::none_of(trial.servers, &TriedServer::failed) &&
         std::ranges::none_of(trial.rights, is_missing);
}

std::string trial_text(const Trial& trial, TextStyle style) {
  TerminalText out(style);
  out.line(trial.cluster, Ink::bold);
  for (const TriedServer& server : trial.servers) print_server(server, out);
  print_rights(trial, out);
  out.line(fmt::format("{}: {}", trial.cluster, count_text(trial)),
           all_well(trial) ? Ink::green : Ink::red);
  return out.take();
}

nlohmann::ordered_json trial_json(const Trial& trial) {
  using Json = nlohmann::ordered_json;
  Json servers = Json::array();
  for (const TriedServer& server : trial.servers) {
    Json steps = Json::array();
    for (size_t i = 0; i < server.steps.size(); ++i) {
      const TriedStep& step = server.steps[i];
      steps.push_back({{"step", step.name},
                       {"ok", !server.failed || i + 1 < server.steps.size()},
                       {"seconds", to_seconds(step.took)},
                       {"found", step.found},
                       {"advice", step.advice}});
    }
    Json one{{"address", server.address}, {"ok", !server.failed}, {"steps", std::move(steps)}};
    if (server.broker >= 0) one["broker"] = server.broker;
    servers.push_back(std::move(one));
  }
  Json rights = Json::array();
  for (const TriedRight& right : trial.rights) {
    Json one{{"right", right.right},
             {"granted", nullptr},
             {"needed", right.needed},
             {"found", right.found},
             {"opens", right.opens}};
    if (right.granted) one["granted"] = *right.granted;
    rights.push_back(std::move(one));
  }
  return {{"cluster", trial.cluster},    {"cluster_id", trial.cluster_id},
          {"ok", all_well(trial)},       {"servers", std::move(servers)},
          {"rights", std::move(rights)}, {"brokers_not_tried", trial.not_tried}};
}

}  // namespace highwater::agent
