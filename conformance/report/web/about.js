// The About view: how the results were measured, and how complete they are.

VIEWS.about = {
  title: "About",
  build(section) {
    section.append(h("div", { class: "about" }, method(), notMeasured(), verdictsTable(), modesList(), quality(), filesBeside(), licence()));
  },
  show() {},
};

function part(title, ...contents) {
  return h("section", null, h("h2", null, title), contents);
}

function method() {
  const [rtol, atol] = DATA.tolerance;
  const { measured, platform, suite_version, bundle } = DATA.run;
  const row = (name, value) => [h("dt", null, name), h("dd", null, value)];
  return part(
    "How it was measured",
    h(
      "p",
      null,
      "The same cases run on every target, each target in its own process and in every mode that it supports. " +
        "Each case records values, exceptions and warnings; verdicts are computed from these records afterwards.",
    ),
    h(
      "p",
      null,
      "Expected values come from a NumPy implementation or from a law such as “masked padding does not change the " +
        "result”, never from another version of Keras. ",
      `Numbers must agree within ${atol} + ${rtol} × |expected| unless a case states another tolerance; masks, shapes and `,
      "dtypes must be equal.",
    ),
    h(
      "p",
      null,
      "A contract is documented (the case names page and sentence), established (by upstream's source or tests) or " +
        "unspecified. Unspecified behaviour is recorded and compared between targets, but not judged.",
    ),
    h(
      "dl",
      null,
      row("Measured", measured),
      row("Machine", Object.entries(platform).map(([name, value]) => `${name} ${value}`).join(", ")),
      row("Suite", `${suite_version}, cases and worker ${bundle}`),
      DATA.audit && row("Audit", audited(DATA.audit)),
    ),
  );
}

function notMeasured() {
  return part("Not measured", h("ul", null, DATA.not_measured.map((text) => h("li", null, text))));
}

/** How many cells agree with scripts that need nothing of this suite. */
function audited({ date, cells, agreed, cases, targets }) {
  return (
    `On ${date}, ${cells} cells of ${cases} cases on ${targets} targets, drawn at random, were repeated by their standalone scripts, without ` +
    `this suite: ${agreed === cells ? "all" : agreed} agree in verdict, exception and values.`
  );
}

function verdictsTable() {
  return part(
    "Verdicts",
    h(
      "dl",
      { class: "marks" },
      VERDICTS.map((verdict) => [
        h("dt", null, mark(verdict), LABELS[verdict][0]),
        h("dd", null, LABELS[verdict][1]),
      ]),
    ),
    h("h3", null, "How you would notice a change"),
    h(
      "dl",
      { class: "marks" },
      Object.values(OF_SEVERITY).map(([name, meaning]) => [h("dt", null, name), h("dd", null, meaning)]),
    ),
  );
}

const OF_MODE = {
  eager: "op by op; models run eagerly",
  graph: "in a tf.function",
  session: "a graph in a TensorFlow 1 session",
  jit: "compiled: XLA, jax.jit or torch.compile",
};

function modesList() {
  return part(
    "Modes",
    h(
      "dl",
      { class: "marks" },
      MODES.map((mode) => [h("dt", null, mode), h("dd", null, OF_MODE[mode])]),
    ),
  );
}

/** Numbers of cells of a target: {planned, measured, absent, unknown}. */
function qualityOf(target) {
  const planned = CASES.reduce((sum, item) => sum + plannedModes(item, target).length, 0);
  const cells = CASES.flatMap((item) => cellsOf(item, target));
  const measured = cells.filter((cell) => isMeasured(cell) && cell.verdict !== "not-run").length;
  const absent = cells.filter((cell) => cell.verdict === "unsupported").length;
  return { planned, measured, absent, unknown: Math.max(0, planned - measured - absent) };
}

/** The modes in which a case is planned on a target, also those that the target lacks: as `Case.modes_on`. */
function plannedModes(item, target) {
  const has = (mode) => target.modes.includes(mode);
  const thinned = (item.thinned ?? []).filter(
    (one) => one.targets.includes(target.id) && has(one.mode) && has(one.covered_by),
  );
  const skipped = thinned.map((one) => one.mode);
  return item.modes
    .map((entry) => entry.split(" | "))
    .map((either) => either.find(has) ?? either[0])
    .filter((mode) => !skipped.includes(mode));
}

const PARTS = {
  measured: "measured",
  absent: "unsupported: no such API or mode",
  unknown: "no data: not run, or not part of this run",
};

function quality() {
  const all = TARGETS.map((target) => ({ target, ...qualityOf(target) }));
  const unknown = all.reduce((sum, one) => sum + one.unknown, 0);
  return part(
    "Completeness",
    h("p", null, unknown ? `${count(unknown, "planned cell has", "planned cells have")} no data.` : "Every planned cell was measured or is unsupported."),
    h(
      "p",
      { class: "bar-legend" },
      Object.entries(PARTS).map(([name, text]) => h("span", null, h("i", { class: `bar bar-${name}` }), text)),
    ),
    h(
      "div",
      { class: "scroller", tabindex: "0", role: "group", "aria-label": "Cells of each target" },
      h(
        "table",
        { class: "quality" },
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            ["Target", "", "Planned", "Measured", "Unsupported", "No data", "Seconds", "Peak MB"].map((name) =>
              name ? h("th", { scope: "col" }, name) : h("td"),
            ),
          ),
        ),
        h("tbody", null, all.map(qualityRow)),
      ),
    ),
  );
}

function qualityRow({ target, planned, ...parts }) {
  const seconds = CASES.flatMap((item) => cellsOf(item, target)).reduce((sum, cell) => sum + (cell.seconds ?? 0), 0);
  return h(
    "tr",
    null,
    h("th", { scope: "row" }, h("a", { href: addressOf({ ...readState(), target: target.id, case: null }) }, target.title)),
    h("td", { "aria-hidden": "true" }, h("span", { class: "bars" }, bars(parts, planned))),
    [planned, parts.measured, parts.absent, parts.unknown].map((number) => h("td", null, number)),
    h("td", null, seconds.toFixed(0)),
    h("td", null, target.peak_mb ?? "–"),
  );
}

function bars(parts, planned) {
  return Object.keys(PARTS).map((name) => {
    const bar = h("i", { class: `bar bar-${name}` });
    bar.style.width = `${(100 * parts[name]) / Math.max(planned, 1)}%`;
    return bar;
  });
}

const FILES = {
  "results.json": "all observations; conformance schema prints the JSON Schema",
  "results.json.gz": "all observations, compressed with gzip",
  "summary.md": "changes and unexpected results, for the summary of a CI job",
  "junit.xml": "every cell as a test, for CI systems",
  "badge.svg": "how many cases the newest target passes",
  "changes.json": "ranges of targets that behave the same; it changes only if they do",
  "feed.xml": "an Atom feed of the changes",
};

function filesBeside() {
  if (!DATA.files.length) return null;
  return part(
    "Files",
    h(
      "ul",
      { class: "files" },
      DATA.files.map((name) => h("li", null, h("a", { href: encodeURI(name) }, name), FILES[name] && `: ${FILES[name]}`)),
    ),
  );
}

function licence() {
  const upstream = ["keras-team/keras", "keras-team/tf-keras", "tensorflow/tensorflow"];
  return part(
    "Sources",
    h(
      "p",
      null,
      "This suite is licensed under the Apache License 2.0. It measures releases of ",
      upstream.map((name, i) => [i ? ", " : "", h("a", { href: `https://github.com/${name}`, rel: "noreferrer" }, name)]),
      " as published by their authors. The page makes no requests; links are followed only when clicked.",
    ),
  );
}
