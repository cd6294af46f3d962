// The matrix: a grid with one tab stop; arrow keys move, Enter opens.

const MATRIX = { rows: [], areas: [], table: null };

VIEWS.matrix = {
  title: "Matrix",
  build(section) {
    const toolbar = h("div", { class: "toolbar", role: "search", "aria-label": "Filter the matrix" });
    const frame = h("div", { class: "matrix", id: "matrix" });
    section.append(toolbar, frame);
    buildToolbar(toolbar);
    buildMatrix(frame);
  },
  show: (state) => showToolbar(state, filterMatrix(state)),
  placeOf,
};

function buildMatrix(container) {
  Object.assign(MATRIX, { rows: [], areas: [] });
  const table = h("table", {
    class: "grid",
    role: "grid",
    "aria-label": "Behaviours by column",
    "aria-readonly": "true",
  });
  table.style.setProperty("--columns", TARGETS.length);
  table.append(
    h(
      "colgroup",
      null,
      h("col", { class: "col-case" }),
      TARGETS.map(() => h("col", { class: "col-target" })),
    ),
  );
  table.append(head());
  for (const area of AREAS) table.append(body(area));
  MATRIX.table = table;
  MATRIX.none = h("p", { class: "none", hidden: true });
  container.append(table, MATRIX.none);
  table.addEventListener("click", (event) => activate(event.target));
  table.addEventListener("keydown", onKey);
  table.addEventListener("focusin", (event) => rove(event.target.closest("[data-nav]")));
}

/** Whether a generation begins with this column. */
const begins = (target) => GENERATIONS.some((generation) => generation.targets[0] === target);

function head() {
  return h(
    "thead",
    null,
    h(
      "tr",
      { class: "generations" },
      h(
        "td",
        null,
        h(
          "div",
          { class: "key" },
          h("p", null, h("span", { class: "step-sample" }), "unlike the column before"),
          h("p", null, h("b", null, "A B C"), " behaviours where nothing is promised"),
          h(
            "p",
            null,
            MODES.map((mode) => [h("b", null, mode[0]), `${mode.slice(1)} `]),
            "where modes disagree",
          ),
        ),
      ),
      GENERATIONS.map(({ title, targets }) =>
        h("th", { scope: "colgroup", colspan: targets.length, class: "begins" }, h("span", null, title)),
      ),
    ),
    h(
      "tr",
      { class: "columns" },
      h("th", { class: "corner", scope: "col" }, h("span", { class: "unseen" }, "Behaviour")),
      TARGETS.map((target) =>
        h(
          "th",
          {
            scope: "col",
            role: "columnheader",
            class: `${begins(target) ? "begins " : ""}${target.reason ? "is-not-run" : ""}`,
            tabindex: "-1",
            "data-nav": true,
            "data-target": target.position,
            "aria-label": `${target.title}${target.reason ? ", not run" : ""}`,
            title: `${target.title} (${target.base}): what it is and what was found`,
          },
          h("span", { class: "version" }, target.short),
          target.reason && h("span", { class: "flag" }, "not run"),
          !target.reason &&
            lacking(target).length > 0 &&
            h(
              "span",
              { class: "flag" },
              `no ${lacking(target)
                .map((mode) => mode[0])
                .join(" ")}`,
            ),
        ),
      ),
    ),
    h(
      "tr",
      { class: "totals" },
      h("th", { scope: "row" }, "not as promised"),
      TARGETS.map((target) =>
        h("td", { class: begins(target) ? "begins" : null }, target.reason ? "–" : total(CASES, target)),
      ),
    ),
  );
}

function total(cases, target) {
  const broken = brokenCases(cases, target);
  return broken ? h("b", null, broken) : h("span", null, "0");
}

function body(area) {
  const toggle = h(
    "th",
    {
      scope: "rowgroup",
      role: "rowheader",
      class: "area",
      tabindex: "-1",
      "data-nav": true,
      "data-area": area.title,
      "aria-expanded": "true",
    },
    h("span", { class: "twist", "aria-hidden": "true" }),
    h("b", null, area.title),
    " ",
    h("span", { class: "size" }, area.cases.length),
  );
  const row = h(
    "tr",
    { class: "area" },
    toggle,
    TARGETS.map((target) =>
      h(
        "td",
        { class: begins(target) ? "begins" : null },
        brokenCases(area.cases, target) ? total(area.cases, target) : null,
      ),
    ),
  );
  const rows = area.cases.map((item) => ({ item, row: caseRow(item) }));
  MATRIX.areas.push({ ...area, row, toggle });
  MATRIX.rows.push(...rows.map((entry) => ({ ...entry, area: area.title })));
  return h(
    "tbody",
    null,
    row,
    rows.map((entry) => entry.row),
  );
}

function caseRow(item) {
  return h(
    "tr",
    { class: "case" },
    h(
      "th",
      {
        scope: "row",
        class: "name",
        tabindex: "-1",
        "data-nav": true,
        "data-case": item.position,
        title: item.contract,
      },
      h("span", { class: "title" }, prose(item.title)),
      " ",
      // Variants of a parametrised case share its title.
      h("span", { class: "variant" }, /\[.*\]$/.exec(item.id)?.[0]),
      h("span", { class: "id" }, item.id),
    ),
    TARGETS.map((target) => matrixCell(item, target)),
  );
}

function matrixCell(item, target) {
  const { cells, ran, agree, absent } = marksOf(item, target);
  const step = item.steps[target.position];
  const tone = ran.some((cell) => isBroken(item, cell))
    ? "broken"
    : ran.some((cell) => cell.verdict === "not-run")
      ? "is-not-run"
      : "";
  const cell = h("td", {
    role: "gridcell",
    class: ["cell", tone, step && "step", begins(target) && "begins"].filter(Boolean).join(" "),
    tabindex: "-1",
    "data-nav": true,
    "data-case": item.position,
    "data-target": target.position,
    "aria-label": spoken(item, target),
  });
  if (!cells.length) return cell;
  if (!ran.length) cell.append(markOf(item, absent[0]));
  else if (agree) cell.append(markOf(item, ran[0]));
  else
    cell.append(
      h(
        "span",
        { class: "modes" },
        ran.map((c) =>
          h(
            "span",
            { class: "mode", "data-mode": c.mode },
            h("i", { "aria-hidden": "true" }, c.mode[0]),
            markOf(item, c),
          ),
        ),
      ),
    );
  // A mode that the whole column lacks is said once, in the details of the column.
  const here = absent.filter((c) => ran.length && !lacking(target).includes(c.mode));
  if (here.length)
    cell.append(h("span", { class: "absent", "aria-hidden": "true" }, here.map((c) => c.mode[0]).join("")));
  return cell;
}

function markOf(item, cell) {
  const letter = cell.verdict === "observed" && item.behaviours.size > 1 ? item.behaviours.get(cell.behaviour) : "";
  return mark(cell.verdict, { neutral: isNeutral(item), letter });
}

/** A cell for those who hear it. */
function spoken(item, target) {
  const cells = cellsOf(item, target);
  if (!cells.length) return `${target.title}: not planned`;
  const groups = Map.groupBy(cells, (cell) => {
    const letter =
      cell.verdict === "observed" && item.behaviours.size > 1
        ? `, behaviour ${item.behaviours.get(cell.behaviour)}`
        : "";
    return LABELS[cell.verdict][0].toLowerCase() + letter;
  });
  const parts = [...groups].map(([what, which]) => `${what} in ${which.map((cell) => cell.mode).join(", ")}`);
  const change = item.steps[target.position] ? "; unlike the column before" : "";
  return `${target.title}: ${parts.join("; ")}${change}`;
}

function activate(element) {
  const place = element.closest("[data-nav]");
  if (!place) return;
  const item = CASES[place.dataset.case];
  const target = TARGETS[place.dataset.target];
  rove(place);
  if (place.dataset.area) {
    go({ closed: toggled(readState().closed, place.dataset.area) });
  } else if (item) {
    const column = target ?? worstTarget(item);
    if (column) openPanel(item, column, element.closest("[data-mode]")?.dataset.mode ?? worstMode(item, column));
  } else openPanel(null, target, null);
}

/** Make `place` the one element of the grid that Tab reaches. */
function rove(place) {
  if (!place) return;
  for (const other of MATRIX.table.querySelectorAll('[data-nav][tabindex="0"]')) other.tabIndex = -1;
  place.tabIndex = 0;
}

function onKey(event) {
  const place = event.target.closest("[data-nav]");
  if (!place || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    activate(event.target);
    return;
  }
  const rows = [...MATRIX.table.rows].filter((row) => !row.hidden && row.querySelector("[data-nav]"));
  const row = rows.indexOf(place.parentElement);
  const column = place.cellIndex;
  const last = TARGETS.length;
  const moves = {
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    Home: [row, 0],
    End: [row, last],
    PageUp: [row - 10, column],
    PageDown: [row + 10, column],
  };
  if (!(event.key in moves)) return;
  event.preventDefault();
  const [wantedRow, wantedColumn] = moves[event.key];
  const direction = wantedRow < row ? -1 : 1;
  // Heads of areas have nothing to open beside their first cell: pass over them.
  for (let r = Math.min(Math.max(wantedRow, 0), rows.length - 1); r >= 0 && r < rows.length; r += direction) {
    const next = rows[r].cells[Math.min(Math.max(wantedColumn, 0), last)];
    if (next?.hasAttribute("data-nav")) {
      next.focus();
      return;
    }
    if (wantedRow === row) return;
  }
}

function placeOf(state) {
  const item = CASES.find((c) => c.id === state.case);
  const target = TARGETS.find((t) => t.id === state.target);
  if (!item && !target) return null;
  const names = [
    item ? `[data-case="${item.position}"]` : ":not([data-case])",
    target ? `[data-target="${target.position}"]` : ":not([data-target])",
  ];
  return MATRIX.table.querySelector(`[data-nav]${names.join("")}`);
}

/** Show the rows that pass the filters, and the selection. Returns how many rows there are to see. */
function filterMatrix(state) {
  const found = new Map(MATRIX.areas.map((area) => [area.title, 0]));
  for (const { item, row, area } of MATRIX.rows) {
    const passes = isShown(item, state);
    if (passes) found.set(area, found.get(area) + 1);
    row.hidden = !passes || state.closed.includes(area);
  }
  for (const { title, row, toggle } of MATRIX.areas) {
    row.hidden = found.get(title) === 0;
    toggle.setAttribute("aria-expanded", String(!state.closed.includes(title)));
  }
  MATRIX.table.querySelector(".is-selected")?.classList.remove("is-selected");
  const place = placeOf(state);
  place?.classList.add("is-selected");
  const stop = MATRIX.table.querySelector('[data-nav][tabindex="0"]');
  if (!stop || stop.parentElement.hidden) {
    const visible = [...MATRIX.table.querySelectorAll("tbody tr:not([hidden]) [data-nav]")][0];
    rove(place && !place.parentElement.hidden ? place : (visible ?? MATRIX.table.querySelector("[data-nav]")));
  }
  const shown = [...found.values()].reduce((a, b) => a + b, 0);
  MATRIX.none.hidden = shown > 0;
  MATRIX.none.textContent = CASES.length ? "No behaviour passes the filters." : "These results have no behaviours.";
  return shown;
}
