// The worker: Pyodide with the linter. It answers messages one after the other.

import { loadPyodide } from "./pyodide/pyodide.mjs";

/** Where the files of a person are seen by Python. */
const HERE = "/here";
/** Milliseconds between two messages about the progress. */
const PAUSE = 100;
/** The system's number for an input or output error. */
const EIO = 29;

const base = new URL(".", import.meta.url);

async function start() {
  const [python, code] = await Promise.all([
    loadPyodide({ indexURL: new URL("pyodide/", base).href }),
    fetch(new URL("model_template.zip", base)).then((response) => {
      if (!response.ok) throw new Error(`model_template.zip: ${response.status}`);
      return response.arrayBuffer();
    }),
  ]);
  python.unpackArchive(code, "zip", { extractDir: "/code" });
  python.runPython("import sys; sys.path.insert(0, '/code')");
  python.FS.mkdir(HERE);
  return python;
}

const started = start();
/** The Python modules of the pages, by name. */
const modules = {};

/**
 * Mount files, so that they are read where they are and only as far as they are needed.
 * @param {{path: string, file: File}[]} files
 * @param {(count: number) => void} onRead takes the bytes of each read
 */
function mount(python, files, onRead) {
  const { WORKERFS } = python.FS.filesystems;
  const read = WORKERFS.stream_ops.read;
  // In a folder, so that no name of theirs is taken for a property of Emscripten's table.
  const blobs = files.map(({ path, file }) => ({ name: `in/${path}`, data: file }));
  python.FS.mount(WORKERFS, { blobs }, HERE);
  WORKERFS.stream_ops.read = (...how) => {
    try {
      const count = read(...how);
      onRead(count);
      return count;
    } catch {
      // It was changed or deleted since it was chosen.
      throw new python.FS.ErrnoError(EIO);
    }
  };
  return () => {
    WORKERFS.stream_ops.read = read;
    python.FS.unmount(HERE);
  };
}

/** Report the progress of reading so many bytes, from time to time. */
function progress(total) {
  let done = 0;
  let last = 0;
  return (/** @type {number} */ count) => {
    done += count;
    const now = performance.now();
    if (now - last < PAUSE) return;
    last = now;
    postMessage({ progress: Math.min(1, done / total) });
  };
}

/** @param {{module: string, call: string, words: string[], files?: {path: string, file: File}[]}} asked */
async function answer({ module, call, words, files }) {
  const python = await started;
  const total = files?.reduce((sum, { file }) => sum + file.size, 0) || 1;
  const unmount = files ? mount(python, files, progress(total)) : () => {};
  modules[module] ??= python.pyimport(`model_template.${module}`);
  try {
    // A call that waits already does what it would otherwise be prepared for.
    const needless = call === "prepare" && waiting > 1;
    const said = needless ? "null" : modules[module][call](...words);
    return { answer: JSON.parse(said), memory: python._module.HEAPU8.length };
  } finally {
    unmount();
  }
}

let last = Promise.resolve();
/** How many calls have no answer yet. */
let waiting = 0;
addEventListener("message", ({ data }) => {
  waiting++;
  last = last.then(() =>
    answer(data)
      .then(
        (result) => postMessage({ id: data.id, ...result }),
        (error) => postMessage({ id: data.id, error: String(error.message ?? error) }),
      )
      .finally(() => waiting--),
  );
});
