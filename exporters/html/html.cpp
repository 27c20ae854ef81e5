#include "exporters/html/html.h"

#include <fmt/format.h>

namespace highwater {
namespace {

// The agent looks at itself every five seconds and judges what it saw: no report is much older.
constexpr Duration kOld = std::chrono::seconds(20);

constexpr std::string_view kStyle =
    R"css(:root{color-scheme:light dark;--ink:#1c1f23;--paper:#fdfdfb;--soft:#5c6570;--line:#d9dcd6;
--code:#f1f2ec;--link:#0b5cad;--page:#b3261e;--ticket:#8a5a00;--info:#2b6a3f;--unknown:#6b4fa0}
@media (prefers-color-scheme:dark){:root{--ink:#d6d3cc;--paper:#14161a;--soft:#98a0a9;--line:#33383f;
--code:#1e2127;--link:#7db4f0;--page:#ff8a80;--ticket:#f0b95c;--info:#8fce9f;--unknown:#c3a9f5}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
header{display:flex;flex-wrap:wrap;gap:.4rem 1.2rem;align-items:center;padding:.5rem 1rem;
border-bottom:1px solid var(--line)}
header strong a{color:var(--ink);text-decoration:none}header form{margin-left:auto}
input,textarea,select,button{font:inherit;color:inherit;background:var(--code);border:1px solid var(--line);
border-radius:4px;padding:.15em .5em;max-width:100%}input{width:14rem}textarea{width:30rem;display:block}
button{cursor:pointer;border-color:var(--soft)}
.form{display:flex;flex-wrap:wrap;gap:.5em 1.2em;align-items:end;margin:.6em 0}.form label{display:block}
.form label{min-width:0;max-width:100%}.form .whole{width:100%}.wrong{border-left:8px solid var(--page);padding:.3em .8em}
main{max-width:76rem;margin:0 auto;padding:.4rem 1rem 4rem;overflow-wrap:anywhere}
main.text{max-width:46rem}
h1{font-size:1.5rem;line-height:1.2;margin:.6em 0 .3em}h2{font-size:1.15rem;margin:1.5em 0 .4em}
a{color:var(--link)}nav a{margin-right:.9rem}
pre,code{font:.88em/1.5 ui-monospace,monospace;background:var(--code);border-radius:4px}
code{padding:.1em .3em}pre{padding:.7em .9em;overflow-x:auto;margin:.6em 0}pre code{padding:0}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25em .8em .25em 0;
border-bottom:1px solid var(--line);vertical-align:top}th{font-weight:600}
.wide{overflow-x:auto}.wide td,.wide th{white-space:nowrap}
.soft{color:var(--soft)}.card{border:1px solid var(--line);border-left:5px solid var(--soft);
border-radius:6px;padding:.5em 1em;margin:.8em 0}
.card h2{margin:.1em 0 .3em}.card pre{white-space:pre-wrap;overflow-wrap:anywhere}.card ul{padding-left:1.2em;margin:.3em 0}
.card table th{width:9.5rem;color:var(--soft);font-weight:400}.card td,.card th{border:0;padding:.12em .8em .12em 0}
.page{border-left-color:var(--page)}.ticket{border-left-color:var(--ticket)}
.info{border-left-color:var(--info)}
.tag{font-weight:700;text-transform:uppercase;letter-spacing:.05em;font-size:.8rem;margin:0}
.page .tag{color:var(--page)}.ticket .tag{color:var(--ticket)}.info .tag{color:var(--info)}
.verdict{font-size:1.15rem;font-weight:600;border-left:8px solid var(--info);padding:.4em .8em;margin:.6em 0}
.verdict.page{border-left-color:var(--page)}.verdict.ticket{border-left-color:var(--ticket)}
.unknown{border-left:8px solid var(--unknown);padding:.3em .8em;margin:.6em 0}
.unknown ul{margin:.2em 0;padding-left:1.2em}
.calm{color:var(--info)}.note{border-left:3px solid var(--ticket);padding-left:.7em}
.incidents{list-style:none;padding:0}.incidents li{padding:.2em 0}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.3rem 1.5rem;margin:1em 0}
.facts div{border-bottom:1px solid var(--line)}dt{color:var(--soft);font-size:.85rem}dd{margin:0}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(30rem,100%),1fr));gap:.6rem 1.5rem}
figure{margin:0}figcaption{font-size:.9rem}svg{display:block;max-width:100%}
.spark{width:120px;height:24px}.plot{width:100%;height:auto;font-size:12px;fill:var(--soft)}
.line{fill:none;stroke:var(--link);stroke-width:1.5}.axis{stroke:var(--line)}.gap{fill:var(--unknown);opacity:.25}
.strip{display:flex;flex-wrap:wrap;gap:.3rem;padding:0;list-style:none;margin:.3em 0}
.strip a{display:block;padding:.05em .5em;border:1px solid var(--line);border-left:4px solid var(--info);
border-radius:4px;color:var(--ink);text-decoration:none}
.strip .down a{border-left-color:var(--page)}.strip .dim a{border-left-color:var(--unknown)}
.names a{margin-right:.5rem}.range a,.range strong{margin-right:.6rem}
#lost{background:var(--page);color:var(--paper);padding:.4em 1rem;margin:0;position:sticky;top:0;z-index:1}
#live{margin:0;width:100%;font-size:.85rem;color:var(--soft)}
.old{background:var(--page);color:var(--paper);padding:.4em .8em;margin:.6em 0}
@media (max-width:36rem){pre{white-space:pre-wrap}header form{margin-left:0;width:100%}input{width:100%}
.card table,.card tbody,.card tr,.card th,.card td{display:block;width:auto}.card th{padding-top:.3em}
.card{padding:.5em .7em}.wide td,.wide th{white-space:normal;min-width:5.5rem}
.stack thead{display:none}.stack table,.stack tbody,.stack tr,.stack td{display:block;width:auto}
.stack td{border:0;padding:.1em 0}.stack tr{border-bottom:1px solid var(--line);padding:.3em 0}}
@media print{:root{color-scheme:light;--ink:#000;--paper:#fff;--soft:#444;--line:#bbb;--code:#f4f4f4;--link:#000}
header,.range,.form{display:none}main{max-width:none;padding:0}.card,tr,figure{break-inside:avoid}
.wide{overflow:visible}.wide td,.wide th{white-space:normal}pre{white-space:pre-wrap}
#lost,.old{color:#000;background:#fff;border:2px solid #000}}
)css";

std::string navigation(const PageFrame& frame) {
  return fmt::format(
      "<header><strong><a href=\"{0}/\">Highwater</a></strong>\n"
      "<nav><a href=\"{0}/\">Now</a> <a href=\"{0}/incidents\">Incidents</a> "
      "<a href=\"{0}/changes\">Changes</a> "
      "<a href=\"{0}/silences\">Silences</a> <a href=\"{0}/deliveries\">Deliveries</a> "
      "<a href=\"{0}/runbooks\">Runbooks</a> <a href=\"{0}/agent\">Agent</a> "
      "<a href=\"{0}/metrics\">Metrics</a> "
      "<a href=\"{0}/api/v1/status\">JSON</a></nav>\n"
      "<form action=\"{0}/search\" method=\"get\" role=\"search\"><input name=\"q\" "
      "type=\"search\" "
      "aria-label=\"Search for a group, topic, broker or cluster\" placeholder=\"Search ( / )\" "
      "value=\"{1}\">"
      "</form></header>\n",
      frame.home, html_escape(frame.search));
}

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

std::string html_page(std::string_view title, std::string_view body, const PageFrame& frame) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"referrer\" content=\"same-origin\">\n"
      "<title>{0} - Highwater</title>\n"
      "<link rel=\"icon\" href=\"{1}/static/icon.svg\">\n"
      "<link rel=\"stylesheet\" href=\"{1}/static/highwater.css\">\n"
      "<script src=\"{1}/static/live.js\" defer></script></head>\n<body>{2}<main{3}>\n{4}</main>"
      "</body></html>\n",
      html_escape(title), frame.home, navigation(frame),
      frame.live   ? " data-live"
      : frame.wide ? ""
                   : " class=\"text\"",
      body);
}

std::string wide_table(std::string_view what, std::string_view head, std::string_view rows,
                       OnNarrow narrow) {
  return fmt::format(
      "<div class=\"wide{}\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table>\n"
      "<thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody></table></div>\n",
      narrow == OnNarrow::stack ? " stack" : "", html_escape(what), head, rows);
}

std::string_view stylesheet() {
  return kStyle;
}

std::string since_text(WallTime since, WallTime now) {
  const Duration age = std::max<Duration>(now - since, Duration::zero());
  return fmt::format("{}, {} ago", describe_time(since), describe_duration(age));
}

std::string until_text(WallTime until, WallTime now) {
  const Duration left = std::max<Duration>(until - now, Duration::zero());
  return fmt::format("{}, in {}", describe_time(until), describe_duration(left));
}

std::string old_note(WallTime at, WallTime now) {
  if (now - at <= kOld) return {};
  return fmt::format(
      "<p class=\"old\" role=\"alert\">What stands here is as of {}: the agent has judged nothing "
      "since then.</p>\n",
      since_text(at, now));
}

std::string as_of(WallTime at, WallTime now) {
  return fmt::format("<p class=\"soft\">As of {}. Version {}.</p>\n", since_text(at, now),
                     HIGHWATER_VERSION);
}

}  // namespace highwater
