// The panel of a column: what it is, what it can do, what was found in it.

function drawColumn(target) {
  const cells = CASES.flatMap((item) => cellsOf(item, target));
  return [
    h("p", { class: "crumbs" }, `${target.generation} · ${target.tier} column`),
    h("h2", { tabindex: "-1" }, target.title),
    h(
      "p",
      { class: "contract" },
      `${target.front_end} on ${target.base}, Python ${target.python}; `,
      h("code", null, target.id),
    ),
    stepLink(target),
    target.reason &&
      h(
        "div",
        { class: "verdict not-run" },
        h("p", null, mark("not-run"), h("strong", null, "This column did not run")),
        h("pre", { class: "reason", tabindex: "0" }, target.reason),
      ),
    h(
      "section",
      null,
      h("h3", null, "What was found", h("span", { class: "type" }, count(cells.length, "cell"))),
      verdictCounts(cells),
    ),
    h("section", null, h("h3", null, "Not as promised"), brokenLists(target)),
    absences(cells),
    h("section", null, h("h3", null, "Modes"), modesTable(target, cells)),
    h("section", null, h("h3", null, "Environment"), columnFacts(target)),
  ];
}

/** What changes between the column before and this one, in the upgrade view. */
function stepLink(target) {
  const before = TARGETS[target.position - 1];
  if (!before) return null;
  const address = addressOf({ ...readState(), view: "upgrade", from: before.id, to: target.id, case: null, target: null });
  return h("p", { class: "links" }, h("a", { href: address }, `What changes from ${before.title} to ${target.title}`));
}

function verdictCounts(cells) {
  const counts = countVerdicts(cells);
  return h(
    "ul",
    { class: "counts" },
    VERDICTS.filter((verdict) => counts.has(verdict)).map((verdict) =>
      h("li", null, mark(verdict), h("b", null, counts.get(verdict)), " ", LABELS[verdict][0].toLowerCase()),
    ),
  );
}

const UNEXPLAINED = "unexplained";
const KINDS_BROKEN = {
  [UNEXPLAINED]: "Unexplained",
  bug: "Known bugs",
  intended: "Intended upstream",
  undefined: "Nothing is promised",
};

/** What is not as promised, by why that is known. A case is listed under the least known of its reasons. */
function brokenLists(target) {
  const kinds = Object.keys(KINDS_BROKEN);
  const kindOf = (item) => {
    const found = cellsOf(item, target)
      .filter((cell) => isBroken(item, cell))
      .map((cell) => kinds.indexOf(cell.known?.kind ?? UNEXPLAINED));
    return found.length ? kinds[Math.min(...found)] : null;
  };
  const broken = Map.groupBy(CASES, kindOf);
  broken.delete(null);
  if (!broken.size) return h("p", { class: "plain" }, target.reason ? "Unknown." : "Every promise is kept.");
  return kinds
    .filter((kind) => broken.has(kind))
    .map((kind) => [
      h("h4", null, KINDS_BROKEN[kind], h("span", { class: "type" }, broken.get(kind).length)),
      h(
        "ul",
        { class: "broken-list" },
        [...Map.groupBy(broken.get(kind), (item) => item.title)].map(([title, items]) =>
          brokenItems(title, items, target),
        ),
      ),
    ]);
}

/** The variants of a case that are broken alike: under their title, each a button. */
function brokenItems(title, items, target) {
  const [first] = items;
  const button = (item, ...contents) => {
    const mode = worstMode(item, target);
    return h("button", { type: "button", class: "link", onclick: () => openPanel(item, target, mode) }, contents);
  };
  const variant = (item) => /\[(.*)\]$/.exec(item.id)?.[1];
  return h(
    "li",
    null,
    markOf(first, cellOf(first, target, worstMode(first, target))),
    h(
      "div",
      null,
      items.length === 1
        ? button(first, prose(title), variant(first) && [" ", h("code", null, variant(first))])
        : [prose(title), ": ", items.map((item) => [button(item, h("code", null, variant(item) ?? item.id)), " "])],
    ),
  );
}

/** Why cells say nothing: each reason with the number of cells. */
function absences(cells) {
  const silent = cells.filter((cell) => !says(cell) && cell.reason);
  if (!silent.length) return null;
  const reasons = [...Map.groupBy(silent, (cell) => cell.reason)].sort(([, a], [, b]) => b.length - a.length);
  return h(
    "section",
    null,
    h("h3", null, "Absent or not run", h("span", { class: "type" }, count(silent.length, "cell"))),
    details(
      count(reasons.length, "reason"),
      h(
        "ul",
        { class: "reasons" },
        reasons.map(([reason, which]) => h("li", null, h("b", null, which.length), " ", reason)),
      ),
    ),
  );
}

function modesTable(target, cells) {
  return h(
    "dl",
    null,
    MODES.map((mode) => {
      const inMode = cells.filter((cell) => cell.mode === mode && cell.verdict !== "unsupported");
      const seconds = inMode.reduce((sum, cell) => sum + (cell.seconds ?? 0), 0);
      const has = target.modes.includes(mode);
      return [
        h("dt", null, mode),
        h(
          "dd",
          null,
          has
            ? `${count(inMode.length, "cell")}, ${seconds.toFixed(1)} s`
            : `not here: ${target.lacks[mode] ?? "no reason is given"}`,
        ),
      ];
    }),
  );
}

function columnFacts(target) {
  const row = (name, value) => [h("dt", null, name), h("dd", null, value)];
  const versions = Object.entries(target.versions);
  return [
    h(
      "dl",
      null,
      row("Computes on", target.base),
      versions.length > 0
        ? versions.map(([name, version]) => row(name, version))
        : [row("Python", target.python), row("Versions", "none was reported")],
      target.peak_mb !== null && row("Memory", `at most ${target.peak_mb} MB in one process`),
    ),
    target.pins.length > 0 &&
      details(
        count(target.pins.length, "pinned requirement"),
        h("pre", { class: "code", tabindex: "0" }, target.pins.join("\n")),
      ),
  ];
}
