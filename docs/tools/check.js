// The page "Check a package": what is chosen or dropped is linted, and the report is shown.

import { fromDrop, fromInput, targetsOf, twice } from "./chosen.js";
import { Linter, parsed, Stopped } from "./linter.js";
import { keepOffline } from "./offline.js";
import { Reports } from "./reports.js";

const linter = new Linter("check", (share) => {
  bar.value = share;
  bar.textContent = `${Math.round(100 * share)} %`;
});
await parsed();

/** @template {HTMLElement} T @param {string} id @returns {T} */
const element = (id) => /** @type {T} */ (document.getElementById(id));

const form = /** @type {HTMLFormElement} */ (element("check"));
const drop = element("drop");
const status = element("status");
const running = element("running");
const bar = /** @type {HTMLProgressElement} */ (element("progress"));
const again = /** @type {HTMLButtonElement} */ (element("again"));
const problems = element("problems");
const reports = new Reports(element("result"));

/** @type {import("./linter.js").Chosen[]} */
let chosen = [];
/** The number of the last check: the results of earlier ones are not shown. */
let latest = 0;

/** The options of the command line that the form asks for. */
function options() {
  const data = new FormData(form);
  const words = [];
  if (data.get("depth")) words.push(String(data.get("depth")));
  for (const name of ["name", "select", "ignore", "fail-on"]) {
    const value = String(data.get(name) ?? "").trim();
    if (value) words.push(`--${name}=${value}`);
  }
  const whom = data.getAll("for");
  if (whom.length) words.push(`--for=${whom.join(",")}`);
  return words;
}

/** The configuration that was chosen, as one of the files. */
function configuration() {
  const [file] = /** @type {HTMLInputElement} */ (element("config")).files ?? [];
  return file ? [{ path: file.name, file }] : [];
}

/** Lint what was chosen. A check that still runs is stopped: the last choice is what is shown. */
async function check() {
  if (!chosen.length) return;
  if (linter.isRunning) linter.stop();
  const number = ++latest;
  const targets = targetsOf(chosen);
  const config = configuration();
  const words = [...options(), ...config.map(({ path }) => `--config=${path}`)];
  begin(targets);
  const files = [...chosen, ...config];
  const twin = twice(files);
  if (twin) {
    const said = `two of the files are named ${twin}: check one after the other`;
    return show({ said, reports: {} }, targets);
  }
  const request = { folder: "/here/in", targets, options: words };
  try {
    const { answer } = await linter.ask("run", [JSON.stringify(request)], files);
    if (number === latest) show(answer, targets);
  } catch (error) {
    if (number === latest) complain(/** @type {Error} */ (error));
  }
}

/** @param {string[]} targets */
function begin(targets) {
  reports.hide();
  problems.hidden = true;
  running.hidden = false;
  again.hidden = true;
  bar.removeAttribute("value");
  status.textContent = linter.isRunning ? "" : `Linting ${named(targets)} …`;
}

function end() {
  running.hidden = true;
  again.hidden = false;
}

/** @param {any} answer @param {string[]} targets */
function show({ status: exit, said, command, reports: written }, targets) {
  end();
  problems.textContent = said.replaceAll(/^model-lint: /gm, "").trim();
  problems.hidden = !problems.textContent;
  const report = JSON.parse(written.json ?? '{"targets": []}');
  if (!report.targets.length) {
    status.textContent = `${named(targets)} can't be linted.`;
    return;
  }
  status.textContent = `${named(targets)}: ${verdict(exit)}, ${counted(report.summary)}.`;
  reports.show(written, command, targets[0]);
}

/** @param {number} exit the exit status */
const verdict = (exit) => ["passes", "fails"][exit] ?? "not everything could be linted";

/** @param {Object<string, number>} summary */
function counted(summary) {
  const found = Object.entries(summary).filter(([, number]) => number);
  const words = found.map(([severity, n]) => `${n} ${severity}${n === 1 ? "" : "s"}`);
  return words.join(", ") || "no findings";
}

/** @param {string[]} targets */
function named(targets) {
  return targets.length === 1 ? targets[0] : `${targets.length} targets`;
}

/** @param {Error} error */
function complain(error) {
  end();
  if (error instanceof Stopped) {
    status.textContent = "Stopped.";
    return;
  }
  status.textContent = "The linter failed: there is no verdict.";
  problems.textContent = `${error.message}\nIn a terminal, model-lint check may still judge it.`;
  problems.hidden = false;
}

/** @param {import("./linter.js").Chosen[]} files */
function choose(files) {
  chosen = files;
  if (chosen.length) return void check();
  reports.hide();
  problems.hidden = again.hidden = true;
  status.textContent = "That contains no files.";
}

for (const id of ["files", "folder"]) {
  const input = /** @type {HTMLInputElement} */ (element(id));
  input.addEventListener("change", () => {
    if (!input.files?.length) return; // the dialog was left
    choose(fromInput(input.files));
    input.value = ""; // so that the same one can be chosen again
  });
}
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) {
  document.addEventListener(name, () => drop.classList.remove("over"));
}
document.addEventListener("drop", async (event) => {
  event.preventDefault();
  if (!event.dataTransfer) return;
  try {
    choose(await fromDrop(event.dataTransfer));
  } catch (error) {
    reports.hide();
    complain(/** @type {Error} */ (error)); // a file is gone, or may not be read
  }
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  check();
});
element("stop").addEventListener("click", () => {
  linter.stop();
  element("files").focus();
});

const loading = "Loading the linter …";
status.textContent = loading;
linter.prepared.then(
  () => {
    if (status.textContent === loading) status.textContent = "Ready.";
    keepOffline(element("update"));
  },
  (error) => chosen.length || complain(error),
);
