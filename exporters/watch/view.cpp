#include "exporters/watch/view.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <tuple>

#include "exporters/json_fields.h"

namespace highwater::watch {
namespace {

constexpr std::array<std::string_view, 2> kIncidentOrders{"worst first", "newest first"};
constexpr std::array<std::string_view, 2> kClusterOrders{"by name", "most brokers away first"};
constexpr std::array<std::string_view, 2> kBudgetOrders{"least left first", "by name"};
constexpr std::array<std::string_view, 4> kGroupOrders{
    "most seconds behind first", "most records behind first", "unknown first", "by name"};

std::span<const std::string_view> orders_of(Section section) {
  switch (section) {
    case Section::incidents:
      return kIncidentOrders;
    case Section::clusters:
      return kClusterOrders;
    case Section::budgets:
      return kBudgetOrders;
    case Section::groups:
      break;
  }
  return kGroupOrders;
}

size_t place(Section section) {
  return static_cast<size_t>(section);
}

size_t brokers_away(const ClusterRow& cluster) {
  return cluster.broker_count - std::min(cluster.brokers_up, cluster.broker_count);
}

bool group_comes_first(const GroupRow& a, const GroupRow& b, size_t order) {
  const bool a_unknown = !a.lag_seconds && !a.lag_records;
  const bool b_unknown = !b.lag_seconds && !b.lag_records;
  switch (order) {
    // Nothing is less than any number: what is unknown comes last.
    case 0:
      return std::tie(b.lag_seconds, b.lag_records) < std::tie(a.lag_seconds, a.lag_records);
    case 1:
      return b.lag_records < a.lag_records;
    case 2:
      if (a_unknown != b_unknown) return a_unknown;
      return group_comes_first(a, b, 0);
    default:
      return std::tie(a.group, a.topic, a.cluster) < std::tie(b.group, b.topic, b.cluster);
  }
}

// The agent's own order is that of the first of each section, but for groups.
void sort(const Picture& picture, Section section, size_t order, std::vector<size_t>& rows) {
  switch (section) {
    case Section::incidents:
      if (order == 1) {
        std::ranges::stable_sort(rows, [&](size_t i, size_t j) {
          return picture.incidents[i].opened > picture.incidents[j].opened;
        });
      }
      return;
    case Section::clusters:
      if (order == 1)
        std::ranges::stable_sort(rows, std::ranges::greater{},
                                 [&](size_t i) { return brokers_away(picture.clusters[i]); });
      return;
    case Section::budgets:
      std::ranges::stable_sort(rows, [&](size_t i, size_t j) {
        const BudgetRow& a = picture.budgets[i];
        const BudgetRow& b = picture.budgets[j];
        if (order == 0) return a.left.value_or(0) < b.left.value_or(0);
        return std::tie(a.slo, a.entity, a.cluster) < std::tie(b.slo, b.entity, b.cluster);
      });
      return;
    case Section::groups:
      std::ranges::stable_sort(rows, [&](size_t i, size_t j) {
        return group_comes_first(picture.groups[i], picture.groups[j], order);
      });
      return;
  }
}

std::string entity_text(const nlohmann::json& alert) {
  std::string text;
  for (const auto& [name, value] : object_of(alert, "entity").items()) {
    if (value.is_string())
      text += (text.empty() ? "" : " ") + name + "=" + value.get<std::string>();
  }
  return text;
}

void settle_detail(Detail& detail, const PicturePtr& picture) {
  detail.gone = !find_row(*picture, detail.section, detail.key);
  if (!detail.gone) detail.picture = picture;
}

}  // namespace

std::vector<size_t> rows_of(const Picture& picture, const View& view, Section section) {
  const std::string wanted = in_lower_case(view.filter);
  std::vector<size_t> rows;
  for (size_t i = 0; i < row_count(picture, section); ++i) {
    if (row(picture, section, i).search.find(wanted) != std::string::npos) rows.push_back(i);
  }
  sort(picture, section, view.order[place(section)], rows);
  return rows;
}

size_t order_count(Section section) {
  return orders_of(section).size();
}

std::string_view order_name(Section section, size_t order) {
  return orders_of(section)[order % order_count(section)];
}

void settle(View& view, const PicturePtr& picture) {
  if (picture == nullptr) return;
  if (view.detail) settle_detail(*view.detail, picture);
  std::vector<size_t> rows = rows_of(*picture, view, view.section);
  if (rows.empty()) {
    // The first section that has any; the same one when none has.
    for (const Section section : kSections) {
      rows = rows_of(*picture, view, section);
      if (rows.empty()) continue;
      view.section = section;
      view.index = 0;
      view.key.clear();
      break;
    }
  }
  if (rows.empty()) {
    view.index = 0;
    view.key.clear();
    return;
  }
  const auto same = std::ranges::find_if(
      rows, [&](size_t i) { return row(*picture, view.section, i).key == view.key; });
  if (same != rows.end()) view.index = static_cast<size_t>(same - rows.begin());
  view.index = std::min(view.index, rows.size() - 1);
  view.key = row(*picture, view.section, rows[view.index]).key;
}

std::optional<Question> question_of(const View& view) {
  if (!view.detail || view.detail->picture == nullptr) return std::nullopt;
  const Detail& detail = *view.detail;
  const auto index = find_row(*detail.picture, detail.section, detail.key);
  if (!index) return std::nullopt;
  switch (detail.section) {
    case Section::incidents: {
      const auto& headline =
          object_of(*row(*detail.picture, detail.section, *index).json, "headline");
      return Question{text_of(headline, "alertname"), entity_text(headline)};
    }
    case Section::budgets: {
      const BudgetRow& budget = detail.picture->budgets[*index];
      return Question{budget.slo, budget.entity};
    }
    case Section::clusters:
    case Section::groups:
      break;
  }
  return std::nullopt;
}

std::optional<size_t> find_row(const Picture& picture, Section section, std::string_view key) {
  for (size_t i = 0; i < row_count(picture, section); ++i) {
    if (row(picture, section, i).key == key) return i;
  }
  return std::nullopt;
}

}  // namespace highwater::watch
