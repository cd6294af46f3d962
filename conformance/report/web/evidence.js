// The evidence of a cell, beside the expected values or beside the evidence of another target.

/** beside: null, or {cell, target} to compare with. */
function evidence(cell, target, beside = null) {
  const sides = [{ cell, target }, beside].filter(Boolean);
  const facts = sides.map((side) => new Map(side.cell.outcome.facts.map((fact) => [fact.name, fact])));
  const names = new Set(facts.flatMap((ofSide) => [...ofSide.keys()]));
  const drawn = [...names].map((name) => drawFact(name, facts.map((ofSide) => ofSide.get(name)), sides));
  const nothing = sides.every((side) => !side.cell.outcome.facts.length && !side.cell.outcome.exception);
  return h(
    "section",
    { class: "evidence" },
    h("h3", null, "Evidence", beside && h("span", { class: "type" }, `${target.title} and ${beside.target.title}`)),
    beside && h("p", { class: "axis" }, comparedAs(cell, beside.cell)),
    perSide(sides, "exception", ({ outcome }) => outcome.exception && drawException(outcome.exception)),
    drawn,
    sides.some((side) => side.cell.outcome.facts.some(holdsMask)) && maskLegend(),
    nothing && h("p", { class: "plain" }, "No data."),
    perSide(sides, "warnings", ({ outcome }) => outcome.warnings.length > 0 && drawWarnings(outcome.warnings)),
    sides.map((side) => h("p", { class: "measure" }, measured(side, beside))),
  );
}

/** The modes in which two targets are compared, and whether they behave the same. */
function comparedAs(cell, other) {
  const modes = cell.mode === other.mode ? `in mode ${cell.mode}` : `${cell.mode} with ${other.mode}`;
  if (!isMeasured(cell) || !isMeasured(other)) return `Compared ${modes}: no data on at least one target.`;
  return `Compared ${modes}: ${cell.behaviour === other.behaviour ? "same behaviour" : "different behaviour"}.`;
}

/** What at least one side has, each under its target. */
function perSide(sides, what, draw) {
  const drawn = sides.map(({ cell }) => draw(cell));
  if (!drawn.some(Boolean)) return null;
  if (sides.length === 1) return drawn[0];
  return h(
    "div",
    { class: "fact sides" },
    drawn.map((content, i) =>
      h("div", { class: "side" }, h("h5", null, sides[i].target.title), content || h("p", { class: "plain" }, `no ${what}`)),
    ),
  );
}

function measured({ cell, target }, beside) {
  return [
    beside && target.title,
    cell.seconds !== null && `${cell.seconds.toFixed(2)} s`,
    cell.outcome.fingerprint && `fingerprint ${cell.outcome.fingerprint}`,
  ]
    .filter(Boolean)
    .join(" · ");
}

function holdsMask({ observed, expected }) {
  const isMask = (value) => (Array.isArray(value) ? value.some(isMask) : isArray(value) && value.dtype === "bool");
  return [observed, expected].some((place) => place !== undefined && isMask(DATA.values[place]));
}

function maskLegend() {
  const sample = (text, ...shapes) =>
    h("span", null, s("svg", { class: "mask", width: 17, height: 17, "aria-hidden": "true" }, shapes), text);
  const box = (kind) => s("rect", { class: kind, x: 1.5, y: 1.5, width: 14, height: 14, rx: 2 });
  return h(
    "p",
    { class: "mask-legend" },
    sample("unmasked", box("kept")),
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
      exception.phase && h("span", { class: "type" }, `in phase ${exception.phase}`),
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

function drawWarnings(warnings) {
  return h(
    "div",
    { class: "fact" },
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
  );
}

/** A recorded value. facts: one per side, undefined where it was not recorded. */
function drawFact(name, facts, sides) {
  const why = facts.map((fact) => fact?.why);
  const single = sides.length === 1;
  const wanted = facts.find((fact) => fact?.expected !== undefined);
  const isShown = facts.some((fact, i) => fact?.expected !== undefined && !why[i]); // by a value that agrees with it
  const expected = wanted && DATA.values[wanted.expected];
  return h(
    "div",
    { class: `fact${why.some(Boolean) ? " broken" : ""}` },
    h("h4", null, name, h("span", { class: "why" }, single ? judged(facts[0]) : compared(facts))),
    h(
      "div",
      { class: "sides" },
      facts.map((fact, i) => drawSide(fact, why[i], sides[i].target, name, single)),
      wanted && !isShown && valueSide("Expected", expected, { beside: DATA.values[facts[0]?.observed] }, name),
    ),
    single && wanted && !why[0] && !isExact(DATA.values[facts[0].observed]) && agreement(name, wanted, expected),
  );
}

function judged({ expected, why }) {
  if (expected === undefined) return "no expected value";
  return why ? `≠ ${why}` : "as expected";
}

/** How a fact differs between two targets. */
function compared([one, other]) {
  if (!one || !other) return "recorded on only one target";
  const [first, second] = [one, other].map((fact) => DATA.values[fact.observed]);
  if (agree(first, second, one.tolerance)) return "same on both";
  const wrong = wrongPositions(first, second, one.tolerance);
  return wrong ? `≠ ${wrong.length} of ${count(first.data.length, "element")} differ` : "≠ different";
}

function drawSide(fact, why, target, name, single) {
  if (!fact) return h("div", { class: "side" }, h("h5", null, target.title), h("p", { class: "plain" }, "not recorded"));
  const [observed, expected] = [DATA.values[fact.observed], DATA.values[fact.expected]];
  const isDrawnOnce = fact.expected !== undefined && !why && isExact(observed);
  const state = fact.expected === undefined ? "" : why ? ", ≠ expected" : ", as expected";
  const title = single ? `Observed${isDrawnOnce ? ", as expected" : ""}` : `${target.title}${state}`;
  const wrong = why && wrongElements(observed, expected, fact.tolerance);
  return valueSide(title, observed, { wrong, beside: expected ?? null }, name);
}

function valueSide(title, value, options, name) {
  return h(
    "div",
    { class: "side" },
    h("h5", null, title, h("span", { class: "type" }, typeOf(value))),
    drawValue(value, { ...options, name: `${name}, ${title}` }),
  );
}

function agreement(name, fact, expected) {
  const [rtol, atol] = fact.tolerance ?? TOLERANCE;
  return details(
    "Expected",
    drawValue(expected, { name: `${name}, expected` }),
    h("p", { class: "axis" }, `agrees within ${atol} + ${rtol} × |expected|`),
  );
}

/** Whether values agree only if they are equal, so that drawing one of them is enough. */
function isExact(value) {
  if (Array.isArray(value)) return value.every(isExact);
  return !isRaised(value) && !(isArray(value) && /float/.test(value.dtype));
}
