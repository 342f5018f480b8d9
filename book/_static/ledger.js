// Filters the ledger by grade, part and words. Without it the page shows every claim.

(() => {
  "use strict";

  const make = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };

  const begin = () => {
    const article = document.querySelector("article");
    const parts = [...article.querySelectorAll("section section")].filter((s) => s.querySelector(":scope > section"));
    const books = parts.flatMap((part) =>
      [...part.querySelectorAll(":scope > section")].map((section) => ({
        part,
        section,
        rows: [...section.querySelectorAll("tbody tr")].map((row) => ({
          row,
          grade: row.cells[1].textContent.trim(),
          words: `${section.querySelector("h3").textContent} ${row.textContent}`.toLowerCase(),
        })),
      })),
    );
    const option = (text) => make("option", { textContent: text });
    const grades = [...new Set(books.flatMap((book) => book.rows.map((r) => r.grade)))];
    const grade = make("select", {}, option("every grade"), ...grades.map(option));
    const name = (part) => part.querySelector("h2").firstChild.textContent.trim();
    const part = make("select", {}, option("every part"), ...parts.map((p) => option(name(p))));
    const words = make("input", { type: "search", placeholder: "words or LaTeX" });
    const count = make("output");
    const label = (text, control) => make("label", {}, `${text} `, control);

    const filter = () => {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const book of books) {
        const here = part.selectedIndex === 0 || parts[part.selectedIndex - 1] === book.part;
        let some = false;
        for (const { row, grade: its, words: text } of book.rows) {
          const fits = here && (grade.selectedIndex === 0 || its === grade.value) && wanted.every((w) => text.includes(w));
          row.hidden = !fits;
          some ||= fits;
          shown += fits;
        }
        book.section.hidden = !some;
      }
      for (const p of parts) p.hidden = !p.querySelector(":scope > section:not([hidden])");
      count.textContent = shown === 1 ? "1 claim" : `${shown} claims`;
    };

    const form = make("form", { className: "ledger-filter" }, label("Grade", grade), label("Part", part), label("Text", words), count);
    form.setAttribute("role", "search");
    form.setAttribute("aria-label", "Filter the claims");
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    parts[0].before(form);
    filter();
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
