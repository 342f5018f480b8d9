// node build.mjs <site-packages> <repository> <out>: the folder that a page's worker starts Python from.

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [packages, repository, out] = process.argv.slice(2);
const pyodide = join(here, "..", "node_modules", "pyodide");
const { loadPyodide } = createRequire(import.meta.url)("pyodide");

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const python = await loadPyodide({ indexURL: `${pyodide}/`, stdout: console.error, stderr: console.error });
for (const [place, path] of [["/packages", packages], ["/repository", repository], ["/out", out]]) {
  python.FS.mkdirTree(place);
  python.mountNodeFS(place, path);
}
python.runPython(`
import sys
sys.path[:0] = ["/repository/book/answers", "/repository", "/packages"]
sys.dont_write_bytecode = True
import bundle
bundle.main("/out")
`);
for (const name of ["pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm"]) copyFileSync(join(pyodide, name), join(out, name));
for (const name of ["engine.mjs", "worker.mjs"]) copyFileSync(join(here, name), join(out, name));
const lock = JSON.parse(readFileSync(join(pyodide, "pyodide-lock.json"), "utf8"));
writeFileSync(join(out, "pyodide-lock.json"), JSON.stringify({ ...lock, packages: {} }));
