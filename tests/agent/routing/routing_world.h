// A world without threads of its own but those of receivers: director and notifier on incidents
// that a test opens, changes and ends, with stepped time. What receivers hear is a text.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/core/log.h"
#include "exporters/notify/notifier.h"
#include "rules/routing/director.h"
#include "rules/routing/moment.h"

namespace highwater::agent::testing {

// What was delivered, by all receivers.
class Ear {
 public:
  void hear(const std::string& what) {
    const std::lock_guard lock(mutex_);
    heard_.push_back(what);
  }
  // A receiver that takes nothing until it may.
  void set_deaf(const std::string& name, bool deaf) {
    const std::lock_guard lock(mutex_);
    if (deaf)
      deaf_.insert(name);
    else
      deaf_.erase(name);
  }
  bool is_deaf(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return deaf_.contains(name);
  }
  std::string heard() {
    const std::lock_guard lock(mutex_);
    std::ranges::sort(heard_);
    std::string text;
    for (const std::string& one : heard_) text += (text.empty() ? "" : " ") + one;
    return text;
  }
  std::string take() {
    std::string text = heard();
    const std::lock_guard lock(mutex_);
    heard_.clear();
    return text;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> heard_;
  std::set<std::string> deaf_;
};

// "slack+1": incident 1 is new to it; "slack~1": it changed; "slack=1": the same again; "slack-1":
// it ended. "slack~g2(3,1,-4)": of group 2 incidents 3 and 1 are open, and 4 has ended.
class EarReceiver : public notify::Receiver {
 public:
  EarReceiver(std::string name, Ear& ear) : name_(std::move(name)), ear_(ear) {}
  notify::Answer deliver(const notify::Delivery& delivery, const notify::Attempt&) override {
    if (ear_.is_deaf(name_)) return notify::retry("deaf", 503);
    const char* const kind = delivery.resolved() ? "-"
                             : delivery.repeat   ? "="
                             : delivery.first    ? "+"
                                                 : "~";
    const std::string& affected = delivery.notice->transition.affected;
    ear_.hear(name_ + kind + what(delivery.incident()) +
              (affected.empty() ? "" : "(" + affected + ")"));
    return notify::delivered(200);
  }

 private:
  static std::string what(const Incident& incident) {
    if (incident.group == nullptr) return std::to_string(incident.id);
    std::string list;
    for (const GroupedIncident& one : incident.group->listed)
      list +=
          (list.empty() ? "" : ",") + std::string(one.ended ? "-" : "") + std::to_string(one.id);
    return "g" + std::to_string(group_number(incident.id)) + "(" + list + ")";
  }

  const std::string name_;
  Ear& ear_;
};

class RoutingWorld {
 public:
  // `config` is what stands below `clusters` and `receivers`; receivers are named with their lowest
  // severity, "pager:page slack mail:info"; without one it is ticket.
  RoutingWorld(const std::string& receivers, const std::string& config)
      : receivers_(receivers), director_(plan_of(config)) {
    start({}, {}, {});
  }

  // Does what is said, and returns what was heard of it; waits for what is expected, which comes
  // soon, at some time.
  std::string step(const std::string& line, const std::string& expected = "") {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    std::vector<std::string> rest;
    for (std::string word; words >> word;) rest.push_back(word);
    Report report;
    if (verb == "open") {
      open(rest, report);
    } else if (verb == "worse" || verb == "update") {
      change(rest, report);
    } else if (verb == "cause") {
      add_cause(rest);
    } else if (verb == "evidence") {
      add_evidence(rest);
    } else if (verb == "clear") {
      alerts_.clear();
    } else if (verb == "resolve") {
      resolve(rest, report);
    } else if (verb == "silence") {
      silence(rest);
    } else if (verb == "end") {
      EXPECT_TRUE(director_.silences().end(std::stoull(rest.at(0)))) << line;
    } else if (verb == "ack") {
      ack(rest);
    } else if (verb == "unack") {
      EXPECT_TRUE(director_.acks().end(std::stoull(rest.at(0)))) << line;
    } else if (verb == "deaf") {
      ear_.set_deaf(rest.at(0), true);
    } else if (verb == "receivers") {
      replace_receivers(rest);
    } else if (verb == "down") {
      pass(*parse_duration(rest.at(0)));
      restart("");
    } else if (verb == "clock") {
      const bool back = rest.at(0).starts_with("-");
      const Duration jump = *parse_duration(rest.at(0).substr(back ? 1 : 0));
      now_.wall += back ? -jump : jump;
    } else if (verb == "wait") {
      pass(*parse_duration(rest.at(0)));
    } else if (verb == "at") {
      pass(*rules::parse_moment(line.substr(3)) - now_.wall);
    } else if (verb == "restart") {
      restart(line.size() > 8 ? line.substr(8) : "");
    } else if (verb == "reload") {
      director_.replace(plan_of(line.substr(7)));
    } else {
      ADD_FAILURE() << "no such step: " << line;
    }
    return judge(report, expected);
  }

  [[nodiscard]] const std::map<uint64_t, Incident>& incidents() const { return incidents_; }
  [[nodiscard]] const rules::Director& director() const { return director_; }

 private:
  static std::pair<std::string, Severity> receiver_of(const std::string& word) {
    const size_t colon = word.find(':');
    const Severity lowest =
        colon == std::string::npos ? Severity::ticket : severity_of(word.substr(colon + 1));
    return {word.substr(0, colon), lowest};
  }
  static Severity severity_of(const std::string& name) {
    return name == "page" ? Severity::page : name == "info" ? Severity::info : Severity::ticket;
  }

  rules::RoutingPlan plan_of(const std::string& config) {
    std::string text = "clusters: [{name: prod, bootstrap: \"k:1\"}]\nreceivers:\n";
    std::istringstream words(receivers_);
    for (std::string word; words >> word;)
      text += "  - {name: " + receiver_of(word).first +
              ", severity: " + std::string(severity_name(receiver_of(word).second)) +
              ", command: {path: /bin/true}}\n";
    Diagnostics diagnostics;
    const auto read = parse_config(text + config, "highwater.yaml", diagnostics);
    EXPECT_TRUE(read) << (diagnostics.empty() ? "" : diagnostics.front().text());
    return read ? read->routing : rules::RoutingPlan();
  }

  void start(const notify::Heard& heard, const std::vector<notify::Undelivered>& undelivered,
             const std::vector<Incident>& open) {
    std::vector<notify::NamedReceiver> receivers;
    std::istringstream words(receivers_);
    for (std::string word; words >> word;) receivers.push_back(make(word));
    notifier_ = std::make_unique<notify::Notifier>(std::move(receivers), notify::NotifierOptions(),
                                                   clock_, log_, notify::SpanSink());
    notifier_->restore(open, undelivered, heard);
  }

  notify::NamedReceiver make(const std::string& word) {
    notify::NamedReceiver one;
    std::tie(one.name, one.policy.lowest) = receiver_of(word);
    one.receiver = std::make_unique<EarReceiver>(one.name, ear_);
    return one;
  }

  // receivers pager | slack: pager goes on, slack is new or changed, all others end.
  void replace_receivers(const std::vector<std::string>& words) {
    const auto bar = std::ranges::find(words, "|");
    std::set<std::string> kept(words.begin(), bar);
    std::vector<notify::NamedReceiver> made;
    for (auto word = bar; word != words.end(); ++word) {
      if (*word == "|") continue;
      ear_.set_deaf(receiver_of(*word).first, false);
      made.push_back(make(*word));
    }
    notifier_->replace(kept, std::move(made));
  }

  void pass(Duration time) {
    now_.wall += time;
    now_.steady += time;
  }

  Entity entity_of(const std::vector<std::string>& labels) {
    Entity entity;
    entity.labels.emplace_back(Symbol("cluster"), Symbol("prod"));
    for (const std::string& label : labels) {
      const size_t sign = label.find('=');
      const std::string name = label.substr(0, sign);
      if (sign == std::string::npos || name == "alertname") continue;
      entity.labels.emplace_back(Symbol(name), Symbol(label.substr(sign + 1)));
    }
    std::ranges::sort(entity.labels);
    return entity;
  }
  static std::string rule_of(const std::vector<std::string>& labels) {
    for (const std::string& label : labels) {
      if (label.starts_with("alertname=")) return label.substr(10);
    }
    return "Lag";
  }

  void tell(TransitionKind kind, const Incident& incident, Report& report) {
    report.transitions.push_back({++sequence_, kind, incident, incident.resolution, nullptr});
  }

  // open 1 ticket alertname=Lag topic=orders
  void open(const std::vector<std::string>& words, Report& report) {
    Incident& incident = incidents_[std::stoull(words.at(0))];
    incident.id = std::stoull(words.at(0));
    incident.correlation = TraceId::random();
    incident.severity = severity_of(words.at(1));
    incident.cause.rule = rule_of(words);
    incident.cause.entity = entity_of({words.begin() + 2, words.end()});
    incident.headline = incident.cause;
    incident.opened = incident.updated = now_.wall;
    tell(TransitionKind::opened, incident, report);
  }

  // worse 1 page; update 1 alertname=BrokerDown: another fault is in the title
  void change(const std::vector<std::string>& words, Report& report) {
    Incident& incident = incidents_.at(std::stoull(words.at(0)));
    for (const std::string& word : words) {
      if (word == "page" || word == "ticket" || word == "info")
        incident.severity = severity_of(word);
      if (word.starts_with("alertname=")) {
        incident.headline.rule = rule_of(words);
        incident.headline.entity = entity_of({words.begin() + 1, words.end()});
      }
    }
    tell(TransitionKind::updated, incident, report);
  }

  // cause 1 alertname=BrokerDown broker=3; cause 1 unlisted
  void add_cause(const std::vector<std::string>& words) {
    Incident& incident = incidents_.at(std::stoull(words.at(0)));
    if (words.at(1) == "unlisted") {
      ++incident.unlisted_causes;
      return;
    }
    Evidence& evidence = incident.evidence.emplace_back();
    evidence.rule = rule_of(words);
    evidence.entity = entity_of({words.begin() + 1, words.end()});
    evidence.cause = true;
    incident.evidence_count = incident.evidence.size();
  }

  // evidence 1 ticket topic=orders; `clear`: all evidence of all incidents ends.
  void add_evidence(const std::vector<std::string>& words) {
    Alert& alert = alerts_.emplace_back();
    alert.incident = std::stoull(words.at(0));
    alert.severity = severity_of(words.at(1));
    alert.state = AlertState::firing;
    alert.rule = rule_of(words);
    alert.entity = entity_of({words.begin() + 2, words.end()});
  }

  void resolve(const std::vector<std::string>& words, Report& report) {
    const auto found = incidents_.find(std::stoull(words.at(0)));
    found->second.ended = now_.wall;
    found->second.resolution = "over";
    tell(TransitionKind::resolved, found->second, report);
    incidents_.erase(found);
  }

  // silence topic=orders for=2h; from=1h: in an hour; until=resolved
  void silence(const std::vector<std::string>& words) {
    rules::Silence silence;
    std::vector<std::string> matchers;
    std::optional<Duration> lasts;
    bool resolved = false;
    for (const std::string& word : words) {
      if (word.starts_with("for="))
        lasts = *parse_duration(word.substr(4));
      else if (word.starts_with("from="))
        silence.begins = now_.wall + *parse_duration(word.substr(5));
      else if (word == "until=resolved")
        resolved = true;
      else
        matchers.push_back(word);
    }
    silence.matcher = *rules::Matcher::parse(matchers);
    if (lasts) silence.ends = silence.begins.value_or(now_.wall) + *lasts;
    if (resolved) silence.incidents = rules::Director::hidden_by(silence, director_.plan(), all());
    silence.author = "ann";
    silence.comment = "test";
    const auto added = director_.silences().add(silence, now_.wall);
    EXPECT_TRUE(added) << (added ? "" : added.error().message);
  }

  // ack 1; ack 1 2h
  void ack(const std::vector<std::string>& words) {
    const Incident& incident = incidents_.at(std::stoull(words.at(0)));
    std::optional<Duration> lasts;
    if (words.size() > 1) lasts = *parse_duration(words[1]);
    EXPECT_TRUE(director_.acks().add(incident, "ann", lasts, now_.wall));
  }

  // `down 12m`: the agent starts again so much later, and its steady clock anew.
  // As after kill -9 behind the last commit; perhaps with another configuration.
  void restart(const std::string& config) {
    const notify::Heard heard = notifier_->heard();
    const auto undelivered = notifier_->undelivered();
    const std::vector<rules::StateRecord> records = director_.records();
    rules::RoutingPlan plan = config.empty() ? director_.plan() : plan_of(config);
    notifier_.reset();
    director_ = rules::Director(std::move(plan));
    EXPECT_TRUE(director_.restore(records).empty());
    now_.steady -= std::chrono::hours(50);
    std::vector<Incident> open = all();
    for (Incident& group : director_.told_groups()) open.push_back(std::move(group));
    start(heard, undelivered, open);
  }

  [[nodiscard]] std::vector<Incident> all() const {
    std::vector<Incident> open;
    for (const auto& [id, incident] : incidents_) open.push_back(incident);
    return open;
  }

  std::string judge(Report& made, const std::string& expected) {
    made.at = now_;
    made.incidents = all();
    made.alerts = alerts_;
    for (const auto& [id, incident] : incidents_) {
      made.alerts.push_back(incident.cause);
      made.alerts.back().incident = id;
    }
    director_.direct(made, [this](const std::string& receiver, uint64_t id) {
      return notifier_->hearing(receiver, id);
    });
    for (const Incident& incident : made.incidents)
      incidents_.at(incident.id).direction = incident.direction;
    notifier_->publish(std::make_shared<const Report>(std::move(made)));
    const auto is_done = [&] {
      for (const auto& stats : notifier_->stats()) {
        if (stats.pending > 0 && !ear_.is_deaf(stats.name)) return false;
      }
      return ear_.heard() == expected;
    };
    for (int i = 0; i < 5000 && !is_done(); ++i) usleep(1'000);
    return ear_.take();
  }

  const std::string receivers_;
  Now now_{SteadyTime(std::chrono::hours(100)), *rules::parse_moment("2026-06-01 12:00")};
  SystemClock clock_;
  Log log_{clock_, LogLevel::error, LogForm::json, null_sink()};
  Ear ear_;
  rules::Director director_;
  std::unique_ptr<notify::Notifier> notifier_;
  std::map<uint64_t, Incident> incidents_;
  std::vector<Alert> alerts_;  // evidence
  uint64_t sequence_ = 0;
};

}  // namespace highwater::agent::testing
