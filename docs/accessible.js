"use strict";

// What the theme leaves to be said for a screen reader, and to be reached with a keyboard.

document.querySelector(".md-search").setAttribute("aria-label", "Search");

function complete() {
  // Each button that copies is in a landmark of its own, and a page has dozens of them.
  for (const nav of document.querySelectorAll(".md-code__nav:not([role])")) nav.role = "none";
  // A table that is wider than the screen scrolls.
  for (const wide of document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])")) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
  }
}

new MutationObserver(complete).observe(document.body, { childList: true, subtree: true });
complete();
