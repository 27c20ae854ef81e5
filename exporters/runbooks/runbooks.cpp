#include "exporters/runbooks/runbooks.h"

#include <cmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <sstream>

#include "agent/core/small_file.h"
#include "exporters/html/html.h"
#include "exporters/html/incident_html.h"
#include "exporters/runbooks/runbooks_embedded.h"

namespace highwater {
namespace {

constexpr size_t kMaxPage = size_t{1024} * 1024;

struct Free {
  void operator()(cmark_node* node) const { cmark_node_free(node); }
  void operator()(cmark_iter* iterator) const { cmark_iter_free(iterator); }
  void operator()(char* text) const { std::free(text); }
};
using Document = std::unique_ptr<cmark_node, Free>;

// Without CMARK_OPT_UNSAFE raw HTML and links to scripts are left out.
constexpr int kOptions = CMARK_OPT_VALIDATE_UTF8;

Document parse(std::string_view markdown) {
  return Document(cmark_parse_document(markdown.data(), markdown.size(), kOptions));
}

// What pages leave to be filled in. Braces in commands may mean something else.
constexpr std::array<std::string_view, 18> kBlanks{
    "agent",   "bootstrap", "broker",   "cluster", "collector", "file",
    "finding", "group",     "host",     "log_dir", "node",      "partition",
    "port",    "reason",    "receiver", "slo",     "source",    "topic"};

// "BROKER", as manuals write what the reader has to put in.
void add_blanks(PlaceholderValues& values) {
  values.emplace_back("address", "HOST:PORT");
  for (const std::string_view name : kBlanks) {
    std::string word(name);
    std::ranges::transform(word, word.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    values.emplace_back(name, std::move(word));
  }
}

template <class Visit>
void for_each_node(cmark_node* root, Visit visit) {
  const std::unique_ptr<cmark_iter, Free> iterator(cmark_iter_new(root));
  for (cmark_event_type event; (event = cmark_iter_next(iterator.get())) != CMARK_EVENT_DONE;) {
    if (event == CMARK_EVENT_ENTER) visit(cmark_iter_get_node(iterator.get()));
  }
}

std::string text_of(cmark_node* node) {
  std::string text;
  for_each_node(node, [&](cmark_node* inner) {
    const cmark_node_type type = cmark_node_get_type(inner);
    if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE) text += cmark_node_get_literal(inner);
  });
  return text;
}

// The first heading of the first level.
std::string title_of(std::string_view markdown) {
  const Document document = parse(markdown);
  for (cmark_node* node = cmark_node_first_child(document.get()); node != nullptr;
       node = cmark_node_next(node)) {
    if (cmark_node_get_type(node) == CMARK_NODE_HEADING && cmark_node_get_heading_level(node) == 1)
      return text_of(node);
  }
  return {};
}

// Values go into the parsed document: whatever they contain, they can only ever be text.
void fill_in(cmark_node* document, const PlaceholderValues& values) {
  cmark_consolidate_text_nodes(document);
  for_each_node(document, [&](cmark_node* node) {
    const cmark_node_type type = cmark_node_get_type(node);
    const char* literal = cmark_node_get_literal(node);
    if (literal == nullptr) return;
    if (type == CMARK_NODE_TEXT) cmark_node_set_literal(node, fill_text(literal, values).c_str());
    if (type == CMARK_NODE_CODE || type == CMARK_NODE_CODE_BLOCK)
      cmark_node_set_literal(node, fill_command(literal, values).c_str());
  });
}

// What a page means to those who come from the incident of an SLO, and to all others.
constexpr std::string_view kMeaning = "Meaning";
constexpr std::string_view kMeaningForSlo = "Meaning for an SLO";

// A heading of the second level and what belongs to it.
std::vector<cmark_node*> section(cmark_node* document, std::string_view heading) {
  std::vector<cmark_node*> nodes;
  for (cmark_node* node = cmark_node_first_child(document); node != nullptr;
       node = cmark_node_next(node)) {
    const bool begins =
        cmark_node_get_type(node) == CMARK_NODE_HEADING && cmark_node_get_heading_level(node) <= 2;
    if (begins && !nodes.empty()) break;
    if (!nodes.empty() || (begins && text_of(node) == heading)) nodes.push_back(node);
  }
  return nodes;
}

// Leaves of the two the one that is true of the incident.
void choose_meaning(cmark_node* document, bool of_slo) {
  const std::vector<cmark_node*> for_slo = section(document, kMeaningForSlo);
  if (for_slo.empty()) return;
  for (cmark_node* node : of_slo ? section(document, kMeaning) : for_slo) cmark_node_free(node);
  if (!of_slo) return;
  cmark_node* const text = cmark_node_first_child(for_slo.front());
  if (text != nullptr) cmark_node_set_literal(text, std::string(kMeaning).c_str());
}

// Pages refer to each other by file name, so that they also work where the repository is browsed.
void link_pages(cmark_node* document, const Runbooks& runbooks) {
  for_each_node(document, [&](cmark_node* node) {
    if (cmark_node_get_type(node) != CMARK_NODE_LINK) return;
    std::string_view url = cmark_node_get_url(node);
    if (!url.ends_with(".md")) return;
    url.remove_suffix(3);
    const std::string name(url);
    if (runbooks.exists(name)) cmark_node_set_url(node, name.c_str());
  });
}

bool is_page_name(std::string_view name) {
  return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Result<std::string> read_page(const std::filesystem::path& path) {
  auto text = read_small_file(path.string(), kMaxPage);
  if (!text) return fail(fmt::format("runbook {}: {}", path.string(), text.error().message));
  return text;
}

// A long command scrolls by itself, also for who has no mouse.
std::string with_reachable_commands(std::string_view html) {
  constexpr std::string_view kBlock = "<pre>";
  std::string text;
  size_t from = 0;
  for (size_t at = html.find(kBlock); at != std::string_view::npos; at = html.find(kBlock, from)) {
    text.append(html.substr(from, at - from)).append("<pre tabindex=\"0\">");
    from = at + kBlock.size();
  }
  return text.append(html.substr(from));
}

}  // namespace

Result<Runbooks> Runbooks::load(std::span<const std::filesystem::path> folders) {
  Runbooks runbooks;
  for (const EmbeddedRunbook& embedded : embedded_runbooks()) {
    auto added = runbooks.add(std::string(embedded.name), std::string(embedded.markdown));
    if (!added) return tl::unexpected(added.error());
  }
  for (const std::filesystem::path& folder : folders) {
    std::error_code error;
    std::filesystem::directory_iterator entries(folder, error);
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
      const std::filesystem::path& path = entries->path();
      if (path.extension() != ".md") continue;
      auto page = read_page(path);
      if (!page) return tl::unexpected(page.error());
      if (auto added = runbooks.add(path.stem().string(), std::move(*page)); !added)
        return tl::unexpected(added.error().in(folder.string()));
    }
    if (error) return fail(fmt::format("runbooks in {}: {}", folder.string(), error.message()));
  }
  return runbooks;
}

Result<void> Runbooks::add(const std::string& name, std::string markdown) {
  if (!is_page_name(name))
    return fail(fmt::format(
        "runbook '{}': a name consists of lower-case letters, digits, '-' and '_'", name));
  std::string title = title_of(markdown);
  if (title.empty())
    return fail(fmt::format("runbook '{}': it has no title: begin it with a line '# ...'", name));
  pages_[name] = {std::move(title), std::move(markdown)};
  return {};
}

bool Runbooks::exists(std::string_view name) const {
  return pages_.find(name) != pages_.end();
}

std::vector<std::string> Runbooks::names() const {
  std::vector<std::string> names;
  for (const auto& [name, page] : pages_) names.push_back(name);
  return names;
}

std::string Runbooks::title(std::string_view name) const {
  const auto found = pages_.find(name);
  return found == pages_.end() ? std::string() : found->second.title;
}

std::string Runbooks::markdown(std::string_view name) const {
  const auto found = pages_.find(name);
  return found == pages_.end() ? std::string() : found->second.markdown;
}

std::string Runbooks::html(std::string_view name, const RunbookContext& context) const {
  const auto found = pages_.find(name);
  if (found == pages_.end()) return {};
  PlaceholderValues values = context.values;
  std::string body;
  if (context.incident != nullptr) {
    for (const auto& [label, value] : context.incident->headline.entity.labels)
      values.emplace_back(label.text(), value.text());
    // A page may speak of more than this incident is about.
    add_blanks(values);
    body += incident_card(*context.incident, context.now, "..", {.remedy = context.remedy});
  } else if (context.incident_is_over) {
    add_blanks(values);
    body +=
        "<p class=\"card\">There is no such incident any more: those that ended are kept for 30 "
        "days. "
        "Words in capitals, such as BROKER, stand for what it was about.</p>\n";
  }
  const Document document = parse(found->second.markdown);
  if (context.incident != nullptr)
    choose_meaning(document.get(), context.incident->headline.budget.has_value());
  fill_in(document.get(), values);
  link_pages(document.get(), *this);
  const std::unique_ptr<char, Free> rendered(cmark_render_html(document.get(), kOptions));
  body += with_reachable_commands(rendered.get());
  return html_page(fill_text(found->second.title, values), body, {.home = ".."});
}

}  // namespace highwater
