// The panel of a cell: what was promised, what was seen, since when, and how to see it again.

const BASIS = {
  documented: ["Documented", "Keras's documentation promises it"],
  established: ["Established", "no page says so, but upstream's source or tests do"],
  unspecified: ["Unspecified", "there is no right answer, so none is expected"],
};
const SEVERITY = {
  silent: "Silent: wrong numbers or a lost mask, without a sign",
  raises: "Raises: an exception tells",
  warns: "Warns: a warning tells",
  cosmetic: "Cosmetic: no number changes",
};
const KINDS_KNOWN = { bug: "Known bug", intended: "Intended upstream", undefined: "Nothing is promised" };

/** The contents of the panel for a case on a target in a mode; beside: another column to compare with, or null. */
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
      cell ? modeSwitcher(item, target, cell) : h("p", null, "No cell was planned here."),
      comparison(target, beside),
    ),
    cell && verdictLine(item, cell),
    cell && other && verdictLine(item, other, beside),
    cell && evidence(cell, target, other && { cell: other, target: beside }),
    beside && !other && h("p", { class: "plain" }, `No cell was planned on ${beside.title}.`),
    mode && historyOf(item, target, mode),
    rerun(item, target, mode),
    about(item),
    h("section", null, h("h3", null, target.title), columnFacts(target)),
  ];
}

/** The cell of another column to hold beside one in this mode: in the same mode, if it has it. */
function counterpart(item, target, mode) {
  const cells = cellsOf(item, target);
  return cells.find((cell) => cell.mode === mode && says(cell)) ?? cells.find(says) ?? cells[0] ?? null;
}

/** The column to compare with: the one that was chosen; in the upgrade view, else, the other of the two. */
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

/** What the contract rests on, with links to what can be opened. */
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
      h("span", null, isNeutral(item) && cell.verdict === "raises" ? "an exception; nothing is promised" : meaning),
    ),
    cell.reason && h("pre", { class: "reason", tabindex: "0" }, cell.reason),
    cell.known && whyKnown(cell.known),
    cell.otherVersion &&
      h(
        "p",
        { class: "known" },
        "Measured with another version of this case: what was done there may differ from the code below.",
      ),
  );
}

function whyKnown({ kind, reason, sources, workaround }) {
  return [
    h(
      "p",
      { class: "known" },
      h("b", null, `${KINDS_KNOWN[kind]}: `),
      prose(reason),
      sources.map((source) => [" ", linked(source)]),
    ),
    workaround && whatHelps(workaround),
  ];
}

/** A workaround, and where the case that shows it conforms. */
function whatHelps({ text, case: id }) {
  const item = caseOf(id);
  const link = (contents) => h("a", { href: addressOf({ ...readState(), case: id, target: null, mode: null }) }, contents);
  return h(
    "p",
    { class: "known" },
    h("b", null, "Workaround: "),
    prose(text),
    item && [` Verified on ${workingRanges(item)}, by `, link("the case that shows it"), "."],
  );
}

/** The columns on which every mode that was measured conforms, in words. */
function workingRanges(item) {
  const works = (target) => {
    const cells = cellsOf(item, target).filter(says);
    return cells.length > 0 && cells.every((cell) => cell.verdict === "conforms");
  };
  const ranges = lineages().flatMap(({ title, columns }) =>
    stretches(columns, works)
      .filter(({ key }) => key)
      .map(({ columns: stretch }) => rangeInWords(title, columns, stretch)),
  );
  return ranges.length ? ranges.join("; ") : "no column of this page";
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
      row("If it breaks", SEVERITY[item.severity] ?? item.severity),
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
          "Needs",
          item.needs.map((api) => [h("code", null, `keras.${api}`), " "]),
        ),
      item.tags.length > 0 && row("Tags", item.tags.join(", ")),
    ),
    details(
      "Code of the case",
      h("p", { class: "axis" }, `${item.file}, line ${item.line}: ${item.function}`),
      h("pre", { class: "code", tabindex: "0" }, DATA.texts[item.code]),
    ),
  );
}
