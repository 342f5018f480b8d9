// Brings the book's explorers to life: sliders over pictures that were drawn while the book was built.
// A figure carries its start frame and a description of its controls; the other frames come as one pack
// (see `bake` in companion/teaching) when the figure nears the viewport or a control is touched.
// This is a classic script, and so are the packs: a book opened from a folder may neither import nor fetch.

(() => {
  "use strict";

  const STATIC = new URL(".", document.currentScript.src);
  const SVG = "http://www.w3.org/2000/svg";
  const FORMAT = 2; // of packs
  const KEPT = 60; // parsed frames remembered per explorer
  const NEAR = "400px"; // from the viewport: packs are fetched
  const FAR = "4000px"; // and let go
  const CALM = matchMedia("(prefers-reduced-motion: reduce)");
  const LOST = "The other pictures could not be loaded, so this one does not follow the controls.";
  const STRANGE =
    "The other pictures belong to another version of this page, so this one does not follow the controls. Reloading the page may help.";
  const BROKEN = "The other pictures are damaged, so this one does not follow the controls.";

  // The pictures live in a shadow tree: a step then restyles one picture, not a page full of mathematics.
  const PANELS = `
    .explorer-panel { flex: 1 1 290px; width: 100%; max-width: 560px; height: auto; overflow: hidden; }
    /* The pinned data in grey, on top; a second set of ticks, words (drawn as glyphs) and cells would hide the first. */
    .explorer-ghost {
      --x-blue: var(--x-muted, #5d6670); --x-orange: var(--x-blue); --x-green: var(--x-blue); --x-red: var(--x-blue);
      --x-purple: var(--x-blue); --x-sky: var(--x-blue);
      --x-ink: transparent; --x-grid: transparent; --x-paper: transparent;
      opacity: 0.5;
    }
    .explorer-ghost :is(image, use[href*="DejaVu"]) { display: none; }
  `;

  const make = (tag, properties = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(properties)) {
      if (key in node) node[key] = value;
      else node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  };

  // Makes the tree `shown` look like `wanted`, touching only what differs: most of a picture stays from step to step,
  // and what stays needs no style, layout or paint. `wanted` is left as it is, so that it can be shown again.
  const patch = (shown, wanted) => {
    if (shown.isEqualNode(wanted)) return;
    const alike =
      wanted.childElementCount > 0 &&
      shown.childElementCount === wanted.childElementCount &&
      shown.cloneNode().isEqualNode(wanted.cloneNode());
    if (!alike) shown.replaceWith(wanted.cloneNode(true));
    else [...wanted.children].forEach((child, i) => patch(shown.children[i], child));
  };

  // --- packs ------------------------------------------------------------------------------------------------------

  // A pack is a script that hands its data over by calling this.
  const delivered = new WeakMap();
  window.explorerPack = (pack) => delivered.set(document.currentScript, pack);

  // `version` keeps caches from mixing two builds of the book, or serving again what was no use.
  const fetchPack = (path, version) =>
    new Promise((resolve, reject) => {
      const source = new URL(path, STATIC);
      source.search = version;
      const script = make("script", { src: source.href });
      const settle = (end) => () => {
        script.remove();
        end();
      };
      script.onload = settle(() => resolve(delivered.get(script)));
      script.onerror = settle(() => reject(new Error(LOST)));
      document.head.append(script);
    });

  class Explorer {
    constructor(figure) {
      this.figure = figure;
      this.name = figure.dataset.explorer;
      this.parameters = JSON.parse(figure.querySelector(".explorer-spec").textContent).parameters;
      this.start = this.parameters.map((p) => p.start);
      if (this.parameters.some((p) => !(p.start in p.values))) throw new Error(`${this.name}: a start off its grid`);
      this.state = this.fromAddress();
      this.parsed = new Map();
      this.failures = 0;
      this.playing = false;
      this.seen = false;
      this.numbers = figure.querySelector(".explorer-numbers");
      this.build();
      this.svgs = [...figure.querySelectorAll(".explorer-panel")];
      const shadow = figure.querySelector(".explorer-panels").attachShadow({ mode: "open" });
      shadow.append(make("style", { textContent: PANELS }), ...this.svgs);
      this.pictures = this.svgs.map((svg) => {
        const picture = document.createElementNS(SVG, "g");
        picture.append(...svg.childNodes);
        svg.append(picture);
        return picture;
      });
      if (this.state.some((k, i) => k !== this.start[i])) this.update();
    }

    // --- controls ---------------------------------------------------------------------------------------------------

    build() {
      const box = this.figure.querySelector(".explorer-controls");
      this.inputs = this.parameters.map((parameter, i) => this.control(box, parameter, i));
      this.sweep = this.parameters.findIndex((p) => p.kind === "range");
      const button = (text, title, act, pressed) => {
        const node = make("button", { type: "button", textContent: text, title, onclick: act });
        if (pressed !== undefined) node.setAttribute("aria-pressed", pressed);
        return node;
      };
      this.playButton = button("Play", "Sweep the first slider", () => this.play(!this.playing), false);
      this.pinButton = button("Pin", "Keep this picture as a ghost to compare with", () => this.pin(), false);
      const reset = button("Reset", "Back to the start", () => this.move([...this.start]));
      const link = button("Link", "Copy a link to this setting", () => this.copyLink(link));
      const row = make("div", { className: "explorer-buttons" });
      row.append(...(this.sweep < 0 ? [] : [this.playButton]), reset, this.pinButton, link);
      this.spoken = make("p", { className: "explorer-spoken", role: "status" });
      this.told = make("p", { className: "explorer-told", role: "alert" });
      this.retry = make("button", { type: "button", textContent: "Try again", hidden: true, onclick: () => this.update() });
      row.append(this.retry);
      box.append(row, this.told, this.spoken);
      this.showControls();
    }

    control(box, parameter, i) {
      const id = `${this.figure.id}-${parameter.name}`;
      const label = make("label", { htmlFor: id, textContent: parameter.label });
      const texts = parameter.values.map((_, k) => this.text(parameter, k));
      if (parameter.kind === "choice") {
        const input = make("select", { id }, ...texts.map((text, k) => make("option", { value: k, textContent: text })));
        input.addEventListener("change", () => this.change(i, Number(input.value)));
        box.append(make("div", { className: "explorer-control" }, label, input));
        return { input };
      }
      const input = make("input", { id, type: "range", min: 0, max: texts.length - 1, step: 1 });
      const output = make("output", { htmlFor: id });
      // Room for the longest value, so that nothing moves but the thumb.
      output.style.minWidth = `${Math.max(...texts.map((text) => text.length))}ch`;
      input.addEventListener("input", () => this.change(i, Number(input.value)));
      box.append(make("div", { className: "explorer-control" }, label, output, input));
      return { input, output };
    }

    // With a true minus, as in the figure; the address keeps the plain one.
    text(parameter, k) {
      const value = parameter.values[k].replace(/^-(?=[\d.])/, "−");
      return parameter.unit ? `${value} ${parameter.unit}` : value;
    }

    words() {
      return this.parameters.map((p, i) => `${p.label} = ${this.text(p, this.state[i])}`).join(", ");
    }

    showControls() {
      this.figure.querySelector(".explorer-state").textContent = this.words(); // for paper
      this.inputs.forEach(({ input, output }, i) => {
        const text = this.text(this.parameters[i], this.state[i]);
        input.value = this.state[i];
        if (output) {
          output.textContent = text;
          input.setAttribute("aria-valuetext", text);
        }
      });
    }

    // --- state ------------------------------------------------------------------------------------------------------

    // What the reader's hand does ends the sweep; a step of the sweep itself only sets.
    move(state) {
      this.play(false);
      this.set(state);
    }

    change(i, k) {
      this.move(this.state.map((old, j) => (j === i ? k : old)));
    }

    go(state) {
      this.state = state;
      this.showControls();
      this.update();
    }

    set(state) {
      this.go(state);
      clearTimeout(this.resting);
      this.resting = setTimeout(() => this.rest(), 350);
    }

    rest() {
      this.resting = undefined;
      this.toAddress(this.address());
      const numbers = [...this.numbers.children].map((n) => n.textContent).join(", ");
      this.spoken.textContent = this.playing ? "" : numbers;
    }

    key(parameter) {
      return `${this.name}.${parameter.name}`;
    }

    fromAddress() {
      const query = new URLSearchParams(location.search);
      return this.parameters.map((p) => {
        const k = p.values.indexOf(query.get(this.key(p)));
        return k < 0 ? p.start : k;
      });
    }

    // The reader went back or forward within the page. What a control was just moved to has yet to be written down.
    followAddress() {
      const state = this.fromAddress();
      if (this.resting !== undefined || state.every((k, i) => k === this.state[i])) return;
      this.play(false);
      this.go(state);
    }

    address() {
      const url = new URL(location.href);
      this.parameters.forEach((p, i) => {
        if (this.state[i] === p.start) url.searchParams.delete(this.key(p));
        else url.searchParams.set(this.key(p), p.values[this.state[i]]);
      });
      return url;
    }

    // Replaced, not pushed: "back" leads to the page before, not through every setting. Some browsers refuse when they
    // are asked often, or in a sandbox; the setting is then only missing from the address.
    toAddress(url) {
      try {
        history.replaceState(history.state, "", url);
        return true;
      } catch {
        return false;
      }
    }

    async copyLink(button) {
      const url = this.address();
      url.hash = this.figure.id;
      const written = this.toAddress(url);
      try {
        await navigator.clipboard.writeText(url.href);
        button.textContent = "Copied";
      } catch {
        button.textContent = written ? "In the address bar" : "Not allowed here";
      }
      setTimeout(() => (button.textContent = "Link"), 1500);
    }

    // --- frames -----------------------------------------------------------------------------------------------------

    async load() {
      this.loading ??= this.receive();
      await this.loading;
    }

    async receive() {
      this.figure.setAttribute("aria-busy", "true");
      try {
        const { pack: path, hash } = this.figure.dataset;
        const pack = await fetchPack(path, this.failures ? `${hash}-${this.failures}` : hash);
        const frames = this.parameters.reduce((count, p) => count * p.values.length, 1);
        if (!pack) throw new Error(BROKEN);
        if (pack.format !== FORMAT || pack.hash !== hash) throw new Error(STRANGE);
        if (pack.frames.length !== frames) throw new Error(BROKEN);
        this.pack = pack;
        this.tell();
      } catch (error) {
        this.fail([LOST, STRANGE].includes(error.message) ? error.message : BROKEN);
      }
      this.figure.removeAttribute("aria-busy");
    }

    // Far from the viewport an explorer keeps the picture that it shows, and nothing else.
    release() {
      if (!this.pack) return;
      this.pack = this.loading = undefined;
      this.parsed.clear();
    }

    fail(text) {
      this.release();
      this.loading = undefined;
      this.failures += 1;
      this.play(false);
      this.tell(text);
    }

    tell(text = "") {
      this.told.textContent = text;
      if (!text && document.activeElement === this.retry) this.inputs[0].input.focus();
      this.retry.hidden = !text;
    }

    async update() {
      if (!this.pack) await this.load();
      if (this.pack) this.asked ??= requestAnimationFrame(() => this.draw());
    }

    index(state = this.state) {
      return this.parameters.reduce((at, p, i) => at * p.values.length + state[i], 0);
    }

    // Reads the pictures one step away while the browser has nothing else to do.
    ahead() {
      if (!this.pack) return;
      this.parameters.forEach((p, i) => {
        for (const step of [1, -1]) {
          const k = this.state[i] + step;
          if (k >= 0 && k < p.values.length) this.frame(this.index(this.state.map((old, j) => (j === i ? k : old))));
        }
      });
    }

    frame(at) {
      let frame = this.parsed.get(at);
      if (!frame) {
        frame = this.pack.frames[at].map((lines) => {
          const group = document.createElementNS(SVG, "g");
          group.innerHTML = lines.map((k) => this.pack.lines[k]).join("\n");
          return group;
        });
      }
      this.parsed.delete(at);
      this.parsed.set(at, frame);
      if (this.parsed.size > KEPT) this.parsed.delete(this.parsed.keys().next().value);
      return frame;
    }

    draw() {
      this.asked = undefined;
      if (!this.pack) return;
      try {
        this.show(this.index());
      } catch {
        this.fail(BROKEN);
        return;
      }
      // Safari has no idle callbacks: there a frame is read when it is asked for.
      if (window.requestIdleCallback) requestIdleCallback(() => this.ahead());
    }

    show(at) {
      this.frame(at).forEach((picture, panel) => {
        patch(this.pictures[panel], picture);
        this.pictures[panel] = this.svgs[panel].firstElementChild;
        this.svgs[panel].setAttribute("aria-label", this.pack.alt[at]);
      });
      this.showNumbers(this.pack.numbers[at]);
    }

    showNumbers(numbers) {
      const boxes = this.numbers.children;
      if (boxes.length !== numbers.length) {
        this.numbers.replaceChildren(...numbers.map(() => make("div", {}, make("dt"), make("dd"))));
      }
      numbers.forEach((pair, i) => {
        pair.forEach((text, j) => {
          const node = boxes[i].children[j];
          if (node.textContent !== text) node.textContent = text;
        });
      });
    }

    // --- play and pin -----------------------------------------------------------------------------------------------

    play(on) {
      this.playing = on;
      // Round and round; once around for readers who asked for little motion.
      this.left = CALM.matches ? this.parameters[this.sweep]?.values.length : Infinity;
      this.playButton.textContent = on ? "Pause" : "Play";
      this.playButton.setAttribute("aria-pressed", on);
      this.tick();
    }

    // The sweep waits while nobody can see it.
    tick() {
      clearInterval(this.timer);
      if (this.playing && this.seen && !document.hidden) this.timer = setInterval(() => this.step(), CALM.matches ? 900 : 220);
    }

    step() {
      if (this.left-- <= 0) return this.play(false);
      const count = this.parameters[this.sweep].values.length;
      this.set(this.state.map((k, j) => (j === this.sweep ? (k + 1) % count : k)));
    }

    pin() {
      const on = this.pinButton.getAttribute("aria-pressed") === "false";
      this.svgs.forEach((svg, panel) => {
        if (!on) return svg.lastElementChild.remove();
        const ghost = this.pictures[panel].cloneNode(true);
        ghost.setAttribute("class", "explorer-ghost");
        svg.append(ghost);
      });
      for (const number of this.numbers.querySelectorAll("dd")) {
        if (on) number.dataset.pinned = `(${number.textContent})`;
        else delete number.dataset.pinned;
      }
      this.pinButton.setAttribute("aria-pressed", on);
      this.pinButton.textContent = on ? `Pinned: ${this.words()}` : "Pin";
    }
  }

  // --- the page -----------------------------------------------------------------------------------------------------

  // A figure that cannot be brought to life stays as it was built, and says so; the others live.
  const explorers = new Map();
  for (const figure of document.querySelectorAll("figure.explorer")) {
    try {
      explorers.set(figure, new Explorer(figure));
    } catch (error) {
      console.error(error);
      figure.classList.add("explorer-still");
      const told = make("p", { className: "explorer-told", role: "alert" });
      figure.querySelector(".explorer-controls").replaceChildren(told);
      told.textContent = "This figure is damaged: it has no controls, and shows its start.";
    }
  }

  const watch = (rootMargin, act) => {
    const tell = (entries) => entries.forEach((entry) => act(explorers.get(entry.target), entry.isIntersecting));
    const observer = new IntersectionObserver(tell, { rootMargin });
    for (const figure of explorers.keys()) observer.observe(figure);
  };
  watch(NEAR, (explorer, near) => near && explorer.load());
  watch(FAR, (explorer, near) => near || explorer.release());
  watch("0px", (explorer, seen) => {
    explorer.seen = seen;
    explorer.tick();
  });
  document.addEventListener("visibilitychange", () => explorers.forEach((explorer) => explorer.tick()));
  addEventListener("popstate", () => explorers.forEach((explorer) => explorer.followAddress()));

  // Paper is white: a dark page goes there in its light colours.
  const theme = document.documentElement.dataset;
  let dark = false;
  addEventListener("beforeprint", () => {
    dark ||= theme.theme === "dark";
    if (dark) theme.theme = "light";
  });
  addEventListener("afterprint", () => {
    if (dark) theme.theme = "dark";
    dark = false;
  });
})();
