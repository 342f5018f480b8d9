// Exercises that answer in the page. Nothing is loaded before a reader turns to one; then a worker starts Python with
// SymPy (see book/answers/), and the words that it sends back are those of JupyterLab.

(() => {
  "use strict";

  const PATIENCE = 30_000; // milliseconds for one answer, once Python runs
  const home = new URL("answers/", document.currentScript.src);
  const waiting = new Map(); // number of a message → {begun, done}
  let worker = null;
  let last = 0;

  function start() {
    worker = new Worker(new URL("worker.mjs", home), { type: "module" });
    worker.onmessage = ({ data: { id, begun, reply } }) => {
      const message = waiting.get(id);
      if (message && begun) message.begun();
      if (message && reply) message.done(reply);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      stop(`The checker could not be started: ${event.message || "its files cannot be loaded"}.`);
    };
  }

  // Ends the worker; whoever waits for it is told why. The next question starts another one.
  function stop(error) {
    worker?.terminate();
    worker = null;
    for (const message of [...waiting.values()]) message.done({ error });
  }

  // Sends a message; `progress` is called when Python runs and begins with it.
  function ask(exercise, text, progress = () => {}) {
    if (!worker) start();
    const id = ++last;
    return new Promise((resolve) => {
      let watchdog = 0;
      waiting.set(id, {
        begun() {
          progress();
          watchdog = setTimeout(
            () => stop("It took longer than 30 seconds and was stopped. Try to simplify it."),
            PATIENCE,
          );
        },
        done(reply) {
          clearTimeout(watchdog);
          waiting.delete(id);
          resolve(reply);
        },
      });
      worker.postMessage({ id, exercise, text });
    });
  }

  function paragraph(className, ...parts) {
    const node = document.createElement("p");
    node.className = className;
    node.append(...parts);
    return node;
  }

  function strong(text) {
    const node = document.createElement("strong");
    node.textContent = text;
    return node;
  }

  function show(verdict, reply) {
    const state = reply.error ? "failed" : { true: "right", false: "wrong" }[reply.right] ?? "undecided";
    verdict.dataset.state = state;
    const words = reply.error
      ? paragraph("exercise-words", strong("Not checked"), ` ${reply.error}`)
      : paragraph("exercise-words", strong(reply.mark), ` ${reply.message}`);
    verdict.replaceChildren(words);
    if (reply.understood) {
      const formula = document.createElement("span");
      formula.innerHTML = reply.understood; // Written by SymPy from what it built, never the reader's own text.
      verdict.append(paragraph("exercise-understood", "Yours was read as ", formula));
    }
  }

  function wire(form) {
    const { exercise } = form.dataset;
    const input = form.querySelector("input");
    const verdict = form.querySelector(".exercise-verdict");
    let current = 0;
    form.querySelector(".exercise-controls").hidden = false;
    form.querySelector(".exercise-elsewhere").hidden = true;
    // By the time an answer is typed, Python is there. If that fails, the answer itself will say so.
    input.addEventListener("focus", () => ask(exercise), { once: true });
    input.addEventListener("input", () => delete verdict.dataset.state);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const mine = ++current;
      const text = input.value.trim();
      if (!text) {
        verdict.replaceChildren(paragraph("exercise-words", "Type an answer first."));
        input.focus();
        return;
      }
      verdict.dataset.state = "busy";
      // Said only if it lasts: a flash of other words would be read out for nothing.
      const slow = setTimeout(() => verdict.replaceChildren(paragraph("exercise-words", "Loading SymPy …")), 300);
      const reply = await ask(exercise, text, () => {
        if (verdict.childElementCount && mine === current && verdict.dataset.state === "busy") {
          verdict.replaceChildren(paragraph("exercise-words", "Checking …"));
        }
      });
      clearTimeout(slow);
      if (mine === current) show(verdict, reply);
    });
  }

  // From a folder a browser starts no worker: there the form's own sentence says what to do.
  if (location.protocol.startsWith("http") && "DecompressionStream" in self) {
    document.querySelectorAll("form[data-exercise]").forEach(wire);
  }
})();
