#include "agent/import/alertmanager/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/import/alertmanager/configs.h"

namespace highwater::agent::alertmanager {
namespace {

constexpr size_t kMostNodes = 5000;
constexpr size_t kMostMatchers = 50;  // of one route
constexpr size_t kMostRegexes = 2000;
// Of `group_by`: each alert is told by itself.
constexpr std::string_view kEach = "...";

class TreeReader {
 public:
  TreeReader(const std::string& file, const KnownNames& known, Fields& fields,
             std::vector<Loss>& losses, Diagnostics& diagnostics)
      : file_(file), known_(known), fields_(fields), losses_(losses), diagnostics_(diagnostics) {}

  std::optional<Node> read(const YamlNode& document) {
    const YamlNode* const route = document.find("route");
    if (route == nullptr || route->kind != YamlNode::Kind::map) {
      wrong(document, "there is no 'route'", "every configuration of Alertmanager has one");
      return std::nullopt;
    }
    Node root = read_node(*route, Node{});
    if (root.receiver.empty())
      wrong(*route, "the route at the top has no receiver", "Alertmanager demands one");
    // Alertmanager refuses these at the top; all that comes in is like it.
    root.demand = {};
    root.goes_on = false;
    tally_.report(losses_);
    return diagnostics_.empty() ? std::optional(std::move(root)) : std::nullopt;
  }

 private:
  Node read_node(const YamlNode& node, const Node& parent) {
    Node read;
    read.line = node.line;
    fields_.open(node);
    read.receiver = fields_.text(node, "receiver");
    if (read.receiver.empty()) read.receiver = parent.receiver;
    read.repeat_interval = fields_.text(node, "repeat_interval");
    if (read.repeat_interval.empty()) read.repeat_interval = parent.repeat_interval;
    read.goes_on = flag_of(node, "continue", fields_).value_or(false);
    read.mute = names_of(node, "mute_time_intervals");
    read.active = names_of(node, "active_time_intervals");
    read_matchers(node, read.demand);
    read_grouping(node, parent, read);
    if (!read.demand.why_never.empty())
      losses_.push_back({node.line, "route: " + read.demand.why_never});
    if (!read.demand.inexact.empty())
      losses_.push_back(
          {node.line, fmt::format("route: it has two patterns for '{}', and a line can have one",
                                  read.demand.inexact)});
    const YamlNode& routes = fields_.list(node, "routes");
    for (const YamlNode& child : routes.items) {
      if (child.kind != YamlNode::Kind::map) {
        wrong(child, "a route is no map", "Alertmanager refuses it");
      } else if (++nodes_ > kMostNodes) {
        if (nodes_ == kMostNodes + 1)
          wrong(child, fmt::format("there are more than {} routes", kMostNodes),
                "import a copy that has those for Kafka");
      } else {
        read.routes.push_back(read_node(child, read));
      }
    }
    return read;
  }

  void read_grouping(const YamlNode& node, const Node& parent, Node& read) {
    read.group_by = parent.group_by;
    read.group_wait = fields_.text(node, "group_wait");
    if (read.group_wait.empty()) read.group_wait = parent.group_wait;
    read.group_interval = fields_.text(node, "group_interval");
    if (read.group_interval.empty()) read.group_interval = parent.group_interval;
    if (const YamlNode* const by = node.find("group_by")) {
      const std::vector<std::string> labels = names_of(node, "group_by");
      read.group_by.reset();
      if (std::ranges::find(labels, kEach) != labels.end()) return;
      read.group_by.emplace();
      for (const std::string& label : labels) {
        if (!known_.labels.empty() && !known_.labels.contains(label)) say_no_label(label, by->line);
        read.group_by->push_back(label);
      }
      tally_.add(
          "group_by: tickets and information are grouped; a page is sent on its own, at once",
          by->line);
    } else if (!read.group_by) {
      for (const char* const key : {"group_wait", "group_interval"}) {
        if (const YamlNode* const time = node.find(key))
          tally_.add(
              "group_wait and group_interval without 'group_by': each incident is sent on its "
              "own, at once",
              time->line);
      }
    }
  }

  std::vector<std::string> names_of(const YamlNode& node, std::string_view key) {
    std::vector<std::string> names;
    for (const YamlNode& item : fields_.list(node, key).items) {
      names.push_back(item.scalar);
      fields_.take(item);
    }
    return names;
  }

  void read_matchers(const YamlNode& node, Demand& demand) {
    std::vector<std::pair<const YamlNode*, Matcher>> matchers;
    const auto add_texts = [&](const YamlNode& at) {
      const auto parsed = parse_matchers(at.scalar);
      fields_.take(at);
      if (!parsed) return wrong(at, parsed.error().message, "write it like team=\"payments\"");
      for (const Matcher& one : *parsed) matchers.emplace_back(&at, one);
    };
    if (const YamlNode* const one = node.find("matchers");
        one != nullptr && one->kind == YamlNode::Kind::scalar)
      add_texts(*one);
    for (const YamlNode& item : fields_.list(node, "matchers").items) add_texts(item);
    constexpr std::pair<std::string_view, Matcher::Sign> kMaps[] = {
        {"match", Matcher::Sign::equal}, {"match_re", Matcher::Sign::like}};
    for (const auto& [key, sign] : kMaps) {
      const YamlNode& map = fields_.map(node, key);
      for (const auto& [label, value] : map.entries) {
        fields_.take(value);
        matchers.emplace_back(&value, Matcher{label.scalar, sign, value.scalar});
      }
    }
    if (matchers.size() > kMostMatchers)
      return wrong(node, fmt::format("a route has more than {} matchers", kMostMatchers),
                   "divide it");
    for (const auto& [at, matcher] : matchers) {
      const bool regex =
          matcher.sign == Matcher::Sign::like || matcher.sign == Matcher::Sign::unlike;
      if (regex && ++regexes_ > kMostRegexes) {
        if (regexes_ == kMostRegexes + 1)
          wrong(*at, fmt::format("there are more than {} regular expressions", kMostRegexes),
                "import a copy that has those for Kafka");
        return;
      }
      const Result<LabelValues> values = values_of(matcher);
      if (!values) return wrong(*at, values.error().message, "Alertmanager refuses it as well");
      say_unknown(matcher, *values, *at);
      add_matcher(matcher, *values, known_.severities, demand);
    }
  }

  void say_unknown(const Matcher& matcher, const LabelValues& values, const YamlNode& at) {
    if (!known_.labels.empty() && !known_.labels.contains(matcher.label)) {
      say_no_label(matcher.label, at.line);
      return;
    }
    const bool names = matcher.label == "alertname" && (matcher.sign == Matcher::Sign::equal ||
                                                        matcher.sign == Matcher::Sign::like);
    if (!names || known_.alerts.empty()) return;
    const bool any = std::ranges::any_of(
        known_.alerts, [&](const std::string& name) { return values.takes(name); });
    if (!any)
      tally_.add(fmt::format("no rule of Highwater has a name like '{}'", matcher.value), at.line);
  }

  void say_no_label(const std::string& label, int line) {
    tally_.add(fmt::format("the label '{}' is on no alert of Highwater, unless a rule's 'labels' "
                           "give it",
                           label),
               line);
  }

  void wrong(const YamlNode& at, std::string what, std::string advice) {
    diagnostics_.push_back({file_, at.line, at.column, std::move(what), std::move(advice)});
  }

  const std::string& file_;
  const KnownNames& known_;
  Fields& fields_;
  std::vector<Loss>& losses_;
  Diagnostics& diagnostics_;
  Tally tally_;
  size_t nodes_ = 0;
  size_t regexes_ = 0;
};

}  // namespace

std::optional<Node> read_tree(const YamlNode& document, const std::string& file,
                              const KnownNames& known, Fields& fields, std::vector<Loss>& losses,
                              Diagnostics& diagnostics) {
  return TreeReader(file, known, fields, losses, diagnostics).read(document);
}

}  // namespace highwater::agent::alertmanager
