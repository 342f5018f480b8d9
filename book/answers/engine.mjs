// Python, SymPy and the checker: started in a worker of the page, and in Node for the tests.

const LOOK = 50; // milliseconds between two looks at the clock while algebra runs

// Python asks its interrupt buffer now and then whether to stop. Nobody else can write into one while Python computes
// (pages that are not isolated share no memory), so this one writes itself: it says "interrupt" (2) at most every LOOK
// milliseconds, and Python's handler then looks whether the time for a step of algebra is up.
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

// `files` holds python (the address of python.zip), checker (the bytes of checker.zip) and packages (a list of none).
export async function start(loadPyodide, indexURL, files) {
  const python = await loadPyodide({ indexURL, stdLibURL: files.python, lockFileContents: files.packages });
  python.FS.writeFile("/lib/checker.zip", files.checker);
  python.runPython("import sys; sys.path.insert(1, '/lib/checker.zip')");
  const checker = python.pyimport("answers_checker");
  python.setInterruptBuffer(clockwork());
  return {
    warm: (exercise) => checker.warm(exercise),
    answer: (exercise, text) => JSON.parse(checker.answer(exercise, text)),
  };
}
