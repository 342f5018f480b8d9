// Python, SymPy and the checker, started from one folder: in a worker of the page, and in Node for the tests.

const LOOK = 50; // milliseconds between two looks at the clock while algebra runs

// Nobody else could write into a shared buffer while Python computes (and pages without isolation have none), so this
// one writes itself: each time Python asks for it, it says "interrupt" (2) if it has not done so for a while.
function clockwork() {
  let last = performance.now();
  return {
    get 0() {
      const now = performance.now();
      if (now - last < LOOK) return 0;
      last = now;
      return 2;
    },
    set 0(value) {},
  };
}

// `base` is the folder's address (in Node its path), `read` a function from a file's name to its bytes.
export async function start(loadPyodide, base, read) {
  const [checker, python] = await Promise.all([
    read("checker.zip"),
    loadPyodide({
      indexURL: base,
      stdLibURL: `${base}python.zip`,
      lockFileContents: await empty(read),
      checkIntegrity: false,
    }),
  ]);
  python.FS.writeFile("/lib/checker.zip", checker);
  python.runPython("import sys; sys.path.insert(1, '/lib/checker.zip')");
  const module = python.pyimport("answers_checker");
  python.setInterruptBuffer(clockwork());
  return {
    warm: (exercise) => module.warm(exercise),
    answer: (exercise, text) => JSON.parse(module.answer(exercise, text)),
    python,
  };
}

// Pyodide asks for a list of packages; there are none.
async function empty(read) {
  return new TextDecoder().decode(await read("pyodide-lock.json"));
}
