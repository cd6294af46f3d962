// The panel of a target: its environment, modes and results.

function drawColumn(target) {
  const cells = CASES.flatMap((item) => cellsOf(item, target));
  return [
    h("p", { class: "crumbs" }, `${target.generation} · ${target.tier} target`),
    h("h2", { tabindex: "-1" }, target.title),
    h(
      "p",
      { class: "contract" },
      `${target.front_end} on ${target.base}, Python ${target.python}; `,
      h("code", null, target.id),
    ),
    changesLink(target),
    target.reason &&
      h(
        "div",
        { class: "verdict not-run" },
        h("p", null, mark("not-run"), h("strong", null, "This target did not run")),
        h("pre", { class: "reason", tabindex: "0" }, target.reason),
      ),
    h(
      "section",
      null,
      h("h3", null, "Results", h("span", { class: "type" }, count(cells.length, "cell"))),
      verdictCounts(cells),
    ),
    h("section", null, h("h3", null, "Failing"), brokenLists(target)),
    absences(cells),
    h("section", null, h("h3", null, "Modes"), modesTable(target, cells)),
    h("section", null, h("h3", null, "Environment"), columnFacts(target)),
  ];
}

/** A link to the changes from the previous target, in the upgrade view. */
function changesLink(target) {
  const before = TARGETS[target.position - 1];
  if (!before) return null;
  const address = addressOf({ ...readState(), view: "upgrade", from: before.id, to: target.id, case: null, target: null });
  return h("p", { class: "links" }, h("a", { href: address }, `Changes from ${before.title} to ${target.title}`));
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
const FAILURE_KINDS = {
  [UNEXPLAINED]: "Unexplained",
  bug: "Known bugs",
  intended: "Intended upstream",
  undefined: "Undocumented",
};

/** The failing cases by kind of explanation. A case with several is listed under the first of `FAILURE_KINDS`. */
function brokenLists(target) {
  const kinds = Object.keys(FAILURE_KINDS);
  const kindOf = (item) => {
    const found = cellsOf(item, target)
      .filter((cell) => isBroken(item, cell))
      .map((cell) => kinds.indexOf(cell.expectation?.kind ?? UNEXPLAINED));
    return found.length ? kinds[Math.min(...found)] : null;
  };
  const broken = Map.groupBy(CASES, kindOf);
  broken.delete(null);
  if (!broken.size) return h("p", { class: "plain" }, target.reason ? "No data." : "All documented behaviour conforms.");
  return kinds
    .filter((kind) => broken.has(kind))
    .map((kind) => [
      h("h4", null, FAILURE_KINDS[kind], h("span", { class: "type" }, broken.get(kind).length)),
      h(
        "ul",
        { class: "broken-list" },
        [...Map.groupBy(broken.get(kind), (item) => item.title)].map(([title, items]) =>
          brokenItems(title, items, target),
        ),
      ),
    ]);
}

/** The failing variants of a case: their title, and a button for each. */
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

/** Why cells have no data: each reason with the number of cells. */
function absences(cells) {
  const unmeasured = cells.filter((cell) => !isMeasured(cell) && cell.reason);
  if (!unmeasured.length) return null;
  const reasons = [...Map.groupBy(unmeasured, (cell) => cell.reason)].sort(([, a], [, b]) => b.length - a.length);
  return h(
    "section",
    null,
    h("h3", null, "Unsupported or not run", h("span", { class: "type" }, count(unmeasured.length, "cell"))),
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
            : `unsupported: ${target.lacks[mode] ?? "no reason given"}`,
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
      row("Backend", target.base),
      versions.length > 0
        ? versions.map(([name, version]) => row(name, version))
        : [row("Python", target.python), row("Versions", "not reported")],
      target.peak_mb !== null && row("Peak memory", `${target.peak_mb} MB in one process`),
    ),
    target.pins.length > 0 &&
      details(
        count(target.pins.length, "pinned requirement"),
        h("pre", { class: "code", tabindex: "0" }, target.pins.join("\n")),
      ),
  ];
}
