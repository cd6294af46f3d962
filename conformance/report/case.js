// The panel of a cell: what was promised, what was seen, since when, and how to see it again.

const BASIS = {
  documented: "Documented: Keras's documentation promises it",
  established: "Established: no page says so, but upstream's source or tests do",
  unspecified: "Unspecified: there is no right answer, so none is expected",
};
const SEVERITY = {
  silent: "Silent: wrong numbers or a lost mask, without a sign",
  raises: "Raises: an exception tells",
  warns: "Warns: a warning tells",
  cosmetic: "Cosmetic: no number changes",
};

/** The contents of the panel for a case on a target in a mode. */
function drawCase(item, target, mode) {
  const cell = cellOf(item, target, mode);
  return [
    h("p", { class: "crumbs" }, `${item.area} · ${target.title}${mode ? ` · ${mode}` : ""}`),
    h("h2", { tabindex: "-1" }, prose(item.title)),
    h("p", { class: "contract" }, prose(item.contract)),
    cell ? modeSwitcher(item, target, cell) : h("p", null, "No cell was planned here."),
    cell && verdictLine(item, cell),
    cell && evidence(cell),
    mode && historyStrip(item, target, mode),
    about(item),
    h(
      "section",
      null,
      h("h3", null, "Run it again"),
      command(item, target, mode),
      details(
        "Code of the case",
        h("p", { class: "axis" }, `${item.file}, line ${item.line}: ${item.function}`),
        h("pre", { class: "code", tabindex: "0" }, DATA.texts[item.code]),
      ),
    ),
    h("section", null, h("h3", null, target.title), columnFacts(target)),
  ];
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

function verdictLine(item, cell) {
  const [label, meaning] = LABELS[cell.verdict];
  const tone = isBroken(item, cell) ? "broken" : cell.verdict;
  return h(
    "div",
    { class: `verdict ${tone}` },
    h(
      "p",
      null,
      markOf(item, cell),
      h("strong", null, label),
      h("span", null, isNeutral(item) && cell.verdict === "raises" ? "an exception; nothing is promised" : meaning),
    ),
    cell.reason && h("pre", { class: "reason", tabindex: "0" }, cell.reason),
    cell.known && whyKnown(cell.known),
  );
}

const KINDS = { bug: "Known bug", intended: "Intended upstream", undefined: "Nothing is promised" };

function whyKnown({ kind, reason, sources }) {
  return h(
    "p",
    { class: "known" },
    h("b", null, `${KINDS[kind]}: `),
    prose(reason),
    sources.map((source) => [" ", issueLink(source)]),
  );
}

function evidence(cell) {
  const { facts, exception, warnings } = cell.outcome;
  const hasMask = facts.some((fact) =>
    [fact.observed, fact.expected].some((i) => i !== undefined && holdsMask(DATA.values[i])),
  );
  return h(
    "section",
    { class: "evidence" },
    h("h3", null, "Evidence"),
    exception && drawException(exception),
    facts.map(drawFact),
    hasMask && maskLegend(),
    !facts.length && !exception && h("p", { class: "plain" }, "Nothing was recorded."),
    warnings.length > 0 && [
      h("h4", null, "Warnings about masks"),
      warnings.map((warning) =>
        h(
          "div",
          { class: "plain" },
          h("b", null, warning.category),
          warning.count > 1 && ` × ${warning.count}`,
          h("pre", { tabindex: "0" }, warning.message),
        ),
      ),
    ],
    h(
      "p",
      { class: "measure" },
      cell.seconds !== null && `${cell.seconds.toFixed(2)} s`,
      cell.outcome.fingerprint && ` · fingerprint ${cell.outcome.fingerprint}`,
    ),
  );
}

function holdsMask(value) {
  return Array.isArray(value) ? value.some(holdsMask) : isArray(value) && value.dtype === "bool";
}

function maskLegend() {
  const sample = (text, ...shapes) =>
    h("span", null, s("svg", { class: "mask", width: 17, height: 17, "aria-hidden": "true" }, shapes), text);
  const box = (kind) => s("rect", { class: kind, x: 1.5, y: 1.5, width: 14, height: 14, rx: 2 });
  return h(
    "p",
    { class: "mask-legend" },
    sample("kept", box("kept")),
    sample("masked", box("masked"), s("path", { class: "slash", d: "M4 13 13 4" })),
    sample("wrong", s("rect", { class: "frame", x: 1, y: 1, width: 15, height: 15, rx: 3 })),
  );
}

function drawException(exception) {
  return h(
    "div",
    { class: "fact" },
    h(
      "h4",
      null,
      exception.raised[0],
      exception.phase && h("span", { class: "type" }, `while in phase ${exception.phase}`),
    ),
    h("pre", { tabindex: "0" }, exception.message),
    exception.where.length > 0 &&
      h(
        "p",
        { class: "axis" },
        exception.where.map((place) => [place, h("br")]),
      ),
  );
}

function drawFact(fact) {
  const observed = DATA.values[fact.observed];
  const expected = fact.expected === undefined ? undefined : DATA.values[fact.expected];
  const [rtol, atol] = fact.tolerance ?? TOLERANCE;
  const judged = expected !== undefined;
  const why = mismatch(fact);
  const same = judged && !why;
  const side = (title, value, options) =>
    h(
      "div",
      { class: "side" },
      h("h5", null, title, h("span", { class: "type" }, typeOf(value))),
      drawValue(value, { ...options, name: `${fact.name}, ${title.toLowerCase()}` }),
    );
  return h(
    "div",
    { class: `fact${why ? " broken" : ""}` },
    h("h4", null, fact.name, h("span", { class: "why" }, why && "≠ ", judged ? (why ?? "as expected") : "nothing expected")),
    h(
      "div",
      { class: "sides" },
      side(same && isExact(observed) ? "Observed, as expected" : "Observed", observed, {
        wrong: why && wrongElements(observed, expected, fact.tolerance),
        beside: expected ?? null,
      }),
      why && side("Expected", expected, { beside: observed }),
    ),
    same &&
      !isExact(observed) &&
      details(
        "Expected",
        drawValue(expected, { name: `${fact.name}, expected` }),
        h("p", { class: "axis" }, `agrees within ${atol} + ${rtol} × |expected|`),
      ),
  );
}

/** Whether agreeing means being the same, so that drawing one of two is enough. */
function isExact(value) {
  if (Array.isArray(value)) return value.every(isExact);
  return !isRaised(value) && !(isArray(value) && /float/.test(value.dtype));
}

/** The row of the case in one mode; neighbouring columns that behave alike share a letter. */
function historyStrip(item, current, mode) {
  const groups = [];
  for (const target of TARGETS) {
    const cell = cellOf(item, target, mode);
    const letter = cell && says(cell) ? item.behaviours.get(cell.behaviour) : "";
    if (groups.at(-1)?.letter === letter) groups.at(-1).columns.push([target, cell]);
    else groups.push({ letter, columns: [[target, cell]] });
  }
  const letters = new Set(groups.map((group) => group.letter).filter(Boolean));
  const strip = h(
    "div",
    { class: "strip" },
    GENERATIONS.map(({ title, targets }) => wide(targets.length, h("span", { class: "generation" }, title))),
    groups.map(({ letter, columns }) =>
      wide(
        columns.length,
        h(
          "div",
          {
            class: letter ? "group" : "group silent",
            role: "group",
            "aria-label": letter ? `behaviour ${letter}` : "nothing measured",
          },
          h("span", { class: "letter" }, letter || "–"),
          columns.map(([target, cell]) =>
            h(
              "button",
              {
                type: "button",
                "data-focus": `column ${target.id}`,
                "aria-current": target === current ? "true" : null,
                onclick: () => select(item, target, mode),
                title: `${target.title}: ${cell ? LABELS[cell.verdict][0].toLowerCase() : "not planned"}`,
                "aria-label": `${target.title}: ${cell ? LABELS[cell.verdict][0].toLowerCase() : "not planned"}`,
              },
              cell ? markOf(item, cell) : "",
              target.short,
            ),
          ),
        ),
      ),
    ),
  );
  strip.style.setProperty("--columns", TARGETS.length);
  return h(
    "section",
    null,
    h(
      "h3",
      null,
      "History",
      h(
        "span",
        { class: "type" },
        `${mode}: ${letters.size === 0 ? "nothing measured" : count(letters.size, "behaviour")}`,
      ),
    ),
    h("div", { class: "history" }, strip),
  );
}

function wide(columns, element) {
  element.style.gridColumn = `span ${columns}`;
  element.style.setProperty("--span", columns);
  return element;
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
      row("Basis", BASIS[item.basis] ?? item.basis, h("p", { class: "source" }, prose(item.source))),
      row("If it breaks", SEVERITY[item.severity] ?? item.severity),
      item.issues.length > 0 &&
        row(
          "Upstream",
          h(
            "ul",
            { class: "links" },
            item.issues.map((issue) => h("li", null, issueLink(issue))),
          ),
        ),
      item.needs.length > 0 &&
        row(
          "Needs",
          item.needs.map((api) => [h("code", null, `keras.${api}`), " "]),
        ),
      item.tags.length > 0 && row("Tags", item.tags.join(", ")),
    ),
  );
}

function issueLink(issue) {
  const found = /^([\w.-]+\/[\w.-]+)#(\d+)$/.exec(issue);
  // Opened only when clicked; the page itself loads nothing.
  return found
    ? h("a", { href: `https://github.com/${found[1]}/issues/${found[2]}`, rel: "noreferrer" }, issue)
    : issue;
}

function command(item, target, mode) {
  const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  const text = [
    "nox -s conformance -- --case",
    quoted(item.id),
    "--target",
    quoted(target.id),
    ...(mode ? ["--mode", mode] : []),
  ].join(" ");
  const button = h(
    "button",
    {
      type: "button",
      class: "quiet-button",
      "data-focus": "copy",
      onclick: async () => {
        await navigator.clipboard?.writeText(text).then(
          () => {
            button.textContent = "Copied";
          },
          () => {
            button.textContent = "Select and copy by hand";
          },
        );
      },
    },
    "Copy",
  );
  return h("div", { class: "command" }, h("pre", { tabindex: "0" }, text), button);
}
