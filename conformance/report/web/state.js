// The state of the page, stored in the fragment of the address: every view, filter and selection has a permalink.

/** One value, optionally one of `allowed()`. The default is not written. */
const one = (fallback, allowed = null) => ({
  read: ([value]) => (value && (!allowed || allowed().includes(value)) ? value : fallback),
  write: (value) => (value && value !== fallback ? [value] : []),
});
/** Several values, each as its own parameter, since names may contain any character. */
const many = (allowed = null) => ({
  read: (values) => (allowed ? values.filter((value) => allowed().includes(value)) : values),
  write: (values) => values,
});
const flag = { read: ([value]) => value === "1", write: (value) => (value ? ["1"] : []) };

/** The parameters of the address, in order. */
const FIELDS = {
  view: one("upgrade", () => Object.keys(VIEWS)),
  from: one(null), // null: as chosen by `defaultPair`
  to: one(null),
  q: one(""),
  severity: many(() => SEVERITIES),
  feature: many(),
  promised: flag, // documented behaviour only
  verdict: many(() => VERDICTS),
  differ: flag,
  layer: many(() => [...Object.keys(ACTS), DISAGREE]), // what the layers to show do on some target
  open: many(), // areas that are not in their default state
  closed: many(),
  hidden: many(), // generations
  case: one(null),
  target: one(null),
  mode: one(null, () => MODES),
  beside: one(null), // the target to compare with in the panel; null: in the upgrade view the other of From and To
};
/** A change of these adds an entry to the browser's history, a change of a filter does not. */
const HISTORY_FIELDS = ["view", "from", "to", "case", "target", "mode"];

function readState(address = location.hash) {
  const given = new URLSearchParams(address.slice(1));
  return Object.fromEntries(Object.entries(FIELDS).map(([name, { read }]) => [name, read(given.getAll(name))]));
}

function addressOf(state) {
  const parameters = new URLSearchParams();
  for (const [name, { write }] of Object.entries(FIELDS))
    for (const value of write(state[name])) parameters.append(name, value);
  return `#${parameters}`;
}

/** Change the state of the page. */
function go(change) {
  const state = { ...readState(), ...change };
  if (addressOf(state) !== addressOf(readState())) {
    history[HISTORY_FIELDS.some((name) => name in change) ? "pushState" : "replaceState"](null, "", addressOf(state));
  }
  show(state);
}

/** The list without this value if it contains it, with it otherwise. */
const toggled = (list, value) => (list.includes(value) ? list.filter((other) => other !== value) : [...list, value]);
