#include "rules/routing/silences.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/core/utf8.h"

namespace highwater::rules {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kNextKey = "next";
// Closed hours are asked about a few years at a time.
constexpr int kMostSteps = 10;

std::string record_key(uint64_t id) {
  return fmt::format("{:020}", id);
}

Json time_json(const std::optional<WallTime>& time) {
  return time ? Json(time->time_since_epoch().count()) : Json();
}

std::optional<WallTime> time_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return WallTime(Duration(found->get<int64_t>()));
}

std::string encode(const Silence& silence) {
  const Json json = {{"id", silence.id},
                     {"matchers", silence.matcher.texts()},
                     {"begins", time_json(silence.begins)},
                     {"ends", time_json(silence.ends)},
                     {"incidents", silence.incidents},
                     {"author", silence.author},
                     {"comment", silence.comment}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Silence> decode(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    Silence silence;
    silence.id = json.at("id").get<uint64_t>();
    auto matcher = Matcher::parse(json.at("matchers").get<std::vector<std::string>>());
    if (!matcher) return tl::unexpected(matcher.error());
    silence.matcher = std::move(*matcher);
    silence.begins = time_of(json, "begins");
    silence.ends = time_of(json, "ends");
    silence.incidents = json.at("incidents").get<std::vector<uint64_t>>();
    silence.author = json.at("author").get<std::string>();
    silence.comment = json.at("comment").get<std::string>();
    if (silence.id == 0 || (!silence.ends && silence.incidents.empty()))
      return fail("it has no id or no end");
    return silence;
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}

Result<void> check_text(std::string_view what, const std::string& text) {
  if (text.find_first_not_of(" \t") == std::string::npos)
    return fail(fmt::format("a silence needs {}", what));
  if (text.size() > Silences::kMaxTextBytes)
    return fail(fmt::format("{} is longer than {} bytes", what, Silences::kMaxTextBytes));
  return {};
}

}  // namespace

std::string one_line(const std::string& text) {
  const std::string valid = utf8::valid(text);
  std::string line;
  for (std::string_view rest = valid; !rest.empty();) {
    const size_t control = utf8::control_length(rest);
    const size_t length = control > 0 ? control : utf8::character_length(rest);
    if (control > 0)
      line += ' ';
    else
      line += rest.substr(0, length);
    rest.remove_prefix(length);
  }
  return line;
}

bool Silence::active(WallTime now) const {
  if (begins && now < *begins) return false;
  if (ends && now >= *ends) return false;
  const auto hours = hours_around(now);
  return !hours || hours->open;
}

std::optional<WallTime> Silence::until(WallTime now) const {
  const auto hours = hours_around(now);
  if (!hours) return ends;
  return ends ? std::min(*ends, hours->end) : hours->end;
}

std::optional<WallInterval> Silence::next(WallTime now) const {
  WallTime at = begins ? std::max(now, *begins) : now;
  for (int step = 0; step < kMostSteps && (!ends || at < *ends); ++step) {
    const auto hours = hours_around(at);
    if (!hours && !ends) return std::nullopt;
    if (!hours) return WallInterval{begins.value_or(now), *ends};
    if (hours->open)
      return WallInterval{begins ? std::max(hours->begin, *begins) : hours->begin,
                          ends ? std::min(hours->end, *ends) : hours->end};
    at = hours->end;
  }
  return std::nullopt;
}

std::optional<YearlyIntervals::Around> Silence::hours_around(WallTime at) const {
  if (calendar != nullptr) return calendar->around(at);
  if (during != nullptr) return during->around(at);
  return std::nullopt;
}

std::string Silence::hours_text() const {
  if (calendar != nullptr) return calendar->text();
  return during == nullptr ? "" : during->text();
}

std::string Silence::text(WallTime now) const {
  const std::optional<WallTime> end = until(now);
  return fmt::format("{} until {}{}",
                     id == 0 ? "maintenance " + name : fmt::format("silence {} by {}", id, author),
                     end ? describe_time(*end) : "what it hides has ended",
                     comment.empty() ? "" : ": " + comment);
}

Result<uint64_t> Silences::add(Silence silence, WallTime now) {
  if (all_.size() >= kMost)
    return fail(fmt::format("there are {} silences already: end some first", kMost));
  if (silence.matcher.matches_all())
    return fail("say what to silence, such as topic=orders; cluster=* is everything");
  if (silence.matcher.texts().size() > kMostMatchers)
    return fail(fmt::format("there are more than {} matchers", kMostMatchers));
  if (auto checked = check_text("an author", silence.author); !checked)
    return tl::unexpected(checked.error());
  if (auto checked = check_text("a comment", silence.comment); !checked)
    return tl::unexpected(checked.error());
  silence.author = one_line(silence.author);
  silence.comment = one_line(silence.comment);
  if (!silence.begins) silence.begins = now;
  if (!silence.ends && silence.incidents.empty())
    return fail("it has no end: say when, or 'until: resolved' while it hides something");
  if (silence.ends && *silence.ends <= std::max(*silence.begins, now))
    return fail("it ends before it begins, or has ended already");
  if (silence.ends && *silence.ends - *silence.begins > kLongest)
    return fail(fmt::format("it lasts longer than {}", format_duration(kLongest)));
  silence.id = next_id_++;
  all_.push_back(std::move(silence));
  ++version_;
  return all_.back().id;
}

std::optional<Silence> Silences::end(uint64_t id) {
  const auto found = std::ranges::find(all_, id, &Silence::id);
  if (found == all_.end()) return std::nullopt;
  Silence ended = std::move(*found);
  all_.erase(found);
  ++version_;
  return ended;
}

std::vector<Silence> Silences::expire(WallTime now, const std::set<uint64_t>& open) {
  const auto is_over = [&](const Silence& silence) {
    if (silence.ends && now >= *silence.ends) return true;
    return !silence.incidents.empty() &&
           std::ranges::none_of(silence.incidents, [&](uint64_t id) { return open.contains(id); });
  };
  std::vector<Silence> ended;
  std::ranges::copy_if(all_, std::back_inserter(ended), is_over);
  if (ended.empty()) return ended;
  std::erase_if(all_, is_over);
  ++version_;
  return ended;
}

void Silences::add_records(std::vector<StateRecord>& records) const {
  if (next_id_ == 1) return;
  records.push_back({std::string(kSilenceKind), std::string(kNextKey), std::to_string(next_id_)});
  for (const Silence& silence : all_)
    records.push_back({std::string(kSilenceKind), record_key(silence.id), encode(silence)});
}

std::vector<std::string> Silences::restore(std::span<const StateRecord> records) {
  std::vector<std::string> problems;
  for (const StateRecord& record : records) {
    if (record.kind != kSilenceKind) continue;
    if (record.key == kNextKey) {
      next_id_ = std::max<uint64_t>(next_id_, std::strtoull(record.value.c_str(), nullptr, 10));
      continue;
    }
    Result<Silence> silence = decode(record.value);
    if (!silence) {
      problems.push_back(fmt::format("a silence: {}", silence.error().message));
      continue;
    }
    if (all_.size() >= kMost) continue;
    next_id_ = std::max(next_id_, silence->id + 1);
    // One was made under that id before the state could be read.
    if (std::ranges::find(all_, silence->id, &Silence::id) != all_.end()) silence->id = next_id_++;
    all_.push_back(std::move(*silence));
  }
  std::ranges::sort(all_, {}, &Silence::id);
  ++version_;
  return problems;
}

}  // namespace highwater::rules
