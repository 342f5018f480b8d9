// What a browser must have done before it prints: notes open, pictures for paper loaded.
// Chromium waits for lazy pictures when it prints. Where a browser does not, those of explorers that the reader came
// near have been loaded before, once there was nothing else to do.

(() => {
  "use strict";

  const NEAR = "400px"; // as explorer.js fetches packs
  const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 1000));

  const load = (within) => {
    for (const picture of within.querySelectorAll(".explorer-paper img")) picture.loading = "eager";
  };

  const begin = () => {
    const observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          if (!isIntersecting) continue;
          observer.unobserve(target);
          idle(() => load(target));
        }
      },
      { rootMargin: NEAR },
    );
    for (const figure of document.querySelectorAll("figure.explorer")) observer.observe(figure);
  };

  let opened = [];
  addEventListener("beforeprint", () => {
    load(document);
    opened = [...document.querySelectorAll("details.note:not([open])")];
    for (const note of opened) note.open = true;
  });
  addEventListener("afterprint", () => {
    for (const note of opened) note.open = false;
    opened = [];
  });

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
