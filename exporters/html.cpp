#include "exporters/html.h"

#include <fmt/format.h>

namespace highwater {
namespace {

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--ink:#1c1f23;--paper:#fdfdfb;--soft:#5c6570;--line:#d9dcd6;
--code:#f1f2ec;--link:#0b5cad;--page:#b3261e;--ticket:#8a5a00;--info:#2b6a3f}
@media (prefers-color-scheme:dark){:root{--ink:#d6d3cc;--paper:#14161a;--soft:#98a0a9;--line:#33383f;
--code:#1e2127;--link:#7db4f0;--page:#ff8a80;--ticket:#f0b95c;--info:#8fce9f}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.55 system-ui,sans-serif}
main{max-width:46rem;margin:0 auto;padding:1rem 1rem 4rem;overflow-wrap:break-word}
h1{font-size:1.6rem;line-height:1.2;margin:.6em 0}h2{font-size:1.2rem;margin:1.8em 0 .4em}
a{color:var(--link)}nav a{margin-right:1rem}
pre,code{font:.88em/1.5 ui-monospace,monospace;background:var(--code);border-radius:4px}
code{padding:.1em .3em}pre{padding:.7em .9em;overflow-x:auto;margin:.6em 0}pre code{padding:0}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3em .6em .3em 0;
border-bottom:1px solid var(--line);vertical-align:top}
.soft{color:var(--soft)}.card{border:1px solid var(--line);border-left:5px solid var(--soft);
border-radius:6px;padding:.6em 1em;margin:1em 0}
.card h2{margin:.2em 0}.card ul{padding-left:1.2em}
.page{border-left-color:var(--page)}.ticket{border-left-color:var(--ticket)}
.info{border-left-color:var(--info)}
.tag{font-weight:700;text-transform:uppercase;letter-spacing:.05em;font-size:.8rem}
.page .tag{color:var(--page)}.ticket .tag{color:var(--ticket)}.info .tag{color:var(--info)}
)css";

}  // namespace

std::string html_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string html_page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<title>{} - Highwater</title>\n<style>{}</style></head>\n<body><main>\n{}</main></body>"
      "</html>\n",
      html_escape(title), kStyle, body);
}

std::string since_text(WallTime since, WallTime now) {
  std::string time = format_time(since);
  time.replace(time.find('T'), 1, " ");
  const Duration age = std::max<Duration>(now - since, Duration::zero());
  return fmt::format("{} UTC, {} ago", time.substr(0, 19), describe_duration(age));
}

}  // namespace highwater
