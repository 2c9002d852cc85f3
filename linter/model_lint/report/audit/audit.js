
"use strict";

// Without this script every row is open, and what it would control is hidden.
document.documentElement.classList.add("js");

document.addEventListener("DOMContentLoaded", () => {
  const table = document.querySelector("table");
  const rows = [...table.tBodies];
  const find = document.getElementById("find");
  const openAll = document.getElementById("open-all");
  const shown = document.getElementById("shown");
  const box = (kind) => document.getElementById(`show-${kind}`);
  const kinds = ["error", "warning", "info"].filter(box);
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  const toggle = (row) => row.querySelector(".toggle");
  const isOpen = (row) => toggle(row).getAttribute("aria-expanded") === "true";
  const isChecked = (kind) => !box(kind) || box(kind).checked;

  function open(row, wanted) {
    toggle(row).setAttribute("aria-expanded", String(wanted));
    row.querySelector(".detail").hidden = !wanted;
  }

  function count(number, one, many = `${one}s`) {
    return `${number} ${number === 1 ? one : many}`;
  }

  function matches(row, words, checked) {
    const found = kinds.some((kind) => row.dataset[kind] !== "0");
    const kept = found
      ? checked.some((kind) => row.dataset[kind] !== "0")
      : "unread" in row.dataset || isChecked("clean");
    return kept && words.every((word) => texts.get(row).includes(word));
  }

  function filter() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const checked = kinds.filter(isChecked);
    const totals = Object.fromEntries(checked.map((kind) => [kind, 0]));
    let number = 0;
    for (const row of rows) {
      row.hidden = !matches(row, words, checked);
      if (row.hidden) continue;
      number += 1;
      for (const kind of checked) totals[kind] += Number(row.dataset[kind]);
    }
    const counts = checked.map((kind) => count(totals[kind], kind));
    const where = `${number} of ${count(rows.length, "repository", "repositories")}`;
    shown.textContent = [`Showing ${where}`, ...counts].join(" · ");
  }

  function sort(header) {
    const column = header.cellIndex;
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => row.rows[0].cells[column].dataset.sort;
    const isNumber = rows.every((row) => key(row) !== "" && !isNaN(key(row)));
    const compare = (a, b) =>
      isNumber ? key(a) - key(b) : key(a).localeCompare(key(b), "en", { numeric: true });
    rows.sort((a, b) => (down ? compare(b, a) : compare(a, b)));
    table.append(...rows);
  }

  function openNamed() {
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (rows.includes(row)) open(row, true);
  }

  for (const row of rows) {
    open(row, false);
    toggle(row).addEventListener("click", () => open(row, !isOpen(row)));
  }
  for (const header of table.tHead.rows[0].cells) {
    header.firstElementChild.addEventListener("click", () => sort(header));
  }
  for (const input of document.querySelectorAll(".filters input")) {
    input.addEventListener("change", filter);
  }
  for (const button of document.querySelectorAll("[data-find]")) {
    button.addEventListener("click", () => {
      find.value = button.dataset.find;
      filter();
    });
  }
  find.addEventListener("input", filter);
  openAll.addEventListener("click", () => {
    const wanted = openAll.getAttribute("aria-pressed") !== "true";
    openAll.setAttribute("aria-pressed", String(wanted));
    for (const row of rows) open(row, wanted);
  });
  addEventListener("hashchange", openNamed);
  filter();
  openNamed();
});
