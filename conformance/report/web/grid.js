// The parts of the matrix: its head, the row of a case, a cell.

/** The columns, grouped by generation. */
function generationsOf(columns) {
  return GENERATIONS.map(({ title, targets }) => ({
    title,
    targets: targets.filter((target) => columns.includes(target)),
  })).filter(({ targets }) => targets.length);
}

/** Whether a generation begins with this column. */
const begins = (target, columns) => columns[columns.indexOf(target) - 1]?.generation !== target.generation;

/** The head of a table. corner: label of the first column; key: legend; totals: a last row. */
function gridHead(columns, { corner, key = null, totals = null }) {
  return h(
    "thead",
    null,
    h(
      "tr",
      { class: "generations" },
      h("td", null, key),
      generationsOf(columns).map(({ title, targets }) =>
        h("th", { scope: "colgroup", colspan: targets.length, class: "begins" }, h("span", null, title)),
      ),
    ),
    h(
      "tr",
      { class: "columns" },
      h("th", { class: "corner", scope: "col" }, h("span", { class: "unseen" }, corner)),
      columns.map((target) =>
        h(
          "th",
          {
            scope: "col",
            role: "columnheader",
            class: `${begins(target, columns) ? "begins " : ""}${target.reason ? "is-not-run" : ""}`,
            tabindex: "-1",
            "data-nav": true,
            "data-target": target.position,
            "aria-label": `${target.title}${target.reason ? ", not run" : ""}`,
            title: `${target.title} (${target.base}): environment and results`,
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
    totals,
  );
}

/** The legend of the matrix. */
function matrixKey() {
  return h(
    "div",
    { class: "key" },
    h("p", null, h("span", { class: "change-sample" }), "changed from the previous column"),
    h("p", null, h("b", null, "A B C"), " distinct results of undocumented behaviour"),
    h(
      "p",
      { class: "initials" },
      MODES.map((mode) => [h("b", null, mode[0]), `${mode.slice(1)} `]),
      "if modes disagree",
    ),
    h("p", { class: "pairs" }, "if modes disagree: eager, graph above session, jit"),
  );
}

function totalsRow(columns) {
  return h(
    "tr",
    { class: "totals" },
    h("th", { scope: "row" }, "failing"),
    columns.map((target) =>
      h("td", { class: begins(target, columns) ? "begins" : null }, target.reason ? "–" : total(CASES, target)),
    ),
  );
}

function total(cases, target) {
  const broken = brokenCases(cases, target);
  return broken ? h("b", null, broken) : h("span", null, "0");
}

/** Variants of a parametrised case share its title. */
const variantOf = (item) => h("span", { class: "variant" }, /\[.*\]$/.exec(item.id)?.[0]);

/** The row of a case. */
function caseRow(item, columns) {
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
      h(
        "div",
        null,
        h(
          "p",
          null,
          h("span", { class: "title" }, prose(item.title)),
          variantOf(item),
          h("span", { class: "id" }, item.id),
        ),
      ),
    ),
    columns.map((target) => matrixCell(item, target, columns)),
  );
}

function matrixCell(item, target, columns) {
  const { cells, ran, agree, absent } = marksOf(item, target);
  const change = changedModes(item, columns)[columns.indexOf(target)];
  const state = ran.some((cell) => isBroken(item, cell))
    ? "broken"
    : ran.some((cell) => cell.verdict === "not-run")
      ? "is-not-run"
      : "";
  const cell = h("td", {
    role: "gridcell",
    class: ["cell", state, change && "change", begins(target, columns) && "begins"].filter(Boolean).join(" "),
    tabindex: "-1",
    "data-nav": true,
    "data-case": item.position,
    "data-target": target.position,
    "aria-label": spoken(item, target, change),
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
  // A mode that the target lacks is shown once, in the head of the column.
  const here = absent.filter((c) => ran.length && !lacking(target).includes(c.mode));
  if (here.length)
    cell.append(h("span", { class: "absent", "aria-hidden": "true" }, here.map((c) => c.mode[0]).join("")));
  return cell;
}

function markOf(item, cell) {
  const letter = cell.verdict === "observed" && item.behaviours.size > 1 ? item.behaviours.get(cell.behaviour) : "";
  return mark(cell.verdict, { neutral: isNeutral(item), letter });
}

/** The description of a cell for screen readers. */
function spoken(item, target, change) {
  const cells = cellsOf(item, target);
  if (!cells.length) return `${target.title}: not tested`;
  const groups = Map.groupBy(cells, (cell) => {
    const letter =
      cell.verdict === "observed" && item.behaviours.size > 1
        ? `, behaviour ${item.behaviours.get(cell.behaviour)}`
        : "";
    return LABELS[cell.verdict][0].toLowerCase() + letter;
  });
  const parts = [...groups].map(([what, which]) => `${what} in ${which.map((cell) => cell.mode).join(", ")}`);
  const suffix = change ? "; changed from the previous column" : "";
  return `${target.title}: ${parts.join("; ")}${suffix}`;
}
