// About: how it was measured, and how much of it.

VIEWS.about = {
  title: "About",
  build(section) {
    section.append(h("div", { class: "about" }, method(), verdictsTable(), modesList(), quality(), filesBeside(), licence()));
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
      "One set of cases runs unchanged on every column, each in a process of its own, in every mode that the column has. " +
        "What a case sees is recorded: values, exceptions, warnings. Verdicts are computed from that afterwards.",
    ),
    h(
      "p",
      null,
      "Expected values come from an implementation in NumPy or from a law, such as “padding that is masked changes " +
        "nothing”, never from a Keras. ",
      `Numbers agree within ${atol} + ${rtol} × |expected|, unless a case says otherwise; masks, shapes and dtypes agree `,
      "exactly.",
    ),
    h(
      "p",
      null,
      "A contract is documented (the page and sentence are named), established (by upstream's source or tests) or " +
        "unspecified: then nothing is expected, and what happens is recorded and compared between columns.",
    ),
    h(
      "dl",
      null,
      row("Measured", measured),
      row("On", Object.entries(platform).map(([name, value]) => `${name} ${value}`).join(", ")),
      row("Suite", `${suite_version}, cases and worker ${bundle}`),
    ),
  );
}

function verdictsTable() {
  return part(
    "What the marks mean",
    h(
      "dl",
      { class: "marks" },
      VERDICTS.map((verdict) => [
        h("dt", null, mark(verdict), LABELS[verdict][0]),
        h("dd", null, LABELS[verdict][1]),
      ]),
    ),
    h("h3", null, "If it breaks, a reader notices"),
    h(
      "dl",
      { class: "marks" },
      Object.values(SEVERITY).map((text) => {
        const [word, meaning] = text.split(": ");
        return [h("dt", null, word), h("dd", null, meaning)];
      }),
    ),
  );
}

const OF_MODE = {
  eager: "op by op; models run eagerly",
  graph: "in a tf.function",
  session: "a graph in a Session, as TensorFlow 1 does it",
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

/** How much of what a column should say is known: {planned, measured, absent, unknown} cells. */
function qualityOf(target) {
  const planned = CASES.reduce((sum, item) => sum + plannedModes(item, target).length, 0);
  const cells = CASES.flatMap((item) => cellsOf(item, target));
  const measured = cells.filter((cell) => says(cell) && cell.verdict !== "not-run").length;
  const absent = cells.filter((cell) => cell.verdict === "unsupported").length;
  return { planned, measured, absent, unknown: Math.max(0, planned - measured - absent) };
}

/** The modes in which a case is run on a column, those that it lacks included: as `Case.modes_on`. */
function plannedModes(item, target) {
  return item.modes.map((entry) => {
    const either = entry.split(" | ");
    return either.find((mode) => target.modes.includes(mode)) ?? either[0];
  });
}

const PARTS = {
  measured: "measured",
  absent: "absent: no such API or mode there",
  unknown: "unknown: not run, or not in this run",
};

function quality() {
  const all = TARGETS.map((target) => ({ target, ...qualityOf(target) }));
  const unknown = all.reduce((sum, one) => sum + one.unknown, 0);
  return part(
    "How much is known",
    h("p", null, unknown ? `${unknown} planned cells are unknown.` : "Every planned cell was measured or is known to be absent."),
    h(
      "p",
      { class: "bar-legend" },
      Object.entries(PARTS).map(([name, text]) => h("span", null, h("i", { class: `bar bar-${name}` }), text)),
    ),
    h(
      "div",
      { class: "scroller", tabindex: "0", role: "group", "aria-label": "Cells of each column" },
      h(
        "table",
        { class: "quality" },
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            ["Column", "", "Planned", "Measured", "Absent", "Unknown", "Seconds", "Peak MB"].map((name) =>
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
  "results.json": "everything that was observed; its JSON Schema: conformance schema",
  "results.json.gz": "everything that was observed, compressed with gzip",
  "summary.md": "the differences, for the summary of a CI job",
  "junit.xml": "every cell as a test, for CI systems",
  "badge.svg": "the newest column in a few words",
  "changes.json": "ranges of columns that behave alike; it changes only with them",
  "feed.xml": "an Atom feed of the changes",
};

function filesBeside() {
  if (!DATA.files.length) return null;
  return part(
    "Beside this page",
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
      "This suite has the Apache License 2.0. It measures releases of ",
      upstream.map((name, i) => [i ? ", " : "", h("a", { href: `https://github.com/${name}`, rel: "noreferrer" }, name)]),
      " as their authors published them. The page loads nothing; links are followed only when clicked.",
    ),
  );
}
