"use strict";
// Comfort only: the page is whole without this. Text goes in by textContent, never as markup.

const root = document.documentElement;

function button(text, onClick) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", () => onClick(made));
  return made;
}

// Colour scheme: the system's, light, dark.
const SCHEMES = { system: "light dark", light: "light", dark: "dark" };
const slot = document.getElementById("scheme");
slot.append(button("Colours: system", (toggle) => {
  const names = Object.keys(SCHEMES);
  const next = names[(names.indexOf(root.dataset.scheme || "system") + 1) % names.length];
  root.dataset.scheme = next;
  root.style.colorScheme = SCHEMES[next];
  toggle.textContent = `Colours: ${next}`;
}));

// Tables: a click on a heading sorts by it, a second one the other way round.
function sortKey(row, column) {
  const cell = row.cells[column];
  return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent.trim();
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a.localeCompare(b, undefined, { numeric: true });
}

function sortBy(heading) {
  const table = heading.closest("table");
  const falling = heading.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => (falling ? -1 : 1) * compare(sortKey(a, heading.cellIndex), sortKey(b, heading.cellIndex)));
  table.tBodies[0].append(...rows);
}

for (const heading of document.querySelectorAll("thead th")) {
  if (heading.closest("table").tBodies[0].rows.length < 2) continue;
  const name = heading.querySelector(".heading");
  name.replaceChildren(button(name.textContent, () => sortBy(heading)));
}

// Filters: a choice for each marked column; the link keeps it.
function word(cell) {
  return cell.textContent.trim().replace(/^[^\p{L}\p{N}]+/u, "");
}

function chosenIn(table) {
  const [id, query] = location.hash.slice(1).split("?");
  return new URLSearchParams(id === table.id ? query : "");
}

function addFilters(table) {
  const rows = [...table.tBodies[0].rows];
  const shown = document.createElement("output");
  const choices = [...table.querySelectorAll("th[data-filter]")].map((heading) => {
    const choice = document.createElement("select");
    const words = [...new Set(rows.map((row) => word(row.cells[heading.cellIndex])))].sort();
    choice.append(new Option("all", ""), ...words.map((text) => new Option(text)));
    return { name: heading.dataset.filter, column: heading.cellIndex, choice };
  });
  function apply() {
    for (const row of rows) row.hidden = choices.some((c) => c.choice.value && word(row.cells[c.column]) !== c.choice.value);
    shown.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} shown`;
  }
  function restore() {
    const wanted = chosenIn(table);
    for (const { name, choice } of choices) choice.value = [...choice.options].some((o) => o.value === wanted.get(name)) ? wanted.get(name) : "";
    apply();
  }
  const bar = document.createElement("p");
  bar.className = "filters";
  for (const { name, choice } of choices) {
    const label = document.createElement("label");
    label.append(`${name} `, choice);
    bar.append(label);
    choice.addEventListener("change", () => {
      const query = new URLSearchParams(choices.filter((c) => c.choice.value).map((c) => [c.name, c.choice.value]));
      history.replaceState(null, "", `#${table.id}${query.size ? `?${query}` : ""}`);
      apply();
    });
  }
  bar.append(shown);
  table.parentElement.before(bar);
  addEventListener("hashchange", restore);
  restore();
}

for (const table of document.querySelectorAll("table:has(th[data-filter])")) addFilters(table);

// Commands: a button that copies; where the browser forbids it, the command is selected.
for (const command of document.querySelectorAll("pre.command")) {
  const text = command.textContent;
  const copier = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(text);
      copier.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(command);
      copier.textContent = "Selected";
    }
  });
  copier.setAttribute("aria-label", `Copy: ${text}`);
  command.after(copier);
}

// A link into something folded opens it.
function openTarget() {
  const target = document.getElementById(location.hash.slice(1).split("?")[0]);
  if (!target) return;
  const folds = target.matches("details") ? [target] : [];
  for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) folds.push(fold);
  for (const fold of folds) fold.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", openTarget);
openTarget();

// Paper shows everything.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const fold of opened) fold.open = true;
});
addEventListener("afterprint", () => {
  for (const fold of opened) fold.open = false;
});
