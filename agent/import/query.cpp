#include "agent/import/query.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "agent/core/utf8.h"

namespace highwater::agent {
namespace {

constexpr size_t kLongest = 10'000;
constexpr int kDeepest = 50;
constexpr std::array<std::string_view, 14> kAggregations{
    "sum",    "avg",  "max",     "min",      "count",        "group",  "stddev",
    "stdvar", "topk", "bottomk", "quantile", "count_values", "limitk", "limit_ratio"};
// From the weakest to the strongest.
const std::vector<std::vector<std::string_view>> kOperators{
    {"or"},     {"and", "unless"},        {"==", "!=", "<=", ">=", "<", ">"},
    {"+", "-"}, {"*", "/", "%", "atan2"}, {"^"}};

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

bool is_name(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9');
}

// What stands before the resolution of a subquery, without spaces.
std::string window_of(std::string_view range) {
  std::string window(range.substr(0, range.find(':')));
  std::erase_if(window, [](char c) { return c == ' ' || c == '\t' || c == '\n'; });
  return window;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<Query> parse() {
    Query query = expression(0);
    skip_spaces();
    if (error_.empty() && !rest_.empty())
      stop("'{}' is too much", utf8::first_characters(rest_, 20));
    if (!error_.empty()) return fail(error_);
    return query;
  }

 private:
  Query expression(size_t strength);
  Query primary();
  Query named();
  Query aggregation(std::string name);
  void number(Query& query);
  void grouping(Query& aggregation);
  static void add(Query& query, Modifier::Kind kind, std::string_view word,
                  std::vector<std::string> labels = {});
  void matchers(Query& selector);
  void ranges(Query& query);
  std::vector<std::string> labels();
  std::string quoted();
  std::string name();
  bool take(std::string_view token);
  void expect(std::string_view token);
  void skip_spaces();

  template <class... Parts>
  void stop(fmt::format_string<Parts...> format, Parts&&... parts) {
    if (error_.empty()) error_ = fmt::format(format, std::forward<Parts>(parts)...);
    rest_ = {};
  }

  std::string_view rest_;
  std::string error_;
  int depth_ = 0;
};

Query Parser::expression(size_t strength) {
  if (strength == kOperators.size()) return primary();
  Query left = expression(strength + 1);
  while (error_.empty()) {
    const auto found = std::ranges::find_if(kOperators[strength],
                                            [this](std::string_view token) { return take(token); });
    if (found == kOperators[strength].end()) return left;
    Query both;
    both.kind = Query::Kind::binary;
    both.name = *found;
    if (take("bool")) add(both, Modifier::Kind::boolean, "bool");
    if (take("on")) add(both, Modifier::Kind::on, "on", labels());
    if (take("ignoring")) add(both, Modifier::Kind::ignoring, "ignoring", labels());
    if (take("group_left") || take("group_right")) stop("'group_left' cannot be said");
    // PromQL's '^' goes from right to left; nothing else does.
    Query right = expression(*found == "^" ? strength : strength + 1);
    both.operands = {std::move(left), std::move(right)};
    left = std::move(both);
    // A long chain of operators is a deep tree.
    if (++depth_ > kDeepest) stop("it is nested too deeply");
  }
  return left;
}

Query Parser::primary() {
  Query query;
  skip_spaces();
  if (++depth_ > kDeepest) stop("it is nested too deeply");
  if (rest_.empty()) {
    stop("it ends too early");
  } else if (take("(")) {
    query = expression(0);
    expect(")");
  } else if (rest_.front() == '{') {
    query.kind = Query::Kind::selector;
    matchers(query);
  } else if (is_name_start(rest_.front())) {
    query = named();
  } else if (std::string_view("\"'`").find(rest_.front()) != std::string_view::npos) {
    query.kind = Query::Kind::text;
    query.name = quoted();
  } else if (rest_.front() == '-' || rest_.front() == '+') {
    query.kind = Query::Kind::binary;
    query.name = rest_.front();
    rest_.remove_prefix(1);
    query.operands.resize(1);  // 0 - x
    query.operands.push_back(expression(kOperators.size() - 1));
  } else {
    number(query);
  }
  ranges(query);
  --depth_;
  return query;
}

// "5m" is a number of seconds since Prometheus 3; here it is refused, like 0x1F.
void Parser::number(Query& query) {
  const auto [end, problem] =
      std::from_chars(rest_.data(), rest_.data() + rest_.size(), query.number);
  if (problem != std::errc() || (end != rest_.data() + rest_.size() && is_name(*end)))
    return stop("'{}' was not understood", utf8::first_characters(rest_, 20));
  rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
}

Query Parser::named() {
  std::string called = name();
  if (std::ranges::find(kAggregations, called) != kAggregations.end())
    return aggregation(std::move(called));
  Query query;
  query.name = std::move(called);
  if (!take("(")) {
    query.kind = Query::Kind::selector;
    skip_spaces();
    if (rest_.starts_with('{')) matchers(query);
    return query;
  }
  query.kind = Query::Kind::call;
  while (error_.empty() && !take(")")) {
    query.operands.push_back(expression(0));
    if (!take(",")) {
      expect(")");
      break;
    }
  }
  return query;
}

Query Parser::aggregation(std::string called) {
  Query query;
  query.kind = Query::Kind::aggregation;
  query.name = std::move(called);
  grouping(query);
  expect("(");
  while (error_.empty()) {
    query.operands.push_back(expression(0));
    if (take(",")) continue;
    expect(")");
    break;
  }
  grouping(query);
  return query;
}

void Parser::grouping(Query& aggregation) {
  if (take("by")) add(aggregation, Modifier::Kind::by, "by", labels());
  if (take("without")) add(aggregation, Modifier::Kind::without, "without", labels());
}

void Parser::add(Query& query, Modifier::Kind kind, std::string_view word,
                 std::vector<std::string> labels) {
  Modifier modifier;
  modifier.kind = kind;
  modifier.text = kind == Modifier::Kind::boolean
                      ? std::string(word)
                      : fmt::format("{} ({})", word, fmt::join(labels, ", "));
  modifier.labels = std::move(labels);
  query.modifiers.push_back(std::move(modifier));
}

void Parser::matchers(Query& selector) {
  using Kind = LabelMatcher::Kind;
  expect("{");
  while (error_.empty() && !take("}")) {
    LabelMatcher matcher;
    matcher.label = name();
    if (take("=~"))
      matcher.kind = Kind::matches;
    else if (take("!~"))
      matcher.kind = Kind::matches_not;
    else if (take("!="))
      matcher.kind = Kind::not_equal;
    else
      expect("=");
    matcher.value = quoted();
    if (matcher.label == "__name__" && matcher.kind == Kind::equal)
      selector.name = matcher.value;
    else
      selector.matchers.push_back(std::move(matcher));
    if (!take(",")) {
      expect("}");
      break;
    }
  }
}

void Parser::ranges(Query& query) {
  while (take("[")) {
    const size_t end = rest_.find(']');
    if (end == std::string_view::npos) return stop("a '[' is not closed");
    Modifier range;
    range.kind = Modifier::Kind::range;
    range.text = fmt::format("[{}]", rest_.substr(0, end));
    range.window = window_of(rest_.substr(0, end));
    query.modifiers.push_back(std::move(range));
    rest_.remove_prefix(end + 1);
  }
  if (take("offset") || take("@")) stop("'offset' and '@' cannot be said");
}

std::vector<std::string> Parser::labels() {
  std::vector<std::string> names;
  expect("(");
  while (error_.empty() && !take(")")) {
    names.push_back(name());
    if (!take(",")) {
      expect(")");
      break;
    }
  }
  return names;
}

std::string Parser::quoted() {
  skip_spaces();
  if (rest_.empty() || std::string_view("\"'`").find(rest_.front()) == std::string_view::npos) {
    stop("a text in quotes is missing");
    return {};
  }
  const char quote = rest_.front();
  std::string text;
  for (size_t i = 1; i < rest_.size(); ++i) {
    if (rest_[i] == quote) {
      rest_.remove_prefix(i + 1);
      return text;
    }
    if (rest_[i] == '\\' && quote != '`' && i + 1 < rest_.size()) ++i;
    text += rest_[i];
  }
  stop("a quote is not closed");
  return {};
}

std::string Parser::name() {
  skip_spaces();
  const auto end = std::ranges::find_if_not(rest_, is_name);
  std::string text(rest_.begin(), end);
  if (text.empty() || !is_name_start(text.front())) {
    stop("a name is missing before '{}'", utf8::first_characters(rest_, 20));
    return {};
  }
  rest_.remove_prefix(text.size());
  return text;
}

// Words have to end where they end: "order" does not begin with "or".
bool Parser::take(std::string_view token) {
  skip_spaces();
  const auto same = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a + 32 == b); };
  if (rest_.size() < token.size() ||
      !std::equal(token.begin(), token.end(), rest_.begin(),
                  [&](char wanted, char found) { return same(found, wanted); }))
    return false;
  const bool word = is_name_start(token.front());
  if (word && rest_.size() > token.size() && is_name(rest_[token.size()])) return false;
  rest_.remove_prefix(token.size());
  return true;
}

void Parser::expect(std::string_view token) {
  if (!take(token))
    stop("'{}' is missing before '{}'", token,
         rest_.empty() ? "the end" : utf8::first_characters(rest_, 20));
}

// Also over comments, which end with their line.
void Parser::skip_spaces() {
  while (!rest_.empty()) {
    if (rest_.front() == '#') {
      rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
    } else if (std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos) {
      rest_.remove_prefix(1);
    } else {
      return;
    }
  }
}

}  // namespace

Query::Query() = default;

Result<Query> parse_query(std::string_view text) {
  if (text.size() > kLongest) return fail("the query is too long");
  return Parser(text).parse();
}

}  // namespace highwater::agent
