#include "collectors/topics/dead_letters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

const std::vector<std::string_view> kTopic{"cluster", "topic"};
const Measure kArrived{
    "dead_letters_since_silence_records",
    "How many records came to the dead-letter topic since it was last silent for an hour, or since "
    "the agent began to watch; 0 while it is silent, unknown until a record came or an hour was "
    "watched.",
    Unit::records, MeasureType::gauge, kTopic};
const Measure kRate{"dead_letter_records_per_second",
                    "How many records a second came to the dead-letter topic over the last five "
                    "minutes; unknown until watched for a part of that.",
                    Unit::records, MeasureType::gauge, kTopic};
const Measure kShare{
    "dead_letter_share_ratio",
    "How much the dead-letter topic got over the last five minutes of what the topic it is of got, "
    "at most 1; unknown until watched for a part of that.",
    Unit::ratio,
    MeasureType::gauge,
    {"cluster", "topic", "source_topic"}};

constexpr std::array<const Measure*, 3> kMeasures{&kArrived, &kRate, &kShare};

constexpr size_t kMaxNotes = 1000;
constexpr Duration kSilence = std::chrono::hours(1);
constexpr Duration kLength = std::chrono::minutes(5);
constexpr std::array<std::string_view, 17> kUsual{
    "*.dlq", "*-dlq", "*_dlq",         "*.DLQ",         "*-DLQ",         "*_DLQ",
    "*.dlt", "*-dlt", "*_dlt",         "*.DLT",         "*-DLT",         "*_DLT",
    "dlq.*", "dlq-*", "*.dead-letter", "*-dead-letter", "*-dead-letters"};

struct End {
  double sum = 0;
  Unknown reason = Unknown::known;
};

End end_of(const kafka::ClusterView& view, const kafka::TopicView& topic) {
  End end;
  end.reason = listing_reason(view, topic);
  for (const kafka::PartitionView& partition : topic.partitions) {
    end.sum += static_cast<double>(partition.high_watermark.offset);
    end.reason = first_unknown(end.reason, partition.high_watermark.reason);
  }
  return end;
}

// What stands for the wildcard of a glob that has one, at its begin or end; else nothing.
std::string_view stem_of(std::string_view name, std::string_view glob) {
  if (glob.find_first_of("*?") == std::string_view::npos || glob.starts_with('/')) return {};
  if (glob.starts_with('*') && glob.find_first_of("*?", 1) == std::string_view::npos)
    return name.substr(0, name.size() - (glob.size() - 1));
  if (glob.find_first_of("*?") == glob.size() - 1 && glob.ends_with('*'))
    return name.substr(glob.size() - 1);
  return {};
}

}  // namespace

std::vector<Pattern> usual_dead_letters() {
  std::vector<Pattern> patterns;
  for (const std::string_view text : kUsual) patterns.push_back(Pattern::parse(text).value());
  return patterns;
}

std::span<const Measure* const> DeadLetters::measures() {
  return kMeasures;
}

std::span<const WatchFirst> DeadLetters::watch_first() {
  static const WatchFirst kWatch[] = {{&kArrived, kSilence}};
  return kWatch;
}

void DeadLetters::add_to(Observation& observation, const kafka::ClusterView& view, Now now) {
  find_topics(view);
  for (const Pair& pair : pairs_) keys_.add(view.cluster, view.topics[pair.topic].name);
  const auto keys = keys_.finish();
  std::vector<Memory>& memories = history_.align(keys);
  Column arrived(kArrived, pairs_.size());
  Column rate(kRate, pairs_.size());
  Column share(kShare, share_keys_.expected_rows());
  Relation has{"has dead letters in topics", keys, nullptr, {}};
  for (size_t row = 0; row < pairs_.size(); ++row) {
    const kafka::TopicView& topic = view.topics[pairs_[row].topic];
    Memory& memory = memories[row];
    const End own = end_of(view, topic);
    if (own.reason == Unknown::known) watch(topic, own.sum, now, memory);
    // Whether it has been silent for long is not known before an hour of watching.
    const bool tells = memory.seen && (memory.arrived > 0 || now.steady - memory.began >= kSilence);
    arrived.add(memory.arrived,
                first_unknown(own.reason, tells ? Unknown::known : Unknown::not_asked));
    if (memory.arrived > 0) add_note(observation, keys->row(row), memory);
    const auto grown = memory.own.interval();
    rate.add(grown ? std::max(0.0, grown->rate(0)) : kNoValue,
             first_unknown(own.reason, grown ? Unknown::known : Unknown::not_asked));
    if (!pairs_[row].source) continue;
    const kafka::TopicView& source = view.topics[*pairs_[row].source];
    has.pairs.emplace_back(row, source_keys_.add(view.cluster, source.name));
    share_keys_.add(view.cluster, topic.name, source.name);
    const End whole = end_of(view, source);
    const Unknown reason = first_unknown(own.reason, whole.reason);
    if (reason == Unknown::known) memory.both.add(now.steady, kLength, {own.sum, whole.sum});
    const auto both = memory.both.interval();
    const double part = both ? std::max(0.0, both->rate(0)) : 0;
    const double all = both ? both->rate(1) : 0;
    share.add(part <= 0    ? 0
              : part < all ? part / all
                           : 1,
              first_unknown(reason, both ? Unknown::known : Unknown::not_asked));
  }
  has.to = source_keys_.finish();
  observation.tables.push_back(std::move(arrived).build(keys));
  observation.tables.push_back(std::move(rate).build(keys));
  observation.tables.push_back(std::move(share).build(share_keys_.finish()));
  if (!has.pairs.empty()) observation.relations.push_back(std::move(has));
}

void DeadLetters::add_note(Observation& observation, std::span<const Symbol> names,
                           const Memory& memory) {
  if (observation.notes.size() >= kMaxNotes) return;
  const std::string silence = describe_duration(memory.silence);
  observation.notes.push_back(
      {Entity(kTopic, names),
       memory.watched || memory.silence >= kSilence
           ? fmt::format("the first in {} or more", silence)
           : fmt::format("the first since the watch began, {} before", silence)});
}

// Only when topics came or went: a thousand names against many patterns are not for each poll.
void DeadLetters::find_topics(const kafka::ClusterView& view) {
  if (std::ranges::equal(names_, view.topics, {}, {}, &kafka::TopicView::name)) return;
  names_.clear();
  places_.clear();
  pairs_.clear();
  for (size_t i = 0; i < view.topics.size(); ++i) {
    names_.push_back(view.topics[i].name);
    places_.emplace(view.topics[i].name, i);
  }
  for (size_t i = 0; i < view.topics.size(); ++i) {
    const std::string& name = names_[i].text();
    if (std::ranges::any_of(patterns_, [&](const Pattern& one) { return one.matches(name); }))
      pairs_.push_back({i, source_of(name)});
  }
}

std::optional<size_t> DeadLetters::source_of(std::string_view name) const {
  for (const Pattern& pattern : patterns_) {
    if (!pattern.matches(name)) continue;
    const std::string_view stem = stem_of(name, pattern.text());
    if (stem.empty()) continue;
    const auto found = places_.find(Symbol(stem));
    if (found != places_.end()) return found->second;
  }
  return std::nullopt;
}

void DeadLetters::watch(const kafka::TopicView& topic, double end, Now now, Memory& memory) {
  if (!memory.seen || memory.id != topic.id) {
    memory = {};
    memory.seen = true;
    memory.id = topic.id;
    memory.end = end;
    memory.began = now.steady;
  }
  if (end > memory.end) {
    if (memory.arrived == 0) {
      memory.watched = memory.grew != SteadyTime{};
      memory.silence = now.steady - (memory.watched ? memory.grew : memory.began);
    }
    memory.arrived += end - memory.end;
    memory.grew = now.steady;
  } else if (now.steady - memory.grew >= kSilence) {
    memory.arrived = 0;
  }
  memory.end = end;
  memory.own.add(now.steady, kLength, {end});
}

}  // namespace highwater::collectors
