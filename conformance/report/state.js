// What is shown, as the fragment of the address: every view and cell has a permalink.

function readState() {
  const given = new URLSearchParams(location.hash.slice(1));
  const list = (name) => (given.get(name) ?? "").split(",").filter(Boolean);
  return {
    case: given.get("case"),
    target: given.get("target"),
    mode: given.get("mode"),
    q: given.get("q") ?? "",
    verdicts: list("verdict").filter((verdict) => VERDICTS.includes(verdict)),
    differ: given.get("differ") === "1",
    closed: given.getAll("closed"), // an area may have a comma in its name
  };
}

function addressOf(state) {
  const fields = new URLSearchParams();
  for (const name of ["case", "target", "mode", "q"]) if (state[name]) fields.set(name, state[name]);
  if (state.verdicts.length) fields.set("verdict", state.verdicts.join(","));
  if (state.differ) fields.set("differ", "1");
  for (const title of state.closed) fields.append("closed", title);
  return `#${fields}`;
}

/** Change what is shown. A selection is a step of the browser's history, a filter is not. */
function go(change) {
  const state = { ...readState(), ...change };
  const selects = ["case", "target", "mode"].some((name) => name in change);
  if (addressOf(state) !== addressOf(readState())) {
    history[selects ? "pushState" : "replaceState"](null, "", addressOf(state));
  }
  show(state);
}

function select(item, target, mode = null) {
  go({ case: item?.id ?? null, target: target?.id ?? null, mode });
}

function isShown(item, state) {
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  return (
    words.every((word) => item.text.includes(word)) &&
    (!state.differ || item.differs) &&
    (!state.verdicts.length || state.verdicts.some((verdict) => item.verdicts.has(verdict)))
  );
}
