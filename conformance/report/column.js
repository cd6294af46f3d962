// The panel of a column: what it is, what it can do, what was found in it.

function drawColumn(target) {
  const cells = CASES.flatMap((item) => cellsOf(item, target));
  const counts = countVerdicts(cells);
  const seconds = cells.reduce((sum, cell) => sum + (cell.seconds ?? 0), 0);
  return [
    h("p", { class: "crumbs" }, `${target.generation} · ${target.tier} column`),
    h("h2", { tabindex: "-1" }, target.title),
    h(
      "p",
      { class: "contract" },
      `${target.front_end} on ${target.base}, Python ${target.python}; `,
      h("code", null, target.id),
    ),
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
      h("h3", null, "What was found", h("span", { class: "type" }, `${cells.length} cells, ${seconds.toFixed(1)} s`)),
      h(
        "ul",
        { class: "counts" },
        VERDICTS.filter((verdict) => counts.has(verdict)).map((verdict) =>
          h("li", null, mark(verdict), h("b", null, counts.get(verdict)), " ", LABELS[verdict][0].toLowerCase()),
        ),
      ),
    ),
    h("section", null, h("h3", null, "Not as promised"), brokenList(target)),
    h(
      "section",
      null,
      h("h3", null, "Modes"),
      h(
        "dl",
        null,
        MODES.map((mode) => [
          h("dt", null, mode),
          h(
            "dd",
            null,
            target.modes.includes(mode) ? "measured" : `not here: ${target.lacks[mode] ?? "no reason is given"}`,
          ),
        ]),
      ),
    ),
    h("section", null, h("h3", null, "Environment"), columnFacts(target)),
  ];
}

function brokenList(target) {
  const broken = CASES.filter((item) => cellsOf(item, target).some((cell) => isBroken(item, cell)));
  if (!broken.length) return h("p", { class: "plain" }, target.reason ? "Unknown." : "Every promise is kept.");
  return h(
    "ul",
    { class: "broken-list" },
    broken.map((item) => {
      const mode = worstMode(item, target);
      return h(
        "li",
        null,
        markOf(item, cellOf(item, target, mode)),
        h(
          "button",
          {
            type: "button",
            class: "link",
            onclick: () => openPanel(item, target, mode),
          },
          item.title,
        ),
      );
    }),
  );
}

function columnFacts(target) {
  const versions = Object.entries(target.versions);
  return [
    h(
      "dl",
      null,
      versions.length > 0
        ? versions.map(([name, version]) => [h("dt", null, name), h("dd", null, version)])
        : [
            h("dt", null, "Python"),
            h("dd", null, target.python),
            h("dt", null, "Versions"),
            h("dd", null, "none was reported"),
          ],
    ),
    target.peak_mb !== null && h("p", { class: "plain" }, `At most ${target.peak_mb} MB of memory in one process.`),
    target.pins.length > 0 &&
      details(
        count(target.pins.length, "pinned requirement"),
        h("pre", { class: "code", tabindex: "0" }, target.pins.join("\n")),
      ),
  ];
}
