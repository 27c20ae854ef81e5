#include "exporters/notify/message_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "agent/core/diagnostic.h"
#include "agent/core/incident_group.h"
#include "agent/core/time.h"
#include "exporters/incident_text.h"
#include "exporters/notify/message.h"
#include "exporters/push/budget_text.h"

namespace highwater::notify {
namespace {

struct Placeholder {
  std::string_view name;
  std::string (*text)(const Delivery&, const std::string& external_url);
};

std::string label_of(const Delivery& delivery, std::string_view name) {
  return delivery.incident().headline.entity.label(name).text();
}

std::string budget_of(const Delivery& delivery, std::string_view name) {
  const auto& budget = delivery.incident().headline.budget;
  if (!budget) return {};
  for (const auto& [key, text] : budget_texts(*budget)) {
    if (key == name) return text;
  }
  return {};
}

std::string lasted_of(const Delivery& delivery) {
  const WallTime opened = delivery.incident().opened;
  return delivery.resolved() ? describe_duration(std::max(delivery.notice->at, opened) - opened)
                             : std::string();
}

uint64_t shown_number(const Incident& incident) {
  return is_several(incident) ? incident.id : shown_id(incident);
}

using Url = const std::string&;
constexpr std::array kPlaceholders{
    Placeholder{"title", [](const Delivery& of, Url) { return incident_title(of.incident()); }},
    Placeholder{"severity", [](const Delivery& of,
                               Url) { return std::string(severity_name(of.incident().severity)); }},
    Placeholder{"status", [](const Delivery& of,
                             Url) { return std::string(of.resolved() ? "resolved" : "firing"); }},
    Placeholder{"resolved",
                [](const Delivery& of, Url) {
                  return of.resolved() ? of.notice->transition.resolution : std::string();
                }},
    Placeholder{"alertname", [](const Delivery& of, Url) { return of.incident().headline.rule; }},
    Placeholder{"cluster", [](const Delivery& of, Url) { return label_of(of, "cluster"); }},
    Placeholder{"broker", [](const Delivery& of, Url) { return label_of(of, "broker"); }},
    Placeholder{"topic", [](const Delivery& of, Url) { return label_of(of, "topic"); }},
    Placeholder{"group", [](const Delivery& of, Url) { return label_of(of, "group"); }},
    Placeholder{"team", [](const Delivery& of, Url) { return of.incident().team; }},
    Placeholder{"description",
                [](const Delivery& of, Url) { return of.incident().headline.description; }},
    Placeholder{"impact", [](const Delivery& of, Url) { return impact_text(of.incident()); }},
    Placeholder{"note", [](const Delivery& of, Url) { return note_text(of.incident()); }},
    Placeholder{"remedy",
                [](const Delivery& of, Url) {
                  return of.resolved() ? std::string() : remedy_line(of.notice->remedy);
                }},
    Placeholder{"not_saved", [](const Delivery& of, Url) { return not_saved_text(*of.notice); }},
    Placeholder{"changes", [](const Delivery& of, Url) { return changes_text(of.incident()); }},
    Placeholder{"escalated",
                [](const Delivery& of, Url) {
                  return of.resolved() ? std::string() : of.notice->transition.because;
                }},
    Placeholder{"affected",
                [](const Delivery& of, Url) {
                  return of.resolved() ? std::string() : of.notice->transition.affected;
                }},
    Placeholder{"since", [](const Delivery& of, Url) { return format_time(of.incident().opened); }},
    Placeholder{"lasted", [](const Delivery& of, Url) { return lasted_of(of); }},
    Placeholder{"budget",
                [](const Delivery& of, Url) { return budget_of(of, "error_budget_remaining"); }},
    Placeholder{"burn_rate", [](const Delivery& of, Url) { return budget_of(of, "burn_rate"); }},
    Placeholder{"incident",
                [](const Delivery& of, Url) { return id_text(shown_number(of.incident())); }},
    Placeholder{"correlation_id",
                [](const Delivery& of, Url) { return of.incident().correlation.hex(); }},
    Placeholder{"runbook",
                [](const Delivery& of, Url url) { return runbook_url(of.incident(), url); }},
    Placeholder{"page",
                [](const Delivery& of, Url url) { return incident_url(of.incident(), url); }},
};

std::string unknown(std::string_view name) {
  return fmt::format("there is no placeholder '{}': {}", name,
                     did_you_mean(std::string(name), placeholder_names()));
}

}  // namespace

// What stands between braces: "topic", "?topic" or "/topic".
Result<TextForm::Part> TextForm::read_tag(std::string_view tag) {
  Part part{Part::Kind::value, {}, 0};
  if (tag.starts_with('?') || tag.starts_with('/')) {
    part.kind = tag.front() == '?' ? Part::Kind::begin : Part::Kind::end;
    tag.remove_prefix(1);
  }
  const auto found = std::ranges::find(kPlaceholders, tag, &Placeholder::name);
  if (found == kPlaceholders.end()) return fail(unknown(tag));
  part.placeholder = static_cast<size_t>(found - kPlaceholders.begin());
  return part;
}

Result<void> TextForm::check_conditions() const {
  std::vector<std::string_view> open;
  for (const Part& part : parts_) {
    const std::string_view name = kPlaceholders.at(part.placeholder).name;
    if (part.kind == Part::Kind::begin) open.push_back(name);
    if (open.size() > kMaxDepth)
      return fail(fmt::format("conditions stand in each other deeper than {}", kMaxDepth));
    if (part.kind != Part::Kind::end) continue;
    if (open.empty() || open.back() != name)
      return fail(fmt::format("'{{/{}}}' closes nothing that is open", name));
    open.pop_back();
  }
  if (open.empty()) return {};
  return fail(fmt::format("'{{?{0}}}' is not closed: write '{{/{0}}}' behind what depends on it",
                          open.back()));
}

Result<TextForm> TextForm::parse(std::string_view text) {
  if (text.size() > kMaxBytes) return fail(fmt::format("it is longer than {} bytes", kMaxBytes));
  TextForm form;
  while (!text.empty()) {
    const bool brace = text.starts_with("{{");
    if (brace || text.front() != '{') {
      const size_t length = brace ? 2 : std::min(text.find('{'), text.size());
      form.parts_.push_back({Part::Kind::text, std::string(text.substr(0, brace ? 1 : length)), 0});
      text.remove_prefix(length);
      continue;
    }
    const size_t end = text.find('}');
    if (end == std::string_view::npos)
      return fail("a '{' is not closed; a brace by itself is written '{{'");
    auto part = read_tag(text.substr(1, end - 1));
    if (!part) return tl::unexpected(part.error());
    form.parts_.push_back(std::move(*part));
    text.remove_prefix(end + 1);
  }
  if (auto checked = form.check_conditions(); !checked) return tl::unexpected(checked.error());
  return form;
}

std::string TextForm::render(const Delivery& delivery, const std::string& external_url) const {
  std::string out;
  size_t hidden = 0;  // conditions that are open and do not hold
  for (const Part& part : parts_) {
    if (part.kind == Part::Kind::text) {
      if (hidden == 0) out += part.text;
      continue;
    }
    if (hidden > 0) {
      if (part.kind == Part::Kind::begin) ++hidden;
      if (part.kind == Part::Kind::end) --hidden;
      continue;
    }
    const std::string value = kPlaceholders.at(part.placeholder).text(delivery, external_url);
    if (part.kind == Part::Kind::value) out += value;
    if (part.kind == Part::Kind::begin && value.empty()) hidden = 1;
  }
  return out;
}

std::vector<std::string> placeholder_names() {
  std::vector<std::string> names;
  for (const Placeholder& placeholder : kPlaceholders) names.emplace_back(placeholder.name);
  return names;
}

}  // namespace highwater::notify
