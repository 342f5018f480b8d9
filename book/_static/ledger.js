// Searches the ledger: all claims of the book by words, grade and part, from every page of the ledger.
// The words of the claims, and their statements part by part, come as classic scripts (see _ext/reader/ledger.py) when
// a reader turns to the search: a book that was opened from a folder may not fetch. Without it the pages are complete.

(() => {
  "use strict";

  const SOME = 50; // results at a time
  const STATIC = new URL(".", document.currentScript.src);

  let notebooks, claims; // claims: {notebook, number, grade, text, part, place among those of its part}
  const statements = new Map(); // part → its claims' statements in HTML
  const asked = new Map();

  window.ledgerClaims = (titles, words) => {
    const count = {};
    notebooks = titles.map(([part, title, file]) => ({ part, title, file, words: title.toLowerCase() }));
    claims = words.map(([k, number, grade, text]) => {
      const notebook = notebooks[k];
      const place = (count[notebook.part] = (count[notebook.part] ?? -1) + 1);
      return { notebook, number, grade, text: `${notebook.words} ${text}`, place };
    });
  };
  window.ledgerStatements = (part, those) => statements.set(part, those);

  // Each script once; one that was lost is asked for again.
  const load = (name) => {
    if (!asked.has(name)) {
      asked.set(
        name,
        new Promise((resolve, reject) => {
          const script = document.createElement("script");
          script.src = new URL(`claims/${name}.js`, STATIC);
          script.onload = resolve;
          script.onerror = () => {
            asked.delete(name);
            reject(new Error("The claims could not be loaded."));
          };
          document.head.append(script);
        }),
      );
    }
    return asked.get(name);
  };

  const make = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };

  const begin = () => {
    const form = document.querySelector(".ledger-filter");
    const results = document.querySelector(".ledger-results");
    if (!form || !results) return;
    const [said, list, more] = results.children;
    const fields = form.elements;
    const home = fields.part.value; // the part whose page this is
    const root = new URL("..", STATIC);
    let found = [];
    let latest = 0;

    const item = ({ notebook, number, grade, place }) => {
      const link = make("a", { href: new URL(`${notebook.file}#claim-${number}`, root), textContent: `Claim ${number}` });
      const mark = make("span", { className: "claim-grade", textContent: `✓ ${grade}` });
      const where = make("p", { className: "ledger-where" }, link, " ", mark, ` · ${notebook.title}`);
      // Written by the book itself, never by a reader.
      const what = make("div", { innerHTML: statements.get(notebook.part)[place] });
      return make("li", {}, where, what);
    };

    const show = async (mine, from) => {
      const next = found.slice(from, from + SOME);
      await Promise.all([...new Set(next.map((claim) => claim.notebook.part))].map(load));
      if (mine !== latest) return;
      const items = next.map(item);
      if (from) list.append(...items);
      else list.replaceChildren(...items);
      more.hidden = from + SOME >= found.length;
      more.onclick = () => show(mine, from + SOME).then(() => items.at(-1).nextSibling?.querySelector("a").focus(), fail);
    };

    const fail = (error) => {
      said.textContent = error.message;
      list.replaceChildren();
      more.hidden = true;
    };

    const toAddress = () => {
      const url = new URL(location.href);
      for (const { name, value } of [fields.text, fields.grade, fields.part]) {
        if (value && !(name === "part" && value === home)) url.searchParams.set(name, value);
        else url.searchParams.delete(name);
      }
      try {
        history.replaceState(history.state, "", url);
      } catch {
        // The search is then only missing from the address.
      }
    };

    const fitting = () => {
      const words = fields.text.value.toLowerCase().split(/\s+/).filter(Boolean);
      const [grade, part] = [fields.grade.value, fields.part.value];
      return claims.filter(
        (claim) =>
          (!part || claim.notebook.part === part) &&
          (!grade || claim.grade === grade) &&
          words.every((word) => claim.text.includes(word)),
      );
    };

    const find = async (mine) => {
      await load("claims");
      if (mine !== latest) return;
      found = fitting();
      const none = "No claim fits: fewer words, or LaTeX as in \\alpha, may find one.";
      said.textContent = { 0: none, 1: "1 claim" }[found.length] ?? `${found.length} claims`;
      await show(mine, 0);
    };

    // A search is in words, of a grade, or in another part than the one that stands below.
    const search = async () => {
      const mine = ++latest;
      const searching = fields.text.value.trim() !== "" || fields.grade.value !== "" || fields.part.value !== home;
      toAddress();
      results.toggleAttribute("data-searching", searching);
      results.setAttribute("aria-busy", searching);
      if (!searching) return;
      try {
        await find(mine);
      } catch (error) {
        if (mine === latest) fail(error);
      }
      if (mine === latest) results.setAttribute("aria-busy", false);
    };

    const query = new URLSearchParams(location.search);
    for (const field of [fields.text, fields.grade, fields.part]) {
      const value = query.get(field.name);
      if (value && (field.localName === "input" || [...field.options].some((o) => o.value === value))) field.value = value;
    }
    form.addEventListener("focusin", () => load("claims").catch(() => {}), { once: true });
    form.addEventListener("input", search);
    form.addEventListener("submit", (event) => event.preventDefault());
    said.setAttribute("role", "status");
    search();
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
