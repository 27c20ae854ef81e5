// The script of every page. It has no library and is served as it stands here.
#include "exporters/html/html.h"

namespace highwater {
namespace {

// Reads the page again every five seconds while somebody can see it, and puts the new main part in
// place of the old one. What was unfolded, scrolled or had the focus stays so; what is being
// written or selected is not replaced, and the line at the top says so. "/" leads to the search
// box. Why it asks again and again: docs/decisions/0040-pages-read-themselves.md
constexpr std::string_view kScript = R"js("use strict";
(function () {
  var EVERY = 5000, LATE = 8000, OLD = 12000;
  var search = document.querySelector("input[name=q]");
  document.addEventListener("keydown", function (event) {
    var at = document.activeElement;
    if (event.key !== "/" || !search || event.ctrlKey || event.metaKey || event.altKey) return;
    if (at && /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return;
    event.preventDefault();
    search.focus();
  });
  var main = document.querySelector("main");
  if (!main || !main.hasAttribute("data-live")) return;

  var live = document.createElement("p");  // of when the page is
  live.id = "live";
  document.querySelector("header").appendChild(live);
  var seen = Date.now(), shown = seen;  // the last answer; what stands on the page
  var started = null, restarted = "";   // since when the agent runs; said when it changes
  var timer = 0, asking = null;

  function clock(time) { return new Date(time).toISOString().slice(11, 19) + " UTC"; }
  function alarm(text) {
    var bar = document.getElementById("lost");
    if (!text) {
      if (bar) bar.remove();
      return;
    }
    if (!bar) {
      bar = document.createElement("p");
      bar.id = "lost";
      bar.setAttribute("role", "alert");
      document.body.insertBefore(bar, document.body.firstChild);
    }
    if (bar.textContent !== text) bar.textContent = text;
  }
  function state(why) {
    live.textContent = "As of " + clock(shown) + (why ? ": not read again while " + why : ", read again every 5 s") + "." + restarted;
  }
  function all(root, what) { return Array.prototype.slice.call(root.querySelectorAll(what)); }
  // Why what stands there must stay for now.
  function held() {
    var at = document.activeElement, selection = window.getSelection();
    if (at && main.contains(at) && /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return "a form has the focus";
    if (all(main, "input,textarea").some(function (one) { return one.value !== one.defaultValue; })) return "something is written in a form";
    if (selection && !selection.isCollapsed && main.contains(selection.anchorNode)) return "text is selected";
    return "";
  }
  var FOCUS = "a[href],button,summary,[tabindex]";
  function name(one) { return one.getAttribute("href") || one.getAttribute("aria-label") || one.textContent; }
  function replace(fresh) {
    var open = all(main, "details").map(function (one) { return one.open; });
    var scrolled = all(main, ".wide").map(function (one) { return one.scrollLeft; });
    var places = all(main, FOCUS), at = places.indexOf(document.activeElement);
    var wanted = at < 0 ? "" : name(places[at]);
    main.replaceChildren.apply(main, fresh.childNodes);
    all(main, "details").forEach(function (one, i) { if (open[i]) one.open = true; });
    all(main, ".wide").forEach(function (one, i) { if (scrolled[i]) one.scrollLeft = scrolled[i]; });
    if (at < 0) return;
    // The nearest of that name: others may have come before it.
    var same = all(main, FOCUS).map(function (one, i) { return {one: one, far: Math.abs(i - at)}; })
      .filter(function (it) { return name(it.one) === wanted; })
      .sort(function (a, b) { return a.far - b.far; });
    if (same.length) same[0].one.focus({preventScroll: true});
  }
  function show(answer, text) {
    var now = answer.headers.get("Highwater-Started");
    if (started && now && now !== started)
      restarted = " The agent was started again at " + clock(Date.parse(now)) + "; the page is connected to it.";
    started = now || started;
    seen = Date.now();
    alarm("");
    var why = held();
    if (!why) {
      var fresh = new DOMParser().parseFromString(text, "text/html");
      if (fresh.querySelector("main")) {
        replace(fresh.querySelector("main"));
        document.title = fresh.title;
        shown = seen;
      }
    }
    state(why);
  }
  function failed(what) {
    var text = "No answer since " + clock(seen) + " (" + what + "). What stands here is as of " + clock(shown) + " and may be wrong by now; it is asked again every 5 s.";
    alarm(text);
  }
  function ask() {
    window.clearTimeout(timer);
    if (document.hidden || asking) return;
    // After the tab was hidden, or the machine slept.
    if (Date.now() - shown > OLD && !held() && !document.getElementById("lost"))
      alarm("What stands here is as of " + clock(shown) + ". The agent is being asked.");
    var stop = asking = new AbortController();
    var late = window.setTimeout(function () { stop.abort(); }, LATE);
    fetch(window.location.href, {signal: stop.signal, cache: "no-store"})
      .then(function (answer) {
        if (answer.status === 503) throw new Error("the agent has just started and has not read this yet");
        if (!answer.ok && answer.status !== 404) throw new Error("the agent answers " + answer.status);
        return answer.text().then(function (text) { show(answer, text); });
      })
      .catch(function (error) {
        failed(error instanceof TypeError ? "the agent cannot be reached" : error.name === "AbortError" ? "it takes too long" : error.message);
      })
      .then(function () {
        window.clearTimeout(late);
        asking = null;
        timer = window.setTimeout(ask, EVERY);
      });
  }
  document.addEventListener("visibilitychange", ask);
  window.addEventListener("pageshow", function (event) { if (event.persisted) ask(); });
  state("");
  timer = window.setTimeout(ask, EVERY);
})();
)js";

}  // namespace

std::string_view live_script() {
  return kScript;
}

}  // namespace highwater
