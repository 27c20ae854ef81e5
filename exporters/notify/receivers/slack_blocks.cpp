#include "exporters/notify/receivers/slack_blocks.h"

#include <nlohmann/json.hpp>

namespace highwater::notify {
namespace {

using Json = nlohmann::ordered_json;

// A section takes 3,000 characters and a field 2,000; beyond some 13,000 in all a message is
// refused although each block is small enough. Ours together stay below 10,000.
constexpr Limit kHeadline{150};
constexpr Limit kNotification{1000};
constexpr Limit kText{2500};
constexpr Limit kField{450};
constexpr size_t kMaxFields = 10;
constexpr Limit kEvidence{2000};
constexpr Limit kThread{3500};

// Slack's own: three characters; `&lt;!channel&gt;` calls nobody.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// A URL is closed by '>' and divided from its text by '|'.
std::string link(const std::string& url, std::string_view text) {
  std::string safe;
  for (const char c : escaped(url)) safe += c == '|' ? std::string("%7C") : std::string(1, c);
  return "<" + safe + "|" + std::string(text) + ">";
}

Json section(std::string text) {
  return {{"type", "section"}, {"text", {{"type", "mrkdwn"}, {"text", std::move(text)}}}};
}

const char* color(const Message& message) {
  if (message.resolved) return "#2e7d32";
  switch (message.severity) {
    case Severity::page:
      return "#c62828";
    case Severity::ticket:
      return "#ef6c00";
    case Severity::info:
      return "#1565c0";
  }
  return "#1565c0";
}

std::string links_and_id(const Message& message) {
  return link(message.runbook, "Runbook") + " · " + link(message.page, "Incident") +
         (message.acknowledge.empty() ? "" : " · " + link(message.acknowledge, "Acknowledge")) +
         " · Correlation id: `" + message.correlation + "`";
}

std::string evidence_text(const Message& message) {
  std::string text = message.evidence_title;
  for (const std::string& item : message.evidence) text += "\n• " + item;
  return text;
}

}  // namespace

Json slack_message(const Message& message) {
  Json blocks = Json::array();
  blocks.push_back(
      {{"type", "header"},
       {"text", {{"type", "plain_text"}, {"text", cut(message.headline(), kHeadline)}}}});
  if (!message.text.empty()) blocks.push_back(section(cut_escaped(message.text, kText, escaped)));
  Json fields = Json::array();
  for (const Fact& fact : message.facts) {
    if (fields.size() == kMaxFields) break;
    fields.push_back({{"type", "mrkdwn"},
                      {"text", "*" + fact.name + "*\n" + cut_escaped(fact.text, kField, escaped)}});
  }
  if (!fields.empty()) blocks.push_back({{"type", "section"}, {"fields", std::move(fields)}});
  if (!message.evidence.empty())
    blocks.push_back(section(cut_escaped(evidence_text(message), kEvidence, escaped)));
  blocks.push_back(section(links_and_id(message)));
  return {{"text", cut_escaped(message.headline(), kNotification, escaped)},
          {"attachments", {{{"color", color(message)}, {"blocks", std::move(blocks)}}}}};
}

std::string slack_thread_text(const Message& message) {
  std::string text = message.headline();
  for (const Fact& fact : message.facts) {
    if (fact.name == "Impact" || fact.name == "Note" || fact.name == "Resolved")
      text += "\n" + fact.name + ": " + fact.text;
  }
  if (!message.evidence.empty()) text += "\n" + evidence_text(message);
  return cut_escaped(text, kThread, escaped) + "\nCorrelation id: `" + message.correlation + "`";
}

}  // namespace highwater::notify
