// The checker's worker. It starts when a reader turns to an exercise, and answers one message after the other.

import { loadPyodide } from "./pyodide.mjs";
import { start } from "./engine.mjs";

const base = new URL(".", import.meta.url).href;
const download = self.fetch.bind(self);

// The files lie packed: so they are as light from a server that does not compress.
async function unpacked(name) {
  const response = await download(`${base}${name}.packed`);
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  return response.body.pipeThrough(new DecompressionStream("gzip"));
}

async function bytes(name) {
  return new Uint8Array(await new Response(await unpacked(name)).arrayBuffer());
}

async function address(name, type) {
  return URL.createObjectURL(new Blob([await bytes(name)], { type }));
}

// Pyodide fetches its WebAssembly itself, after all else; it gets a stream that was begun with all else.
const machine = unpacked("pyodide.asm.wasm");
machine.catch(() => {}); // Told by Pyodide, which waits for it.
self.fetch = async (resource, options) =>
  String(resource.url ?? resource).endsWith("/pyodide.asm.wasm")
    ? new Response(await machine, { headers: { "Content-Type": "application/wasm" } })
    : download(resource, options);

async function begin() {
  const [python, checker, packages, loader] = await Promise.all([
    address("python.zip", "application/zip"),
    bytes("checker.zip"),
    download(`${base}packages.json`).then((response) => response.json()),
    address("pyodide.asm.js", "text/javascript"),
  ]);
  await import(loader);
  return start(loadPyodide, base, { python, checker, packages });
}

const engine = begin();
engine.catch(() => {}); // Told to the page in answer to its message.

self.onmessage = async ({ data: { id, exercise, text } }) => {
  try {
    const checker = await engine;
    self.postMessage({ id, begun: true });
    if (text === undefined) checker.warm(exercise);
    self.postMessage({ id, reply: text === undefined ? {} : checker.answer(exercise, text) });
  } catch (error) {
    self.postMessage({ id, reply: { error: String(error.message ?? error) } });
  }
};
