// The layers view: what each built-in layer does with a mask, by target.

const LAYERS = {};

VIEWS.layers = {
  title: "Layers",
  build(section) {
    const rows = CASES.flatMap((item) => {
      const found = LAYER_CASE.exec(item.id);
      return found ? { item, name: found[1], at: TARGETS.map((target) => layerAt(item, target)) } : [];
    });
    Object.assign(LAYERS, { rows, hidden: null, frame: h("div", { class: "layers", id: "layers" }) });
    section.append(layersToolbar(), LAYERS.frame);
  },
  show(state) {
    const hidden = JSON.stringify(state.hidden);
    if (hidden !== LAYERS.hidden) layersTable(TARGETS.filter((target) => !state.hidden.includes(target.generation)));
    LAYERS.hidden = hidden;
    filterLayers(state);
  },
  placeOf: layerPlace,
};

function layersToolbar() {
  const counts = new Map();
  const add = (act) => counts.set(act, (counts.get(act) ?? 0) + 1);
  for (const one of LAYERS.rows.flatMap((row) => row.at)) {
    new Set([...one.running, ...(one.agree ? [] : one.symbolic)]).forEach(add);
    if (!one.agree) add(DISAGREE);
  }
  const chipOf = (act, label, meaning, picture) => ({
    act,
    chip: chip(() => go({ layer: toggled(readState().layer, act) }), {
      title: `${label}: ${meaning}. Show only layers that do so on some target`,
      contents: [picture, h("span", null, label), " ", h("b", null, counts.get(act))],
    }),
  });
  LAYERS.chips = Object.entries(ACTS)
    .filter(([act]) => counts.has(act))
    .map(([act, [, label, meaning]]) => chipOf(act, label, meaning, actsMark([act])));
  if (counts.has(DISAGREE)) {
    const pair = h("span", { class: "act-pair" }, actsMark(["stops with a warning"]), actsMark(["passes on"]));
    const meaning = "a symbolic call (above) and a call on data (below) have different results";
    LAYERS.chips.push(chipOf(DISAGREE, "Symbolic and eager results disagree", meaning, pair));
  }
  LAYERS.differ = chip(() => go({ differ: !readState().differ }), {
    title: "Show only layers that change between targets",
    contents: [h("span", { class: "change-sample", "aria-hidden": "true" }), "Changes only"],
  });
  LAYERS.status = h("p", { class: "status", role: "status" });
  return h(
    "div",
    { class: "toolbar", role: "search", "aria-label": "Filter the layers" },
    h("p", { class: "lead" }, "What each built-in layer does with the mask of its input when it is called on data."),
    h(
      "div",
      { class: "chips", role: "group", "aria-label": "What a layer does: legend and filter" },
      LAYERS.chips.map((entry) => entry.chip),
      LAYERS.differ,
      LAYERS.status,
    ),
  );
}

function layersTable(columns) {
  LAYERS.columns = columns;
  LAYERS.drawn = LAYERS.rows.map((row) => layerRow(row, columns));
  LAYERS.none = h("p", { class: "none", hidden: true });
  LAYERS.table = h(
    "table",
    {
      class: `grid layers-grid${columns.length >= DENSE_FROM ? " dense" : ""}`,
      role: "grid",
      "aria-label": "Layers by target",
      "aria-readonly": "true",
    },
    h(
      "colgroup",
      null,
      h("col", { class: "col-case" }),
      columns.map(() => h("col", { class: "col-target" })),
    ),
    gridHead(columns, { corner: "Layer" }),
    h(
      "tbody",
      null,
      LAYERS.drawn.map(({ row }) => row),
    ),
  );
  LAYERS.table.style.setProperty("--columns", columns.length);
  LAYERS.frame.replaceChildren(LAYERS.table, LAYERS.none);
  navigable(LAYERS.table, (place) => {
    const item = CASES[place.dataset.case] ?? null;
    const target = TARGETS[place.dataset.target] ?? (item && (TARGETS.at(-1) ?? null));
    openPanel(item, target, item && target ? worstMode(item, target) : null);
  });
}

/** {row, acts: what it does on any target, differs}: the row of a layer, with a bar where it changes. */
function layerRow({ item, name, at }, columns) {
  let before = null;
  let differs = false;
  const acts = new Set();
  const cells = columns.map((target) => {
    const one = at[target.position];
    const current = JSON.stringify([one.running, one.agree || one.symbolic]);
    const isKnown = !["absent", "unknown"].includes(one.running[0]);
    const change = isKnown && before !== null && before !== current;
    if (isKnown) before = current;
    differs ||= change;
    for (const act of [...one.running, ...(one.agree ? [] : [...one.symbolic, DISAGREE])]) acts.add(act);
    return layerCell(item, target, one, change, columns);
  });
  const head = h(
    "th",
    { scope: "row", class: "name", tabindex: "-1", "data-nav": true, "data-case": item.position },
    h("span", { class: "title" }, name),
  );
  return { item, acts, differs, row: h("tr", { class: "case" }, head, cells) };
}

function layerCell(item, target, one, change, columns) {
  const symbolic = one.agree ? "" : `; symbolically ${namesOf(one.symbolic)}`;
  const what = `${target.title}: ${namesOf(one.running)}${symbolic}${change ? "; changed from the previous column" : ""}`;
  return h(
    "td",
    {
      role: "gridcell",
      class: ["cell", change && "change", begins(target, columns) && "begins"].filter(Boolean).join(" "),
      tabindex: "-1",
      "data-nav": true,
      "data-case": item.position,
      "data-target": target.position,
      "aria-label": what,
      title: one.running[0] === "absent" ? `${what}: ${one.cell.reason}` : what,
    },
    one.agree
      ? actsMark(one.running)
      : h("span", { class: "act-pair" }, actsMark(one.symbolic), actsMark(one.running)),
  );
}

function filterLayers(state) {
  let shown = 0;
  for (const { row, acts, differs } of LAYERS.drawn) {
    row.hidden = (state.differ && !differs) || (state.layer.length > 0 && !state.layer.some((act) => acts.has(act)));
    if (!row.hidden) shown += 1;
  }
  for (const entry of LAYERS.chips) press(entry.chip, state.layer.includes(entry.act));
  press(LAYERS.differ, state.differ);
  const total = LAYERS.drawn.length;
  LAYERS.status.textContent = shown === total ? count(total, "layer") : `${shown} of ${count(total, "layer")}`;
  LAYERS.none.hidden = shown > 0;
  LAYERS.none.textContent = total ? "No layer matches the filters." : "These results have no layer table.";
  LAYERS.table.querySelector(".is-selected")?.classList.remove("is-selected");
  const place = layerPlace(state);
  place?.classList.add("is-selected");
  keepStop(LAYERS.table, place);
}

function layerPlace(state) {
  const [item, target] = [caseOf(state.case), targetOf(state.target)];
  if (!item || !target) return null;
  return LAYERS.table?.querySelector(`[data-case="${item.position}"][data-target="${target.position}"]`);
}
