// node build.mjs <site-packages> <repository> <out>: the folder that a page's worker starts Python from.

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const [packages, repository, out] = process.argv.slice(2);
const pyodide = join(here, "..", "node_modules", "pyodide");
const { loadPyodide } = createRequire(import.meta.url)("pyodide");

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const python = await loadPyodide({ indexURL: `${pyodide}/`, stdout: console.error, stderr: console.error });
const places = { "/packages/sympy": join(packages, "sympy"), "/packages/mpmath": join(packages, "mpmath"), "/repository": repository, "/out": out };
for (const [place, path] of Object.entries(places)) {
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
// Packed here, unpacked by the worker: so it is as light from a server that does not compress.
function pack(from, name) {
  writeFileSync(join(out, `${name}.packed`), gzipSync(readFileSync(join(from, name)), { level: 9 }));
}
for (const name of ["python.zip", "checker.zip"]) {
  pack(out, name);
  rmSync(join(out, name));
}
for (const name of ["pyodide.asm.wasm", "pyodide.asm.js"]) pack(pyodide, name);
copyFileSync(join(pyodide, "pyodide.mjs"), join(out, "pyodide.mjs"));
for (const name of ["engine.mjs", "worker.mjs"]) copyFileSync(join(here, name), join(out, name));
// Pyodide asks for a list of packages that it might load: there are none.
const { info } = JSON.parse(readFileSync(join(pyodide, "pyodide-lock.json"), "utf8"));
writeFileSync(join(out, "packages.json"), JSON.stringify({ info, packages: {} }));
