"use strict";

// What the theme leaves to be said for a screen reader.

document.querySelector(".md-search").setAttribute("aria-label", "Search");

// Each button that copies is in a landmark of its own, of which a page has dozens.
new MutationObserver(() => {
  for (const nav of document.querySelectorAll(".md-code__nav:not([role])")) nav.role = "none";
}).observe(document.body, { childList: true, subtree: true });
