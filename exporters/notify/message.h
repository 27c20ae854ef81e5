// Message: what people read of an incident, made once for all kinds of receivers that write to
// people; and texts cut to what a service takes. Pure; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/notify/message_form.h"
#include "exporters/notify/notice.h"

namespace highwater::notify {

// A runbook whose address is longer is opened from the agent's page of the incident.
constexpr size_t kMaxUrlBytes = 1000;

struct Fact {
  std::string name;
  std::string text;  // one line
};

// All of it is valid UTF-8 without control characters.
struct Message {
  std::string status;          // "PAGE", "TICKET", "INFO" or "RESOLVED"; "TEST PAGE" of a trial
  std::string title;           // one line: "Broker 3 (prod) crashed"
  std::string text;            // what it means; paragraphs, may be empty
  std::vector<Fact> facts;     // the most important first
  std::string evidence_title;  // "12 alerts, 10 of them:"; empty without evidence
  // Of several incidents that are told together: each, with its address.
  std::vector<std::string> evidence;
  std::string runbook;      // a URL of at most kMaxUrlBytes
  std::string page;         // the URL of the incident at the agent
  std::string acknowledge;  // the URL at which it is acknowledged; empty: none
  std::string correlation;  // finds trace, log lines and page
  Severity severity = Severity::ticket;
  bool resolved = false;
  bool loud = false;  // it tells of incidents that were not told before, beside others that were

  [[nodiscard]] std::string headline() const { return "[" + status + "] " + title; }
};

[[nodiscard]] Message message_of(const Delivery& delivery, const std::string& external_url,
                                 const MessageForm& form = {});

// The cause's runbook: itself when it is a URL, else the agent's page, filled in for the incident.
[[nodiscard]] std::string runbook_url(const Incident& incident, const std::string& external_url);
// That a restart would forget this, and why; empty: it is saved.
[[nodiscard]] std::string not_saved_text(const Notice& notice);
[[nodiscard]] std::string incident_url(const Incident& incident, const std::string& external_url);

// How a service counts: in bytes of UTF-8, or in UTF-16 code units, of which an emoji has two (the
// strictest way to count characters).
enum class Unit : uint8_t { bytes, characters };
struct Limit {
  size_t most = 0;
  Unit unit = Unit::characters;
};
[[nodiscard]] size_t length(std::string_view text, Unit unit);

// `text`, or as many words of it as fit with an ellipsis behind them. A word that is longer than
// all there is, is cut between characters.
[[nodiscard]] std::string cut(std::string_view text, Limit limit);

using Escape = std::function<std::string(std::string_view)>;
// The same in the markup of a service: what comes back is escaped and within the limit.
[[nodiscard]] std::string cut_escaped(std::string_view text, Limit limit, const Escape& escape);

// What it means, the facts and the evidence, as plain lines; not cut.
[[nodiscard]] std::string body_text(const Message& message);
// The message without its title as plain lines. What does not fit is cut, but never the runbook and
// the correlation id, which stand at the end.
[[nodiscard]] std::string plain_text(const Message& message, Limit limit);

}  // namespace highwater::notify
