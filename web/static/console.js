// Single keys for whoever works through a queue. Each does what a link or a button of the page does; no page needs them.
"use strict";
(() => {
  const FIELD = "input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]";
  const rows = [...document.querySelectorAll("[data-row]")];
  let place = -1;

  // The letter that a key stands for: on a keyboard of another script, the one at its place.
  function letterOf(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return "";
    if (event.key === "Enter") return "Enter";
    if (event.key.length !== 1) return "";
    if (event.key === "؟") return "?";
    if (event.key.charCodeAt(0) < 128) return event.key.toLowerCase();
    if (event.code === "Slash") return event.shiftKey ? "?" : "/";
    return event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : "";
  }

  function mark(next) {
    if (place >= 0) { rows[place].classList.remove("chosen"); rows[place].removeAttribute("aria-current"); }
    place = next;
    rows[place].classList.add("chosen");
    rows[place].setAttribute("aria-current", "true");
  }

  function choose(next) {
    if (next < 0 || next >= rows.length) return;
    mark(next);
    rows[place].scrollIntoView({ block: "nearest" });
    rows[place].querySelector("[data-open]")?.focus({ preventScroll: true });
  }

  // What a key stands for: on the chosen row, else anywhere else on the page.
  function found(letter) {
    const named = (each) => each.dataset.key === letter;
    const here = place < 0 ? [] : [...rows[place].querySelectorAll("[data-key]")];
    const others = [...document.querySelectorAll("[data-key]")].filter((each) => !each.closest("[data-row]"));
    return here.find(named) || others.find(named);
  }

  // A page that is made to be printed: without this script the browser's own menu prints it as well.
  for (const each of document.querySelectorAll("[data-print]")) {
    each.hidden = false;
    each.addEventListener("click", () => window.print());
  }

  document.addEventListener("focusin", (event) => {
    const row = rows.indexOf(event.target.closest("[data-row]"));
    if (row >= 0 && row !== place) mark(row);
  });

  document.addEventListener("keydown", (event) => {
    if (event.target.closest(FIELD)) return;
    const letter = letterOf(event);
    if (letter === "j" || letter === "k") {
      choose(place < 0 ? 0 : place + (letter === "j" ? 1 : -1));
    } else if (letter === "Enter") {
      if (place >= 0 && !event.target.closest("a, button, input, summary")) rows[place].querySelector("[data-open]")?.click();
    } else if (letter && !event.repeat) {
      const what = found(letter);
      if (!what) return;
      event.preventDefault();
      if (what.matches("input, textarea")) what.focus(); else what.click();
    }
  });
})();
