#include "collectors/sources/json_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "agent/core/diagnostic.h"
#include "collectors/sources/shown.h"

namespace highwater::sources {
namespace {

using Json = nlohmann::json;
using Kind = JsonStep::Kind;

// The library builds what it reads as it goes: what is too much is found before it begins.
Result<void> check_size(std::string_view text, const JsonLimits& limits) {
  size_t depth = 0;
  size_t values = 1;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted) {
      if (c == '\\') ++i;
      continue;
    }
    if (c == '{' || c == '[') {
      ++values;
      if (++depth > limits.depth)
        return fail(fmt::format("it is nested deeper than {} levels", limits.depth));
    } else if (c == '}' || c == ']') {
      depth -= depth > 0 ? 1 : 0;
    } else if (c == ',') {
      ++values;
    }
    if (values > limits.values)
      return fail(fmt::format("it holds more than {} values", limits.values));
  }
  return {};
}

// Finds names that stand twice in an object, which the library itself lets pass.
class Duplicates {
 public:
  void see(int depth, Json::parse_event_t event, const Json& parsed) {
    const auto level = static_cast<size_t>(depth);
    if (event == Json::parse_event_t::object_start) {
      if (names_.size() <= level) names_.resize(level + 1);
      names_[level].clear();
    } else if (event == Json::parse_event_t::key && level > 0 && found_.empty()) {
      const auto& name = parsed.get_ref<const std::string&>();
      if (!names_[level - 1].insert(name).second) found_ = name;
    }
  }
  [[nodiscard]] const std::string& found() const { return found_; }

 private:
  std::vector<std::set<std::string, std::less<>>> names_;  // by depth
  std::string found_;
};

JsonValue value_of(const Json* json) {
  JsonValue value;
  if (json == nullptr) return value;
  switch (json->type()) {
    case Json::value_t::null:
      value.kind = JsonValue::Kind::null;
      break;
    case Json::value_t::boolean:
      value.kind = JsonValue::Kind::boolean;
      value.number = json->get<bool>() ? 1 : 0;
      break;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      value.kind = JsonValue::Kind::number;
      value.number = json->get<double>();
      break;
    case Json::value_t::string:
      value.kind = JsonValue::Kind::text;
      value.text = json->get_ref<const std::string&>();
      break;
    case Json::value_t::object:
    case Json::value_t::array:
    case Json::value_t::binary:
    case Json::value_t::discarded:
      value.kind = JsonValue::Kind::container;
      break;
  }
  return value;
}

const Json* member(const Json& json, std::string_view name) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(name);
  return found == json.end() ? nullptr : &*found;
}

const Json* item(const Json& json, size_t index) {
  return json.is_array() && index < json.size() ? &json[index] : nullptr;
}

struct Walk {
  const std::vector<JsonStep>& steps;
  const JsonPage::Visit& visit;
  std::vector<JsonBinding> bindings;

  // Paths are short, so this never goes deep.
  void go(const Json* json, size_t next) {  // NOLINT(misc-no-recursion)
    if (next == steps.size() || json == nullptr) {
      const bool bound = std::none_of(steps.begin() + static_cast<ptrdiff_t>(next), steps.end(),
                                      [](const JsonStep& step) { return step.is_wild(); });
      if (bound) visit(value_of(json), bindings);
      return;
    }
    const JsonStep& step = steps[next];
    switch (step.kind) {
      case Kind::member:
        return go(member(*json, step.name), next + 1);
      case Kind::item:
        return go(item(*json, step.index), next + 1);
      case Kind::every_member:
        if (!json->is_object()) return;
        for (auto entry = json->begin(); entry != json->end(); ++entry)
          enter({entry.key(), 0, false}, &entry.value(), next + 1);
        return;
      case Kind::every_item:
        if (!json->is_array()) return;
        for (size_t i = 0; i < json->size(); ++i) enter({{}, i, true}, &(*json)[i], next + 1);
        return;
    }
  }

  void enter(JsonBinding binding, const Json* json, size_t next) {  // NOLINT(misc-no-recursion)
    bindings.push_back(binding);
    go(json, next);
    bindings.pop_back();
  }
};

// Looks for the first place where a path leads to a value.
struct Search {
  using Reach = JsonPage::Reach::Kind;
  const std::vector<JsonStep>& steps;
  const Json* stuck = nullptr;  // the first place where a step does not fit, and the step
  size_t stuck_at = 0;

  Reach go(const Json& json, size_t next) {  // NOLINT(misc-no-recursion)
    if (next == steps.size()) return Reach::value;
    const JsonStep& step = steps[next];
    switch (step.kind) {
      case Kind::member:
        return step_to(json, member(json, step.name), next);
      case Kind::item:
        return json.is_array() && json.empty() ? Reach::empty
                                               : step_to(json, item(json, step.index), next);
      case Kind::every_member:
        return json.is_object() ? any_of(json, next) : block(json, next);
      case Kind::every_item:
        return json.is_array() ? any_of(json, next) : block(json, next);
    }
    return Reach::blocked;
  }

  Reach step_to(const Json& from, const Json* to, size_t next) {  // NOLINT(misc-no-recursion)
    return to == nullptr ? block(from, next) : go(*to, next + 1);
  }

  // A place without items shows that the path fits as far as it goes.
  Reach any_of(const Json& json, size_t next) {  // NOLINT(misc-no-recursion)
    if (json.empty()) return Reach::empty;
    Reach best = Reach::blocked;
    for (const Json& child : json) {
      best = std::min(best, go(child, next + 1));
      if (best == Reach::value) break;
    }
    return best;
  }

  Reach block(const Json& json, size_t next) {
    if (stuck == nullptr) {
      stuck = &json;
      stuck_at = next;
    }
    return Reach::blocked;
  }
};

std::string kind_of(const Json& json) {
  if (json.is_object()) return "an object";
  if (json.is_array()) return "a list";
  return "a single value";
}

std::string why_stuck(const Json& json, const JsonStep& step) {
  constexpr size_t kMostNames = 1000;
  switch (step.kind) {
    case Kind::member: {
      if (!json.is_object())
        return fmt::format("where '{}' should be a member there is {}", step.name, kind_of(json));
      std::vector<std::string> names;
      for (auto entry = json.begin(); entry != json.end() && names.size() < kMostNames; ++entry)
        names.push_back(shown(entry.key()));
      if (names.empty()) return fmt::format("there is no '{}': the object is empty", step.name);
      return fmt::format("there is no '{}': {}", step.name, did_you_mean(step.name, names));
    }
    case Kind::item:
      return json.is_array() ? fmt::format("the list has no item {}", step.index)
                             : fmt::format("where a list should be there is {}", kind_of(json));
    case Kind::every_member:
      return fmt::format("where '*' stands there is {}, not an object", kind_of(json));
    case Kind::every_item:
      return fmt::format("where '[]' stands there is {}, not a list", kind_of(json));
  }
  return {};
}

}  // namespace

struct JsonPage::Document {
  Json root;
};

JsonPage::JsonPage(std::unique_ptr<Document> document) : document_(std::move(document)) {}
JsonPage::~JsonPage() = default;
JsonPage::JsonPage(JsonPage&&) noexcept = default;
JsonPage& JsonPage::operator=(JsonPage&&) noexcept = default;

Result<JsonPage> JsonPage::parse(std::string_view text, const JsonLimits& limits) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return fail("it is empty");
  if (const auto checked = check_size(text, limits); !checked)
    return tl::unexpected(checked.error());
  Duplicates duplicates;
  auto document = std::make_unique<Document>();
  try {
    document->root = Json::parse(text.begin(), text.end(),
                                 [&](int depth, Json::parse_event_t event, const Json& parsed) {
                                   duplicates.see(depth, event, parsed);
                                   return true;
                                 });
  } catch (const Json::parse_error& error) {
    return fail(fmt::format("it is broken or cut off at byte {} of {}", error.byte, text.size()));
  } catch (const Json::exception&) {
    return fail("it holds a number that is too large");
  }
  if (!duplicates.found().empty())
    return fail(fmt::format("the name '{}' stands twice in one object", shown(duplicates.found())));
  return JsonPage(std::move(document));
}

void JsonPage::walk(const JsonPath& path, const Visit& visit) const {
  Walk{path.steps(), visit, {}}.go(&document_->root, 0);
}

JsonPage::Reach JsonPage::reach(const JsonPath& path) const {
  Search search{path.steps()};
  const Reach::Kind kind = search.go(document_->root, 0);
  if (kind != Reach::Kind::blocked) return {kind, {}};
  return {kind, why_stuck(*search.stuck, path.steps()[search.stuck_at])};
}

JsonValue JsonPage::at(const JsonPath& path, const std::vector<JsonBinding>& bindings) const {
  const Json* json = &document_->root;
  size_t bound = 0;
  for (const JsonStep& step : path.steps()) {
    if (json == nullptr) return {};
    switch (step.kind) {
      case Kind::member:
        json = member(*json, step.name);
        break;
      case Kind::item:
        json = item(*json, step.index);
        break;
      case Kind::every_member:
      case Kind::every_item: {
        if (bound == bindings.size()) return {};
        const JsonBinding& binding = bindings[bound++];
        json = binding.is_item ? item(*json, binding.index) : member(*json, binding.name);
        break;
      }
    }
  }
  return value_of(json);
}

std::string JsonValue::label() const {
  switch (kind) {
    case Kind::text:
      return std::string(text);
    case Kind::number:
      return fmt::format("{}", number);
    case Kind::boolean:
      return number != 0 ? "true" : "false";
    case Kind::missing:
    case Kind::null:
    case Kind::container:
      break;
  }
  return {};
}

std::string JsonBinding::label() const {
  return is_item ? std::to_string(index) : std::string(name);
}

}  // namespace highwater::sources
