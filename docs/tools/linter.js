// The linter, in a worker of its own: started when it is made, and anew after it was stopped.

/** A file, and its path in what was chosen. @typedef {{path: string, file: File}} Chosen */
/** What became of a call. @typedef {{answer: any, memory: number}} Result */

/** Resolves when the page is there: its script runs before, so that the linter starts early. */
export const parsed = () =>
  new Promise((go) => {
    if (document.readyState !== "loading") go();
    else document.addEventListener("DOMContentLoaded", go);
  });

/** Why a call has no answer: it was stopped. */
export class Stopped extends Error {}

export class Linter {
  /** @type {Worker} */ #worker;
  #ready = false;
  #next = 0;
  /** @type {Map<number, {asked: object, resolve: (result: Result) => void, reject: (error: Error) => void}>} */
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
    const asked = { id, module: this.module, call, words, files };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { asked, resolve, reject });
      this.#worker.postMessage(asked);
    });
  }

  /** Stop all that runs, and start anew. */
  stop() {
    this.#restart(new Stopped("stopped"));
  }

  #start() {
    // A worker whose script the page makes has the page's policy: it too asks its own host alone.
    const address = new URL("worker.js", import.meta.url).href;
    const script = new Blob([`import ${JSON.stringify(address)};`], { type: "text/javascript" });
    const made = URL.createObjectURL(script);
    this.#run(made, (error) => {
      // In Firefox, such a worker does not ask the service worker, so it needs the network. The
      // service worker gives this one the same policy.
      if (this.#ready || !navigator.serviceWorker?.controller) return this.#fail(error);
      this.#run(address, (again) => this.#fail(again));
      for (const { asked } of this.#waiting.values()) this.#worker.postMessage(asked);
    });
    this.#prepared = this.ask("prepare").then((result) => {
      this.#ready = true;
      URL.revokeObjectURL(made);
      return result;
    });
    this.#prepared.catch(() => {}); // the caller that asks for it gets the error
  }

  /**
   * Start a worker.
   * @param {string} address of its script
   * @param {(error: Error) => void} onFailure
   */
  #run(address, onFailure) {
    this.#worker?.terminate(); // of two workers, both would answer
    this.#worker = new Worker(address, { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) =>
      onFailure(new Error(event.message || "the linter can't be loaded"));
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
    this.#ready = false;
    this.#fail(reason);
    this.#start();
  }
}
