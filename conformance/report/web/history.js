// The history of a case over all targets in one mode: as a strip of marks, and in words.

const NOT_TESTED = "not tested in this mode";
const MINOR = /(\d+)\.(\d+)/;

function historyOf(item, current, mode) {
  const letters = new Set(TARGETS.map((target) => letterAt(item, target, mode)).filter(Boolean));
  const found = letters.size ? count(letters.size, "behaviour") : "no data";
  return h(
    "section",
    { class: "history" },
    h("h3", null, "History", h("span", { class: "type" }, `${mode}: ${found}`)),
    rangesInWords(item, mode),
    GENERATIONS.map((generation) => strip(item, generation, current, mode)),
  );
}

/** The letter of the behaviour of a case on a target in a mode; "" if it was not measured. */
function letterAt(item, target, mode) {
  const cell = cellOf(item, target, mode);
  return cell && isMeasured(cell) ? item.behaviours.get(cell.behaviour) : "";
}

/** The targets of a generation; neighbours that behave the same share a letter. */
function strip(item, { title, targets }, current, mode) {
  const groups = stretches(targets, (target) => letterAt(item, target, mode));
  return h(
    "div",
    { class: "strip" },
    h("span", { class: "generation" }, title),
    h(
      "div",
      { class: "groups" },
      groups.map(({ key, columns }) =>
        h(
          "div",
          {
            class: key ? "group" : "group silent",
            role: "group",
            "aria-label": key ? `behaviour ${key}` : "no data",
          },
          h("span", { class: "letter" }, key || "–"),
          columns.map((target) => historyButton(item, target, current, mode)),
        ),
      ),
    ),
  );
}

function historyButton(item, target, current, mode) {
  const cell = cellOf(item, target, mode);
  const what = `${target.title}: ${cell ? LABELS[cell.verdict][0].toLowerCase() : NOT_TESTED}`;
  return h(
    "button",
    {
      type: "button",
      "data-focus": `column ${target.id}`,
      "aria-current": target === current ? "true" : null,
      onclick: () => select(item, target, mode),
      title: what,
      "aria-label": what,
    },
    cell ? markOf(item, cell) : "",
    h("span", null, target.short),
  );
}

/** Neighbours of the same key: [{key, columns}]. */
function stretches(columns, keyOf) {
  const found = [];
  for (const target of columns) {
    const key = keyOf(target);
    if (found.at(-1)?.key === key) found.at(-1).columns.push(target);
    else found.push({ key, columns: [target] });
  }
  return found;
}

/** "A: tf.keras up to 2.10; B: all of Keras 3", also for ranges without data. */
function rangesInWords(item, mode) {
  const lines = new Map(); // letter, or why there is none -> {cell, ranges}
  for (const { title, columns } of lineages()) {
    const keyOf = (target) => letterAt(item, target, mode) || labelOf(cellOf(item, target, mode));
    for (const { key, columns: stretch } of stretches(columns, keyOf)) {
      const cell = cellOf(item, stretch[0], mode);
      if (!lines.has(key)) lines.set(key, { cell, ranges: [] });
      lines.get(key).ranges.push(rangeInWords(title, columns, stretch) + since(item, columns, stretch, mode));
    }
  }
  const hasData = ([, { cell }]) => cell !== null && isMeasured(cell);
  const ordered = [...lines].sort((a, b) => hasData(b) - hasData(a));
  return h(
    "dl",
    { class: "ranges" },
    ordered.map(([key, { cell, ranges }]) => [
      h("dt", null, cell && mark(cell.verdict, { neutral: isNeutral(item) }), key),
      h("dd", null, ranges.join("; ")),
    ]),
  );
}

const labelOf = (cell) => (cell ? LABELS[cell.verdict][0].toLowerCase() : NOT_TESTED);

/** Targets in order of release, by generation and backend: [{title, columns}]. */
function lineages() {
  return GENERATIONS.flatMap(({ title, targets }) => {
    if (title === YOURS) return targets.map((target) => ({ title: "", columns: [target] }));
    const ofBackend = Map.groupBy(targets, (target) => target.backend);
    return [...ofBackend.values()].map((columns) => ({ title, columns }));
  });
}

function rangeInWords(title, columns, stretch) {
  const [first, last] = [stretch[0], stretch.at(-1)];
  if (columns.length === 1) return first.title;
  const fromStart = first === columns[0];
  const toEnd = last === columns.at(-1);
  if (fromStart && toEnd) return `all of ${title} (${first.short} to ${last.short})`;
  if (first === last && !toEnd && !fromStart) return first.title;
  if (fromStart) return `${title} up to ${last.short}`;
  return toEnd ? `${title} since ${first.short}` : `${first.title} to ${last.short}`;
}

/** The range in which a behaviour starts, if the releases in it were not measured. */
function since(item, columns, stretch, mode) {
  if (!letterAt(item, stretch[0], mode)) return "";
  const before = columns.slice(0, columns.indexOf(stretch[0])).filter((target) => letterAt(item, target, mode));
  const last = before.at(-1);
  if (!last || letterAt(item, last, mode) === letterAt(item, stretch[0], mode) || areNeighbours(last, stretch[0]))
    return "";
  return `, starting between ${last.short} and ${stretch[0].short}`;
}

/** Whether the second is the minor release after the first. */
function areNeighbours(first, second) {
  const [one, other] = [first, second].map((target) => MINOR.exec(target.short)?.slice(1).map(Number));
  return Boolean(one && other) && one[0] === other[0] && one[1] + 1 === other[1];
}
