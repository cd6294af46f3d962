// What the upgrade view says of a step, and how its rows are drawn.

const OF_SEVERITY = {
  silent: ["Silent", "other numbers, another mask or another shape, and nothing says so"],
  raises: ["Raises", "an exception, a crash or a missing API tells"],
  warns: ["Warns", "a warning tells"],
  cosmetic: ["Cosmetic", "no number changes, or what failed before works now"],
};
const OF_KIND = {
  regressed: "A promise was kept and is broken now",
  intended: "Changed on purpose",
  changed: "Changed, and no promise is broken by it that was kept before",
  vanished: "The API is gone",
  fixed: "A promise was broken and is kept now",
  appeared: "The API is new",
};
const OF_PROMISE = {
  kept: "kept",
  broken: "broken",
  intended: "intended",
  undefined: "undefined",
  unspecified: "nothing promised",
  absent: "no such API",
  unknown: "not measured",
};

const SEVERITY_SYMBOLS = { silent: "deviates", raises: "raises", warns: "raises-neutral", cosmetic: "cosmetic" };

/** The mark of a severity; a verdict's mark tells of a cell, this one of a change. */
function severityMark(severity) {
  const drawn = picture(`v-${SEVERITY_SYMBOLS[severity] ?? "not-run"}`);
  return h("span", { class: `mark of-${severity ?? "unknown"}`, "aria-hidden": "true" }, drawn);
}

const withArrows = (text) => text.replaceAll(" -> ", " → ");

/** "kept → broken", or one word if it is the same on both sides. */
function promiseWords({ before, after }) {
  const words = [before, after].map(({ promise }) => OF_PROMISE[promise]);
  return words[0] === words[1] ? words[0] : words.join(" → ");
}

/** The columns between which the change lies: "(2.15, 3.4]". */
function rangeOf({ since, last }, from, to) {
  const [after, first] = since ? [targetOf(last), targetOf(since)] : [from, to];
  return `(${after.short}, ${first.short}]`;
}

/** "eager, graph", or "all modes" where every mode that was compared changed alike. */
function modesOf(step, steps) {
  const alone = steps.every((other) => other === step || other.item !== step.item);
  const pairs = modePairs(step.item, ...pairOf(readState()));
  return alone && pairs.length > 1 && step.modes.length === pairs.length ? "all modes" : step.modes.join(", ");
}

function stepRow(step, steps, from, to) {
  const { item, cells, since } = step;
  const [target, cell] = cells[1] || !cells[0] ? [to, cells[1]] : [from, cells[0]];
  const mode = cell?.mode ?? null;
  const here = { ...readState(), view: "upgrade", from: from.id, to: to.id };
  const link = (column, attributes, ...contents) =>
    h(
      "a",
      {
        href: addressOf({ ...here, case: item.id, target: column.id, mode }),
        onclick: (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab
          event.preventDefault();
          openPanel(item, column, cellOf(item, column, mode) ? mode : worstMode(item, column));
        },
        ...attributes,
      },
      contents,
    );
  const workaround = cells[1]?.known?.workaround?.text;
  const first = since && targetOf(since);
  return h(
    "li",
    { class: `step ${step.kind}` },
    severityMark(step.severity),
    h(
      "div",
      { class: "step-what" },
      h("p", { class: "step-title" }, link(target, { class: "step-link" }, prose(item.title)), " ", variantOf(item)),
      h("p", { class: "step-change" }, withArrows(step.text)),
      workaround && h("p", { class: "step-workaround" }, h("b", null, "Workaround: "), prose(workaround)),
      h("p", { class: "step-about" }, h("code", null, item.id), h("span", null, modesOf(step, steps))),
    ),
    h(
      "div",
      { class: "step-facts" },
      h("p", { class: "step-promise" }, promiseWords(step)),
      step.severity &&
        h(
          "p",
          { class: "step-since" },
          first ? link(first, null, `since ${first.title}`) : `in ${to.title}`,
          h("span", { class: "range" }, rangeOf(step, from, to)),
        ),
    ),
  );
}
