// The checker's worker: starts when the page sends it its first exercise, and answers one message after the other.

import { loadPyodide } from "./pyodide.mjs";
import { start } from "./engine.mjs";

const base = new URL(".", import.meta.url).href;

async function read(name) {
  const response = await fetch(base + name);
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

const engine = start(loadPyodide, base, read);

self.onmessage = async ({ data: { id, exercise, text } }) => {
  try {
    const checker = await engine;
    self.postMessage({ id, started: true });
    if (text === undefined) checker.warm(exercise);
    const reply = text === undefined ? {} : checker.answer(exercise, text);
    self.postMessage({ id, reply });
  } catch (error) {
    self.postMessage({ id, reply: { error: String(error.message ?? error) } });
  }
};
