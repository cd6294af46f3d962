// The rows of the upgrade view, and its words for changes.

const OF_SEVERITY = {
  silent: ["Silent", "results change without an error or a warning"],
  raises: ["Raises", "you get an error"],
  warns: ["Warns", "you get a warning"],
  cosmetic: ["Harmless", "no numeric change, or what failed before works now"],
};
const NOT_COMPARED = ["Not compared", "not run on one of the targets, or no common mode"];

/** The heading of changes of one kind. */
function headingOf(kind, to) {
  const headings = {
    regressed: "Regressions",
    intended: "Intended changes",
    changed: "Other changes",
    vanished: `Removed or not supported in ${to.title}`,
    fixed: "Fixed",
    appeared: `New in ${to.title}`,
  };
  return headings[kind];
}

const SEVERITY_SYMBOLS = { silent: "deviates", raises: "raises", warns: "raises-neutral", cosmetic: "cosmetic" };

/** The mark of a severity. */
function severityMark(severity) {
  const drawn = picture(`v-${SEVERITY_SYMBOLS[severity] ?? "not-run"}`);
  return h("span", { class: `mark of-${severity ?? "unknown"}`, "aria-hidden": "true" }, drawn);
}

const withArrows = (text) => text.replaceAll(" -> ", " → ");

/** The targets between which the change happened: "between 2.15 and 3.4". */
function rangeOf({ since, last }, from, to) {
  const [before, after] = since ? [targetOf(last), targetOf(since)] : [from, to];
  return `between ${before.short} and ${after.short}`;
}

/** "eager, graph", or "all modes" if all compared modes change alike. */
function modesOf(change, changes) {
  const isOnly = changes.every((other) => other === change || other.item !== change.item);
  const pairs = modePairs(change.item, ...pairOf(readState()));
  return isOnly && pairs.length > 1 && change.modes.length === pairs.length ? "all modes" : change.modes.join(", ");
}

function changeRow(change, changes, from, to) {
  const { item, cells, since } = change;
  const [target, cell] = cells[1] || !cells[0] ? [to, cells[1]] : [from, cells[0]];
  const mode = cell?.mode ?? null;
  const here = { ...readState(), view: "upgrade", from: from.id, to: to.id };
  const link = (column, attributes, ...contents) =>
    h(
      "a",
      {
        href: addressOf({ ...here, case: item.id, target: column.id, mode }),
        onclick: (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return; // opens a tab
          event.preventDefault();
          openPanel(item, column, cellOf(item, column, mode) ? mode : worstMode(item, column));
        },
        ...attributes,
      },
      contents,
    );
  const workaround = cells[1]?.expectation?.workaround?.text;
  const first = since && targetOf(since);
  return h(
    "li",
    { class: `change ${change.kind}` },
    severityMark(change.severity),
    h(
      "div",
      { class: "change-what" },
      h("p", { class: "change-title" }, link(target, { class: "change-link" }, prose(item.title)), " ", variantOf(item)),
      h("p", { class: "change-text" }, withArrows(change.text)),
      workaround && h("p", { class: "change-workaround" }, h("b", null, "Workaround: "), prose(workaround)),
      h("p", { class: "change-about" }, h("code", null, item.id), h("span", null, modesOf(change, changes))),
    ),
    h(
      "div",
      { class: "change-facts" },
      h("p", { class: "change-status" }, withArrows(statusOf(change))),
      change.severity &&
        h(
          "p",
          { class: "change-since" },
          first ? link(first, null, `first changed in ${first.title}`) : `changed in ${to.title}`,
          h("span", { class: "range" }, rangeOf(change, from, to)),
        ),
    ),
  );
}
