// The files that a person chooses or drops, with their paths.

/** @typedef {import("./linter.js").Chosen} Chosen */

/** More files than the linter reads of any package. */
const MOST = 200_000;

/** @param {FileList} files @returns {Chosen[]} */
export function fromInput(files) {
  return [...files]
    .map((file) => ({ path: file.webkitRelativePath || file.name, file }))
    .filter(isSeen);
}

/** @param {DataTransfer} data @returns {Promise<Chosen[]>} */
export async function fromDrop(data) {
  // They must be asked for before anything is waited for.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return fromInput(data.files);
  /** @type {Chosen[]} */
  const found = [];
  const pending = entries.reverse();
  while (pending.length && found.length < MOST) {
    const entry = pending.pop();
    const path = entry.fullPath.replace(/^\//, "");
    if (entry.isFile) found.push({ path, file: await fileOf(entry) });
    else if (entry.name === ".git") found.push({ path: `${path}/HEAD`, file: new File([], "HEAD") });
    else pending.push(...(await entriesOf(entry)));
  }
  return found;
}

/** What is linted: the files and folders at the top, but not a configuration beside them. */
export function targetsOf(/** @type {Chosen[]} */ chosen) {
  const tops = [...new Set(chosen.map(({ path }) => path.split("/")[0]))];
  const others = tops.filter((name) => !["model-lint.toml", "pyproject.toml"].includes(name));
  return others.length ? others : tops;
}

/** The path that two of the files have: the linter would see only one of them. */
export function twice(/** @type {Chosen[]} */ files) {
  const seen = new Set();
  return files.find(({ path }) => seen.has(path) || !seen.add(path))?.path;
}

/** Of git's own files one is enough to know a repository by; the others may be many. */
const isSeen = ({ path }) => !/(^|\/)\.git\/(?!HEAD$)/.test(path);

/** @returns {Promise<File>} */
const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

/** All entries of a folder, which are given a hundred at a time. */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    found.push(...some);
  }
}
