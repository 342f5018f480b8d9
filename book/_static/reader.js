// How a page is read: how deep, what a link points at, where one is.
// Loaded before the page is drawn, so that the depth is right from the first paint on. Without it the page is complete:
// the derivation, with its notes folded.

(() => {
  "use strict";

  const DEPTHS = ["story", "derivation", "everything"];
  const KEY = "depth";
  const root = document.documentElement;

  // --- how deep ---------------------------------------------------------------------------------------------------

  // Storage may be forbidden, as for pages that lie in a folder.
  const remembered = (value) => {
    try {
      if (value !== undefined) localStorage.setItem(KEY, value);
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };

  const asked = () => [new URLSearchParams(location.search).get(KEY), remembered()].find((d) => DEPTHS.includes(d));

  // The explorers keep their settings in the same query: only our own key is touched.
  const toAddress = (depth) => {
    const url = new URL(location.href);
    if (depth === "derivation") url.searchParams.delete(KEY);
    else url.searchParams.set(KEY, depth);
    try {
      if (url.href !== location.href) history.replaceState(history.state, "", url);
    } catch {
      // The depth is then only missing from the address.
    }
  };

  const all = (selector) => document.querySelectorAll(selector);

  const show = (depth) => {
    root.dataset.depth = depth;
    for (const button of all(".depth-switch button")) {
      button.setAttribute("aria-pressed", button.dataset.depth === depth);
    }
    for (const code of all("details.code")) code.open = depth !== "story";
    for (const fold of all(".tag_hide-input details.hide, details.note")) fold.open = depth === "everything";
  };

  // What the reader looks at stays where it is, however much is folded above it.
  const change = (depth) => {
    const seen = [...all("article :is(h1, h2, h3, p, .claim, figure)")].find((n) => n.getBoundingClientRect().top >= 60);
    const top = seen?.getBoundingClientRect().top;
    show(depth);
    if (seen) scrollBy({ top: seen.getBoundingClientRect().top - top, behavior: "instant" });
    remembered(depth);
    toAddress(depth);
  };

  root.dataset.depth = asked() ?? "derivation";

  // --- what a link points at --------------------------------------------------------------------------------------

  const target = (hash) => document.getElementById(decodeURIComponent(hash.slice(1)));

  // Opens what is folded around the target, and the note that is the target.
  const reveal = (node) => {
    for (let at = node; at; at = at.parentElement) if (at.localName === "details") at.open = true;
    node.querySelector(":scope > details.note")?.setAttribute("open", "");
  };

  const follow = () => {
    const node = location.hash.length > 1 && target(location.hash);
    if (!node) return;
    reveal(node);
    node.scrollIntoView();
  };

  // --- cards ------------------------------------------------------------------------------------------------------

  const card = document.createElement("div");
  card.id = "card";
  card.setAttribute("role", "tooltip");
  card.hidden = true;
  let owner, waiting;

  // The mathematics of what is pointed at, copied from the page.
  const content = (node) =>
    node.matches("details.note") ? [node.querySelector("summary"), ...node.querySelectorAll(":scope > p:first-of-type")] : [node];

  const fill = (link) => {
    const node = target(link.hash);
    const copies = content(node).map((part) => {
      const copy = part.cloneNode(true);
      for (const named of [copy, ...copy.querySelectorAll("[id]")]) named.removeAttribute("id");
      for (const a of copy.querySelectorAll("a")) a.replaceWith(...a.childNodes);
      if (copy.localName !== "summary") return copy;
      const head = document.createElement("div");
      head.className = "card-note";
      head.append(...copy.childNodes);
      return head;
    });
    card.replaceChildren(...copies);
  };

  const place = (link) => {
    const room = 8;
    const at = link.getClientRects()[0];
    const width = Math.min(560, root.clientWidth - 2 * room);
    card.style.maxWidth = `${width}px`;
    const box = card.getBoundingClientRect();
    const left = Math.max(room, Math.min(at.left, root.clientWidth - box.width - room));
    const below = at.bottom + 6;
    const above = at.top - box.height - 6;
    card.style.left = `${left + scrollX}px`;
    card.style.top = `${(below + box.height > innerHeight && above > room ? above : below) + scrollY}px`;
  };

  const open = (link) => {
    clearTimeout(waiting);
    if (owner === link) return;
    close();
    if (!target(link.hash)) return;
    owner = link;
    fill(link);
    card.hidden = false;
    place(link);
    link.setAttribute("aria-describedby", card.id);
  };

  const close = () => {
    clearTimeout(waiting);
    owner?.removeAttribute("aria-describedby");
    owner = undefined;
    card.hidden = true;
  };

  const later = (act, delay) => {
    clearTimeout(waiting);
    waiting = setTimeout(act, delay);
  };

  const bind = (link) => {
    let finger = false;
    link.addEventListener("pointerenter", (e) => e.pointerType === "mouse" && later(() => open(link), 150));
    link.addEventListener("pointerleave", (e) => e.pointerType === "mouse" && later(close, 250));
    link.addEventListener("pointerdown", (e) => (finger = e.pointerType !== "mouse"));
    link.addEventListener("focus", () => link.matches(":focus-visible") && !finger && open(link));
    link.addEventListener("blur", close);
    // A finger's first tap shows the card, the second goes there.
    link.addEventListener("click", (e) => {
      if (finger && owner !== link) {
        e.preventDefault();
        open(link);
      } else close();
      finger = false;
    });
  };

  // --- the section in view ----------------------------------------------------------------------------------------

  const watchSections = () => {
    const links = [...all("#pst-page-toc-nav a[href^='#'], .bd-sidebar-secondary .page-toc a[href^='#']")];
    const entries = links.map((link) => ({ link, node: target(link.hash) })).filter((entry) => entry.node);
    if (!entries.length) return;
    let current;
    let asked = false;
    const mark = () => {
      asked = false;
      const line = innerHeight * 0.3;
      const passed = entries.filter(({ node }) => node.getBoundingClientRect().top <= line);
      const atEnd = innerHeight + scrollY >= root.scrollHeight - 2;
      const now = (atEnd ? entries : passed).at(-1)?.link;
      if (now === current) return;
      for (const { link } of entries) {
        const here = link === now;
        if (here) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
        link.classList.toggle("active", here);
      }
      current = now;
      now?.scrollIntoView?.({ block: "nearest", behavior: "instant" });
    };
    const ask = () => {
      if (!asked) requestAnimationFrame(mark);
      asked = true;
    };
    addEventListener("scroll", ask, { passive: true });
    addEventListener("resize", ask, { passive: true });
    mark();
  };

  // --- what is wider than the page ----------------------------------------------------------------------------------

  // What scrolls can be scrolled from the keyboard too, and what does not is no stop of the tab key. Whether it does is
  // asked when the page begins, when its width changes, and when it comes out of a fold.
  const reach = () => {
    const sized = new ResizeObserver((entries) => {
      for (const { target: box } of entries) {
        if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
        else box.removeAttribute("tabindex");
      }
    });
    for (const box of all(".bd-article :is(table, div.math)")) sized.observe(box);
  };

  // --- the page ---------------------------------------------------------------------------------------------------

  // Selected by hand, code loses what is folded to an ellipsis: it is put back.
  const copyWhole = (event) => {
    const selection = getSelection();
    if (!selection.rangeCount) return;
    const range = selection.getRangeAt(0);
    const around = range.commonAncestorContainer;
    const inCode = (around.closest ? around : around.parentElement).closest(".cell_input pre");
    if (!inCode || !range.cloneContents().querySelector(".elided")) return;
    event.clipboardData.setData("text/plain", range.cloneContents().textContent);
    event.preventDefault();
  };

  const begin = () => {
    if (document.querySelector(".depth-switch")) {
      show(root.dataset.depth);
      root.dataset.ready = "";
      toAddress(root.dataset.depth);
      for (const button of all(".depth-switch button")) button.addEventListener("click", () => change(button.dataset.depth));
    }
    reach();
    document.body.append(card);
    all("a.pointer").forEach(bind);
    card.addEventListener("pointerenter", () => clearTimeout(waiting));
    card.addEventListener("pointerleave", () => later(close, 250));
    document.addEventListener("pointerdown", (e) => !card.contains(e.target) && e.target.closest("a") !== owner && close());
    document.addEventListener("keydown", (e) => e.key === "Escape" && close());
    document.addEventListener("copy", copyWhole);
    // A link to where one is already changes no hash.
    document.addEventListener("click", (e) => {
      const link = e.target.closest?.("a[href^='#']");
      const node = link?.hash.length > 1 && !e.defaultPrevented && target(link.hash);
      if (node) reveal(node);
    });
    addEventListener("hashchange", follow);
    follow();
    watchSections();
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
