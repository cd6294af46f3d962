// What is shown, as the fragment of the address: every view, filter and selection has a permalink.

/** One value, perhaps of those in `allowed()`. What is the default is not written. */
const one = (fallback, allowed = null) => ({
  read: ([value]) => (value && (!allowed || allowed().includes(value)) ? value : fallback),
  write: (value) => (value && value !== fallback ? [value] : []),
});
/** Several values, each written by itself: a name may hold any character. */
const many = (allowed = null) => ({
  read: (values) => (allowed ? values.filter((value) => allowed().includes(value)) : values),
  write: (values) => values,
});
const flag = { read: ([value]) => value === "1", write: (value) => (value ? ["1"] : []) };

/** What the address can say, in the order in which it says it. */
const FIELDS = {
  view: one("upgrade", () => Object.keys(VIEWS)),
  from: one(null), // null: what `defaultPair` chooses
  to: one(null),
  q: one(""),
  severity: many(() => SEVERITIES),
  feature: many(),
  promised: flag, // leave out what nobody promises
  verdict: many(() => VERDICTS),
  differ: flag,
  layer: many(() => [...Object.keys(ACTS), DISAGREE]), // what the layers that are shown do somewhere
  open: many(), // areas that are not as they are by default
  closed: many(),
  hidden: many(), // generations
  case: one(null),
  target: one(null),
  mode: one(null, () => MODES),
  beside: one(null), // the column that the panel compares with; null: in the upgrade view the other of the two
};
/** A change of these is a step of the browser's history, a change of a filter is not. */
const STEPS = ["view", "from", "to", "case", "target", "mode"];

function readState(address = location.hash) {
  const given = new URLSearchParams(address.slice(1));
  return Object.fromEntries(Object.entries(FIELDS).map(([name, { read }]) => [name, read(given.getAll(name))]));
}

function addressOf(state) {
  const said = new URLSearchParams();
  for (const [name, { write }] of Object.entries(FIELDS))
    for (const value of write(state[name])) said.append(name, value);
  return `#${said}`;
}

/** Change what is shown. */
function go(change) {
  const state = { ...readState(), ...change };
  if (addressOf(state) !== addressOf(readState())) {
    history[STEPS.some((name) => name in change) ? "pushState" : "replaceState"](null, "", addressOf(state));
  }
  show(state);
}

/** The list without this value if it is there, with it otherwise. */
const toggled = (list, value) => (list.includes(value) ? list.filter((other) => other !== value) : [...list, value]);
