// node answers_in_node.mjs <folder of the checker> <folder of pyodide> <scratch>: Python in WebAssembly, as a page has it.
// Each line that comes in is [exercise, text], each that goes out the reply and the milliseconds that it took; the line
// "everything" is answered by the modules that the archives need and have not, "patience" by the seconds after which an
// endless task was ended, that has half a second.

import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";

const [folder, pyodide, scratch] = process.argv.slice(2);
const unpacked = (name) => gunzipSync(readFileSync(join(folder, `${name}.packed`)));
const { start } = await import(pathToFileURL(join(folder, "engine.mjs")));
const { loadPyodide } = await import(pathToFileURL(join(pyodide, "pyodide.mjs")));

let python;
const kept = async (options) => (python = await loadPyodide(options));
const archive = join(scratch, "python.zip");
writeFileSync(archive, unpacked("python.zip"));
const checker = await start(kept, `${pyodide}/`, {
  python: archive,
  checker: unpacked("checker.zip"),
  packages: JSON.parse(readFileSync(join(folder, "packages.json"), "utf8")),
});
const everything = `
import answers_checker, importlib, json, sys, warnings, zipfile
warnings.simplefilter("ignore")
for path in sys.path[:]:
    if path.endswith(".zip"):
        for name in zipfile.ZipFile(path).namelist():
            module = name.removesuffix(".pyc").removesuffix("/__init__").replace("/", ".")
            try:
                importlib.import_module(module)
            except ImportError as error:
                answers_checker.missing.append(f"{module}: {error}")
json.dumps(sorted(set(answers_checker.missing)))
`;
const patience = `
import json, time
from companion.teaching._patience import within
def endless():
    while True:
        try:
            sum(range(100))
        except Exception:
            pass
begun = time.perf_counter()
ended = within(0.5, lambda: within(60, endless))
json.dumps([ended, time.perf_counter() - begun])
`;
const scripts = { everything, patience };
const lines = createInterface({ input: process.stdin });
for await (const line of lines) {
  const asked = JSON.parse(line);
  if (asked in scripts) {
    console.log(python.runPython(scripts[asked]));
    continue;
  }
  const [exercise, text] = asked;
  const begun = performance.now();
  const reply = checker.answer(JSON.stringify(exercise), text);
  console.log(JSON.stringify({ reply, ms: performance.now() - begun }));
}
