// Refreshes the live part of a page while somebody sees it, keeps its places, and says when it could not.
(() => {
  "use strict";
  const body = document.body;
  let places = [];
  const stale = (is) => document.getElementById("stale")?.toggleAttribute("hidden", !is);
  const remember = () => {
    places = [...document.querySelectorAll("#live .sheet[id], #live details[id]")].map((e) => [e.id, e.scrollLeft, e.open]);
  };
  const restore = () => {
    for (const [id, left, open] of places) {
      const element = document.getElementById(id);
      if (element) { element.scrollLeft = left; if (open !== undefined) element.open = open; }
    }
    stale(false);
  };
  body.addEventListener("htmx:beforeRequest", (event) => { if (document.hidden) event.preventDefault(); });
  body.addEventListener("htmx:beforeSwap", remember);
  body.addEventListener("htmx:afterSwap", restore);
  for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) body.addEventListener(failure, () => stale(true));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) htmx.trigger("#live", "seen"); });
})();
