// The linter, in a worker of its own: started when it is made, and anew after it was stopped.

/** A file, and its path in what was chosen. @typedef {{path: string, file: File}} Chosen */
/** What became of a call. @typedef {{answer: any, memory: number}} Result */

/** Why a call has no answer: it was stopped. */
export class Stopped extends Error {}

export class Linter {
  /** @type {Worker} */ #worker;
  #ready = false;
  #next = 0;
  /** @type {Map<number, {resolve: (result: Result) => void, reject: (error: Error) => void}>} */
  #waiting = new Map();
  #prepared;

  /**
   * @param {string} module the Python module of the page
   * @param {(share: number) => void} onProgress takes how much of the files was read, from 0 to 1
   */
  constructor(module, onProgress = () => {}) {
    this.module = module;
    this.onProgress = onProgress;
    this.#start();
  }

  /** Resolves when the linter can answer. */
  get prepared() {
    return this.#prepared;
  }

  /** Whether it is at work, rather than still being loaded. */
  get isRunning() {
    return this.#ready && this.#waiting.size > 0;
  }

  /**
   * Call a function of the Python module.
   * @param {string} call its name
   * @param {string[]} words what it takes
   * @param {Chosen[]} [files] what it sees in its folder
   * @returns {Promise<Result>}
   */
  ask(call, words = [], files = undefined) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, module: this.module, call, words, files });
    });
  }

  /** Stop all that runs, and start anew. */
  stop() {
    this.#restart(new Stopped("stopped"));
  }

  #start() {
    // A worker whose script the page makes has the page's policy: it too asks its own host alone.
    const script = `import ${JSON.stringify(new URL("worker.js", import.meta.url).href)};`;
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    this.#worker = new Worker(address, { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) =>
      this.#fail(new Error(event.message || "the linter can't be loaded"));
    this.#prepared = this.ask("prepare").then((result) => {
      this.#ready = true;
      URL.revokeObjectURL(address);
      return result;
    });
    this.#prepared.catch(() => {}); // the caller that asks for it gets the error
  }

  #receive({ id, progress, error, ...result }) {
    if (progress !== undefined) return this.onProgress(progress);
    const asked = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) asked?.resolve(result);
    else {
      asked?.reject(new Error(error));
      if (this.#ready) this.#restart(new Stopped("stopped")); // Python may be broken
    }
  }

  /** @param {Error} error */
  #fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /** @param {Error} reason */
  #restart(reason) {
    this.#worker.terminate();
    this.#ready = false;
    this.#fail(reason);
    this.#start();
  }
}
