// The matrix view: behaviours by targets, in areas that can be expanded.

const MATRIX = {};
const OPEN_UP_TO = 150; // behaviours; with more, areas are collapsed
const DENSE_FROM = 17; // columns
const ROWS_AT_ONCE = 4; // the rest in the following frames

VIEWS.matrix = {
  title: "Matrix",
  build(section) {
    MATRIX.search = searchBox("behaviours", { q: "", verdict: [], differ: false, hidden: [] });
    MATRIX.filters = matrixFilters();
    MATRIX.frame = h("div", { class: "matrix", id: "matrix" });
    MATRIX.hidden = null;
    section.append(
      h("div", { class: "toolbar", role: "search", "aria-label": "Filter the matrix" }, [
        MATRIX.search.element,
        MATRIX.filters.element,
      ]),
      MATRIX.frame,
    );
  },
  show(state) {
    const hidden = JSON.stringify(state.hidden);
    if (hidden !== MATRIX.hidden) {
      buildGrid(TARGETS.filter((target) => !state.hidden.includes(target.generation)));
      MATRIX.hidden = hidden;
    }
    filterMatrix(state);
  },
  placeOf,
  keys: {
    "/": () => MATRIX.search.focus(),
    "]": () => toDifference(1),
    "[": () => toDifference(-1),
    n: () => toDifference(1),
    p: () => toDifference(-1),
  },
};

function buildGrid(columns) {
  MATRIX.columns = columns;
  MATRIX.table = h(
    "table",
    {
      class: columns.length >= DENSE_FROM ? "grid dense" : "grid",
      role: "grid",
      "aria-label": "Behaviours by target",
      "aria-readonly": "true",
    },
    h(
      "colgroup",
      null,
      h("col", { class: "col-case" }),
      columns.map(() => h("col", { class: "col-target" })),
    ),
    gridHead(columns, { corner: "Behaviour", key: matrixKey(), totals: totalsRow(columns) }),
  );
  MATRIX.table.style.setProperty("--columns", columns.length);
  MATRIX.areas = AREAS.map((area) => areaBody(area, columns));
  MATRIX.table.append(...MATRIX.areas.map(({ body }) => body));
  MATRIX.none = h("p", { class: "none", hidden: true });
  MATRIX.frame.replaceChildren(MATRIX.table, MATRIX.none);
  navigable(MATRIX.table, activate);
}

/** The table body of an area; the rows of its cases are created when first shown. */
function areaBody(area, columns) {
  const size = h("span", { class: "size" });
  const toggle = h(
    "th",
    { scope: "rowgroup", role: "rowheader", class: "area", tabindex: "-1", "data-nav": true, "data-area": area.title },
    h("span", { class: "twist", "aria-hidden": "true" }),
    h("b", null, area.title),
    " ",
    size,
  );
  const totals = columns.map((target) =>
    h(
      "td",
      { class: begins(target, columns) ? "begins" : null },
      brokenCases(area.cases, target) ? total(area.cases, target) : null,
    ),
  );
  const row = h("tr", { class: "area" }, toggle, totals);
  return { ...area, body: h("tbody", null, row), row, toggle, size, rows: new Map() };
}

/** Show the rows that match the filters, and the selection. */
function filterMatrix(state) {
  const query = parseQuery(state.q);
  if (state.verdict.length)
    query.cell.push({ negated: false, holds: ({ cell }) => state.verdict.includes(cell.verdict) });
  const { columns } = MATRIX;
  const isShown = (item) =>
    passes(query, item, columns) && (!state.differ || changedModes(item, columns).some(Boolean));
  MATRIX.passing = new Set(MATRIX.areas.flatMap(({ cases }) => cases.filter(isShown)));
  MATRIX.few = MATRIX.passing.size <= OPEN_UP_TO;
  const found = MATRIX.passing.size;
  MATRIX.search.show(state, { found, total: CASES.length, problems: query.problems });
  MATRIX.filters.show(state);
  MATRIX.none.hidden = found > 0 && columns.length > 0;
  MATRIX.none.textContent = whyNothing(found);
  fillRows(state);
}

/** Hide and show rows, a few per frame. */
function fillRows(state) {
  cancelAnimationFrame(MATRIX.later);
  let left = ROWS_AT_ONCE;
  for (const area of MATRIX.areas) left -= showArea(area, state, left);
  if (left < 0) MATRIX.later = requestAnimationFrame(() => fillRows(state));
  MATRIX.table.querySelector(".is-selected")?.classList.remove("is-selected");
  const place = placeOf(state);
  place?.classList.add("is-selected");
  keepStop(MATRIX.table, place);
}

function whyNothing(found) {
  if (!CASES.length) return "These results contain no behaviours.";
  return found ? "All generations are hidden." : "No behaviour matches the filters.";
}

const isOpen = (title, state) => (MATRIX.few ? !state.closed.includes(title) : state.open.includes(title));

/** Show at most `left` more rows; returns how many are missing. */
function showArea({ title, cases, row, toggle, size, rows }, state, left) {
  const found = cases.filter((item) => MATRIX.passing.has(item)).length;
  const open = isOpen(title, state);
  row.hidden = found === 0;
  toggle.setAttribute("aria-expanded", String(open));
  size.textContent = found === cases.length ? found : `${found} of ${cases.length}`;
  let missing = 0;
  let previous = row;
  for (const item of cases) {
    const wanted = open && MATRIX.passing.has(item);
    if (wanted && (rows.get(item)?.hidden ?? true)) {
      missing += 1;
      if (missing <= left) {
        if (!rows.has(item)) {
          rows.set(item, caseRow(item, MATRIX.columns));
          previous.after(rows.get(item));
        }
        rows.get(item).hidden = false;
      }
    } else if (!wanted && rows.has(item)) rows.get(item).hidden = true;
    previous = rows.get(item) ?? previous;
  }
  return missing;
}

/** The change of the address that expands or collapses an area. */
function turned(title) {
  const name = MATRIX.few ? "closed" : "open";
  return { [name]: toggled(readState()[name], title) };
}

function activate(place, element) {
  const item = CASES[place.dataset.case];
  const target = TARGETS[place.dataset.target];
  if (place.dataset.area) go(turned(place.dataset.area));
  else if (item) {
    const column = target ?? worstTarget(item);
    if (column) openPanel(item, column, element.closest("[data-mode]")?.dataset.mode ?? worstMode(item, column));
  } else openPanel(null, target, null);
}

function placeOf(state) {
  const item = caseOf(state.case);
  const target = targetOf(state.target);
  if (!item && !target) return null;
  const names = [
    item ? `[data-case="${item.position}"]` : ":not([data-case])",
    target ? `[data-target="${target.position}"]` : ":not([data-target])",
  ];
  return MATRIX.table?.querySelector(`[data-nav]${names.join("")}`);
}

/** Go to the next or the previous row with a change, and expand its area. */
function toDifference(by) {
  const order = AREAS.flatMap((area) => area.cases);
  const from = MATRIX.table.contains(document.activeElement) ? document.activeElement : placeOf(readState());
  const here = order.indexOf(CASES[from?.dataset.case]);
  const ahead = by > 0 ? order.slice(here + 1) : order.slice(0, Math.max(here, 0)).reverse();
  const differs = (item) => MATRIX.passing.has(item) && changedModes(item, MATRIX.columns).some(Boolean);
  const item = ahead.find(differs);
  if (!item) return;
  if (!isOpen(item.area, readState())) go(turned(item.area));
  const area = MATRIX.areas.find(({ title }) => title === item.area);
  showArea(area, readState(), Infinity); // its row may not have been created yet
  const row = area.rows.get(item);
  row.cells[from?.cellIndex ?? 0].focus();
}
