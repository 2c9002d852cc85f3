"use strict";

// Filters the tables of the rules by what their cells say. The choice is in the address, to be shared.
// Without this script the form stays hidden, and the tables are as they are.

const form = document.getElementById("filter");
const sections = [...document.querySelectorAll("article section")];
const families = new Map(sections.map((section) => [section, section.querySelector("h2").firstChild.data.trim()]));
const rows = sections.flatMap((section) => [...section.querySelectorAll("tbody tr")]);

function chosen() {
  return Object.fromEntries([...new FormData(form)].filter(([, value]) => value.trim()));
}

function matches(row, { q = "", family, severity, stops, option }) {
  const text = row.textContent.toLowerCase();
  const cell = (index, value) => !value || row.cells[index].textContent.includes(value);
  return (
    q.toLowerCase().split(/\s+/).every((word) => text.includes(word)) &&
    (!family || families.get(row.closest("section")) === family) &&
    cell(2, severity) &&
    cell(3, stops) &&
    cell(4, option)
  );
}

function filter() {
  const wanted = chosen();
  for (const row of rows) row.hidden = !matches(row, wanted);
  for (const section of sections) {
    section.hidden = !section.querySelector("tbody tr:not([hidden])");
  }
  const number = rows.filter((row) => !row.hidden).length;
  form.querySelector("[role=status]").textContent = `${number} of ${rows.length} shown`;
  const query = new URLSearchParams(wanted).toString();
  history.replaceState(null, "", location.pathname + (query && `?${query}`) + location.hash);
}

for (const [name, value] of new URLSearchParams(location.search)) {
  const field = form.elements[name];
  if (field) field.value = value;
  if (field?.selectedIndex === -1) field.selectedIndex = 0; // no such choice
}
form.hidden = false;
form.addEventListener("input", filter);
form.addEventListener("reset", () => setTimeout(filter)); // after the fields are empty
addEventListener("hashchange", () => {
  const heading = document.getElementById(location.hash.slice(1));
  if (!heading?.closest("section[hidden]")) return;
  form.reset();
  filter();
  heading.scrollIntoView();
});
form.addEventListener("submit", (event) => event.preventDefault());
filter();
