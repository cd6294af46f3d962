// The panel of a cell: contract, evidence, history, and how to reproduce it.

const BASIS = {
  documented: ["Documented", "stated by Keras's documentation"],
  established: ["Established", "not documented, but established by upstream's source or tests"],
  unspecified: ["Unspecified", "undocumented, so any result is accepted"],
};
const SEVERITY = {
  silent: "not at all (silent)",
  raises: "by an error",
  warns: "by a warning",
  cosmetic: "harmless: no numeric change",
};
const EXPECTATION_KINDS = { bug: "Known bug", intended: "Intended upstream", undefined: "Undocumented" };

/** The contents of the panel for a case on a target in a mode; beside: another target to compare with, or null. */
function drawCase(item, target, mode, beside = null) {
  const cell = cellOf(item, target, mode);
  const other = beside && counterpart(item, beside, mode);
  return [
    h("p", { class: "crumbs" }, `${item.area} · ${target.title}${mode ? ` · ${mode}` : ""}`),
    h("h2", { tabindex: "-1" }, prose(item.title)),
    h("p", { class: "contract" }, prose(item.contract)),
    basisOf(item),
    h(
      "div",
      { class: "choices" },
      cell ? modeSwitcher(item, target, cell) : h("p", null, "Not tested on this target."),
      comparison(target, beside),
    ),
    cell && verdictLine(item, cell),
    cell && other && verdictLine(item, other, beside),
    cell && evidence(cell, target, other && { cell: other, target: beside }),
    beside && !other && h("p", { class: "plain" }, `Not tested on ${beside.title}.`),
    mode && historyOf(item, target, mode),
    rerun(item, target, mode),
    about(item),
    h("section", null, h("h3", null, target.title), columnFacts(target)),
  ];
}

/** The cell of another target to compare with: in the same mode if it was tested there. */
function counterpart(item, target, mode) {
  const cells = cellsOf(item, target);
  return cells.find((cell) => cell.mode === mode && isMeasured(cell)) ?? cells.find(isMeasured) ?? cells[0] ?? null;
}

/** The target to compare with: the chosen one, otherwise, in the upgrade view, the other of From and To. */
function besideOf(state, target) {
  if (state.beside === NOTHING) return null;
  const pair = state.view === "upgrade" ? (pairOf(state) ?? []) : [];
  const chosen = targetOf(state.beside) ?? (pair.includes(target) ? pair.find((one) => one !== target) : null);
  return chosen === target ? null : (chosen ?? null);
}

const NOTHING = "none";

function comparison(target, beside) {
  const option = (value, text, selected) => h("option", { value, selected }, text);
  const choices = h(
    "select",
    { "data-focus": "beside", onchange: (event) => go({ beside: event.target.value }) },
    option(NOTHING, "nothing", !beside),
    GENERATIONS.map(({ title, targets }) =>
      h(
        "optgroup",
        { label: title },
        targets.filter((other) => other !== target).map((other) => option(other.id, other.title, other === beside)),
      ),
    ),
  );
  return h("label", { class: "beside" }, "Compare with ", choices);
}

/** The basis of the contract, with links. */
function basisOf(item) {
  const [word, meaning] = BASIS[item.basis] ?? [item.basis, ""];
  return h("p", { class: "source" }, h("b", { title: meaning }, word), ": ", linked(item.source));
}

function modeSwitcher(item, target, current) {
  return h(
    "div",
    { class: "switcher", role: "group", "aria-label": "Mode" },
    cellsOf(item, target).map((cell) =>
      h(
        "button",
        {
          type: "button",
          "data-focus": `mode ${cell.mode}`,
          "aria-pressed": String(cell === current),
          "aria-label": `${cell.mode}, ${LABELS[cell.verdict][0].toLowerCase()}`,
          onclick: () => select(item, target, cell.mode),
        },
        markOf(item, cell),
        cell.mode,
      ),
    ),
  );
}

/** The verdict of a cell; target: named where two are compared. */
function verdictLine(item, cell, target = null) {
  const [label, meaning] = LABELS[cell.verdict];
  const tone = isBroken(item, cell) ? "broken" : cell.verdict;
  return h(
    "div",
    { class: `verdict ${tone}` },
    h(
      "p",
      null,
      markOf(item, cell),
      h("strong", null, target ? `${target.title}: ${label.toLowerCase()}` : label),
      h("span", null, isNeutral(item) && cell.verdict === "raises" ? "an exception; the behaviour is undocumented" : meaning),
    ),
    cell.reason && h("pre", { class: "reason", tabindex: "0" }, cell.reason),
    cell.expectation && explanation(cell.expectation),
    cell.otherVersion &&
      h(
        "p",
        { class: "known" },
        "Measured with another version of this case, whose code may differ from the code below.",
      ),
  );
}

function explanation({ kind, reason, sources, workaround }) {
  return [
    h(
      "p",
      { class: "known" },
      h("b", null, `${EXPECTATION_KINDS[kind]}: `),
      prose(reason),
      sources.map((source) => [" ", linked(source)]),
    ),
    workaround && workaroundLine(workaround),
  ];
}

/** A workaround, and the targets on which the case that demonstrates it conforms. */
function workaroundLine({ text, case: id }) {
  const item = caseOf(id);
  const link = (contents) => h("a", { href: addressOf({ ...readState(), case: id, target: null, mode: null }) }, contents);
  return h(
    "p",
    { class: "known" },
    h("b", null, "Workaround: "),
    prose(text),
    item && [` Verified on ${workingRanges(item)} by `, link("this case"), "."],
  );
}

/** The targets on which a case conforms in every measured mode, in words. */
function workingRanges(item) {
  const works = (target) => {
    const cells = cellsOf(item, target).filter(isMeasured);
    return cells.length > 0 && cells.every((cell) => cell.verdict === "conforms");
  };
  const ranges = lineages().flatMap(({ title, columns }) =>
    stretches(columns, works)
      .filter(({ key }) => key)
      .map(({ columns: stretch }) => rangeInWords(title, columns, stretch)),
  );
  return ranges.length ? ranges.join("; ") : "no target of this page";
}

function about(item) {
  const row = (name, ...content) => [h("dt", null, name), h("dd", null, content)];
  return h(
    "section",
    null,
    h("h3", null, "About the case"),
    h(
      "dl",
      null,
      row("Id", h("code", null, item.id)),
      row("Basis", (BASIS[item.basis] ?? [item.basis]).join(": ")),
      row("How you would notice", SEVERITY[item.severity] ?? item.severity),
      item.issues.length > 0 &&
        row(
          "Upstream",
          h(
            "ul",
            { class: "links" },
            item.issues.map((issue) => h("li", null, linked(issue))),
          ),
        ),
      item.needs.length > 0 &&
        row(
          "Requires",
          item.needs.map((api) => [h("code", null, `keras.${api}`), " "]),
        ),
      item.tags.length > 0 && row("Tags", item.tags.join(", ")),
    ),
    details(
      "Source of the case",
      h("p", { class: "axis" }, `${item.file}, line ${item.line}: ${item.function}`),
      h("pre", { class: "code", tabindex: "0" }, DATA.texts[item.code]),
    ),
  );
}
