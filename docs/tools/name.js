// The page "Find a name": the parts become a name, and a name is taken apart.

import { Linter, parsed } from "./linter.js";
import { keepOffline } from "./offline.js";

const linter = new Linter("name");
await parsed();

/** @template {HTMLElement} T @param {string} id @returns {T} */
const element = (id) => /** @type {T} */ (document.getElementById(id));

const parts = /** @type {HTMLFormElement} */ (element("compose"));
const existing = /** @type {HTMLInputElement} */ (element("existing"));
const status = element("status");
/** The parts of the existing name, or of the nearest right one. @type {Object<string, string>} */
let nearest = {};

/**
 * Call a function of the grammar. An answer that a later call has overtaken is not shown.
 * @param {string} call @param {(answer: any) => void} show
 */
function asking(call, show) {
  let latest = 0;
  return async (/** @type {string} */ text) => {
    const number = ++latest;
    try {
      const { answer } = await linter.ask(call, [text]);
      if (number === latest) show(answer);
    } catch (error) {
      status.textContent = `The grammar can't be used: ${/** @type {Error} */ (error).message}`;
    }
  };
}

// ---------------------------------------------------------------------------- from parts to a name

const compose = asking("compose", (answer) => {
  for (const control of parts.elements) showError(control, answer);
  const valid = answer.field === undefined;
  element("composed").textContent = valid ? answer.name : "no name yet";
  element("command").textContent = valid ? answer.command : "…";
  element("composed-about").replaceChildren(...(valid ? about(answer) : []));
  for (const id of ["copy-name", "copy-command"]) {
    /** @type {HTMLButtonElement} */ (element(id)).disabled = !valid;
  }
});

function showError(control, { field, reason }) {
  const error = element(`${control.name}-error`);
  const wrong = control.name === field;
  error.hidden = !wrong;
  error.replaceChildren(...(wrong ? prose(reason) : []));
  control.setAttribute("aria-invalid", String(wrong));
}

const composeParts = () => compose(JSON.stringify(Object.fromEntries(new FormData(parts))));

/** Offer the words for the last of several values: after `sc-`, `sc-gm`. */
function offerNext(input) {
  const words = input.list;
  if (!words) return;
  words.known ??= [...words.options].map(({ value }) => value);
  const before = /^.*[-,] */.exec(input.value)?.[0] ?? "";
  const options = words.known.map((word) => new Option("", before + word));
  words.replaceChildren(...options);
}

parts.addEventListener("input", (event) => {
  offerNext(event.target);
  composeParts();
});
parts.addEventListener("submit", (event) => event.preventDefault());

// ---------------------------------------------------------------------------- from a name to parts

const explain = asking("explain", (answer) => {
  if (!existing.value.trim()) return clear();
  element("existing-verdict").textContent = `${answer.name}: ${answer.verdict}`;
  element("existing-about").replaceChildren(...about(answer));
  const suggestion = element("existing-suggestion");
  const [what, name] = suggestion.children;
  what.textContent = answer.certain ? "Nearest valid name:" : answer.suggestion ? "Perhaps:" : "";
  name.textContent = answer.suggestion ?? "";
  nearest = answer.parts ?? {};
  suggestion.hidden = !answer.parts;
});

function clear() {
  element("existing-verdict").textContent = "";
  element("existing-about").replaceChildren();
  element("existing-suggestion").hidden = true;
}

existing.addEventListener("input", () => (existing.value.trim() ? explain(existing.value) : clear()));
element("explain").addEventListener("submit", (event) => event.preventDefault());
element("take").addEventListener("click", () => {
  for (const [field, value] of Object.entries(nearest)) {
    /** @type {HTMLInputElement} */ (parts.elements.namedItem(field)).value = value;
  }
  composeParts();
  /** @type {HTMLElement} */ (parts.elements[0]).focus();
});

// ------------------------------------------------------------------------------------- both

/** What is said about a name: what is found, and each part with where it comes from. */
function about({ findings, rows }) {
  const list = node("ul", { className: "tool-findings" }, findings.map(finding));
  const head = node("tr", {}, ["Part", "Value", "Where it comes from"].map((text) => cell("th", text)));
  const body = rows.map((row) => node("tr", {}, row.map((text) => cell("td", text))));
  const table = node("table", { className: "tool-table" }, [node("thead", {}, [head]), node("tbody", {}, body)]);
  return [...(findings.length ? [list] : []), ...(rows.length ? [table] : [])];
}

function finding({ code, rule, severity, message }) {
  const page = node("a", { href: new URL(`../rules/${rule}/`, import.meta.url).href }, [code]);
  return node("li", { className: severity }, [`${severity} `, page, ": ", ...prose(message)]);
}

/** A text, with what is between backticks as code. @param {string} text */
const prose = (text) =>
  text.split(/`([^`]+)`/).map((piece, n) => (n % 2 ? node("code", {}, [piece]) : piece));

const cell = (name, text) => node(name, name === "th" ? { scope: "col" } : {}, prose(text));

/** @param {string} name @param {Object<string, string>} properties @param {(Node | string)[]} children */
function node(name, properties, children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

for (const [button, source] of [["copy-name", "composed"], ["copy-command", "command"]]) {
  element(button).addEventListener("click", async () => {
    await navigator.clipboard.writeText(element(source).textContent ?? "");
    status.textContent = "Copied.";
  });
}

const loading = "Loading the grammar …";
status.textContent = loading;
linter.prepared.then(() => {
  if (status.textContent === loading) status.textContent = "";
  keepOffline(element("update"));
});
composeParts();
if (existing.value) explain(existing.value);
