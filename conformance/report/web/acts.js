// What a layer does with the mask of its input, as the layer table's cases record it in words.

const LAYER_CASE = /^layer-table\.incoming-mask\[(.+)\]$/;

/** letter, name, meaning, shape of the mark. An arrow: a mask goes on. A box: it ends here. */
const ACTS = {
  consumes: ["C", "Consumes", "it computes something else with the mask than without it", "round"],
  "passes on": ["P", "Passes on", "the mask goes on as it came", "arrow"],
  "merges by and": ["A", "Merges by and", "a step is kept if all masks keep it", "arrow"],
  "merges by or": ["O", "Merges by or", "a step is kept if one of the masks keeps it", "arrow"],
  changes: ["X", "Changes it", "another mask goes on", "arrow"],
  "gives a mask": ["G", "Gives a mask", "some mask goes on; which one is not known before there is data", "arrow"],
  produces: ["M", "Makes one", "a mask goes on, also where none came in", "arrow made"],
  "stops with a warning": ["W", "Stops with a warning", "the mask is neither used nor passed on; a warning says so", "box warned"],
  "stops silently": ["S", "Stops silently", "the mask is neither used nor passed on, and nothing says so", "box silent"],
  refuses: ["R", "Refuses", "it raises if a mask comes in", "stop"],
  fails: ["F", "Fails", "it raises without a mask as well", "stop"],
  absent: ["–", "Absent", "there is no such layer", "nothing"],
  unknown: ["?", "Unknown", "not measured", "dotted"],
};
// Paths of their own: thousands of <use> are laid out too slowly.
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

/** What a layer does on a column: {cell, running, symbolic, agree}. */
function layerAt(item, target) {
  const cells = cellsOf(item, target);
  const cell = cells.find(says) ?? cells[0] ?? null;
  const alone = (act) => ({ cell, running: [act], symbolic: [act], agree: true });
  if (!cell || cell.verdict === "not-run") return alone("unknown");
  if (cell.verdict === "unsupported") return alone("absent");
  if (BROKEN.has(cell.verdict)) return alone("fails");
  const word = (name) => {
    const fact = cell.outcome.facts.find((one) => one.name === name);
    return actsIn(fact && DATA.values[fact.observed]);
  };
  const [running, symbolic] = [word("at run time"), word("symbolic")];
  return { cell, running, symbolic, agree: sameAnswer(symbolic, running) };
}

/** Whether what was said without data agrees with what happened: in whether a mask goes on, and how it ends. */
function sameAnswer(symbolic, running) {
  const gives = (act) => ACTS[act][3].startsWith("arrow");
  const [said, done] = [symbolic.at(-1), running.at(-1)];
  if (gives(said)) return gives(done) && (said === "produces") === (done === "produces");
  // Whoever consumes a mask need not pass it on.
  return done === "consumes" ? said.startsWith("stops") : said === done;
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
