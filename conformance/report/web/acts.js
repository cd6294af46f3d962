// What a layer does with the mask of its input. The keys are the words that the cases of the layer table record.

const LAYER_CASE = /^layer-table\.incoming-mask\[(.+)\]$/;

/** letter, name, meaning, shape of the mark. An arrow: the mask is propagated. A box: it is dropped. */
const ACTS = {
  consumes: ["C", "Consumes", "the output depends on the mask", "round"],
  "passes on": ["P", "Propagates", "the mask is propagated unchanged", "arrow"],
  "merges by and": ["A", "Merges with AND", "a timestep is unmasked if it is unmasked in all inputs", "arrow"],
  "merges by or": ["O", "Merges with OR", "a timestep is unmasked if it is unmasked in any input", "arrow"],
  changes: ["X", "Changes the mask", "a different mask is propagated", "arrow"],
  "gives a mask": ["G", "Unknown until run", "a symbolic call returns a mask, but not its values", "arrow"],
  produces: ["M", "Makes a mask", "the output has a mask even if the input has none", "arrow made"],
  "stops with a warning": ["W", "Drops with a warning", "the mask is neither used nor propagated, and a warning is emitted", "box warned"],
  "stops silently": ["S", "Drops silently", "the mask is neither used nor propagated, without a warning", "box silent"],
  refuses: ["R", "Raises", "raises an exception if the input has a mask", "stop"],
  fails: ["F", "Fails", "raises an exception even without a mask", "stop"],
  absent: ["–", "Unsupported", "this version has no such layer", "nothing"],
  unknown: ["?", "No data", "not measured", "dotted"],
};
// Inline paths: thousands of <use> elements are laid out too slowly.
const SHAPES = {
  round: "M7 1h6a6 6 0 0 1 0 12H7A6 6 0 0 1 7 1z",
  arrow: "M1 1h13.5L19 7l-4.5 6H1z",
  box: "M1 1h18v12H1zM17 1v12",
  stop: "M5 1h10l4 4v4l-4 4H5L1 9V5z",
  dotted: "M1 1h18v12H1z",
  nothing: "",
};
const DISAGREE = "disagree";

/** The acts in a recorded word: "consumes and merges by or" are two. */
function actsIn(word) {
  if (typeof word !== "string") return ["unknown"];
  if (word.startsWith("raises without a mask")) return ["fails"];
  if (word.startsWith("refuses")) return ["refuses"];
  const [, consumes, rest] = /^(consumes)?(?: and )?(.*)$/.exec(word);
  const acts = [consumes, rest].filter(Boolean);
  return acts.every((act) => Object.hasOwn(ACTS, act)) ? acts : ["unknown"];
}

/** What a layer does on a target: {cell, running, symbolic, agree}. */
function layerAt(item, target) {
  const cells = cellsOf(item, target);
  const cell = cells.find(isMeasured) ?? cells[0] ?? null;
  const only = (act) => ({ cell, running: [act], symbolic: [act], agree: true });
  if (!cell || cell.verdict === "not-run") return only("unknown");
  if (cell.verdict === "unsupported") return only("absent");
  if (BROKEN.has(cell.verdict)) return only("fails");
  const word = (name) => {
    const fact = cell.outcome.facts.find((one) => one.name === name);
    return actsIn(fact && DATA.values[fact.observed]);
  };
  const [running, symbolic] = [word("at run time"), word("symbolic")];
  return { cell, running, symbolic, agree: sameAnswer(symbolic, running) };
}

/** Whether symbolic and eager results agree: whether the mask is propagated, and how it is dropped. */
function sameAnswer(symbolic, running) {
  const propagates = (act) => ACTS[act][3].startsWith("arrow");
  const [predicted, actual] = [symbolic.at(-1), running.at(-1)];
  if (propagates(predicted)) return propagates(actual) && (predicted === "produces") === (actual === "produces");
  // A layer that consumes the mask need not propagate it.
  return actual === "consumes" ? predicted.startsWith("stops") : predicted === actual;
}

const lettersOf = (acts) => acts.map((act) => ACTS[act][0]).join("");
const namesOf = (acts) => acts.map((act) => ACTS[act][1].toLowerCase()).join(" and ");

/** The mark of some acts, for example "CP" in an arrow. Hidden from screen readers. */
function actsMark(acts) {
  const shape = ACTS[acts.at(-1)][3];
  return s(
    "svg",
    { class: `act ${shape.split(" ").map((word) => `act-${word}`).join(" ")}`, viewBox: "0 0 20 14", "aria-hidden": "true", focusable: "false" },
    s("path", { d: SHAPES[shape.split(" ")[0]] }),
    s("text", { x: shape.startsWith("arrow") ? 8.4 : 10, y: 10.4, "text-anchor": "middle" }, lettersOf(acts)),
  );
}
