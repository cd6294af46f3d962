// What changes between two targets. `conformance/judging/compare.py` states the rules; the tests compare both
// implementations on every pair of states of a cell.

const CHANGE_KINDS = ["regressed", "intended", "changed", "vanished", "fixed", "appeared", "unknown"];

// As in `report/changes_table.py`.
const STATUS_OF_KIND = {
  regressed: "regression",
  fixed: "fixed",
  intended: "intended change",
  vanished: "not available",
  appeared: "new",
  unknown: "unknown",
};
const PROMISE_WORDS = {
  kept: "conforms",
  broken: "broken",
  intended: "intended deviation",
  undefined: "undefined",
  unspecified: "undocumented",
};

/** Whether a version is that of a nightly, an alpha, a beta or a release candidate. */
const isPrerelease = (version) => /^\d[\d.]*[-_.]?(dev|rc|c|alpha|beta|a|b|preview|pre)[-_.]?\d*([-.+]|$)/.test(version);

/** The newest tf.keras and the newest Keras on TensorFlow after it, else the first and the last target that ran; all of them released. */
function defaultPair() {
  const allThatRan = TARGETS.filter((target) => !target.reason);
  const released = allThatRan.filter((target) => !Object.values(target.versions).some(isPrerelease));
  const ran = released.length > 1 ? released : allThatRan;
  const tfKeras = ran.findLast((target) => target.front_end === "tf.keras");
  const keras = ran.findLast((target) => target.front_end === "keras" && target.backend === "tensorflow");
  if (tfKeras && keras && tfKeras.position < keras.position) return [tfKeras, keras];
  return ran.length > 1 ? [ran[0], ran.at(-1)] : null;
}

/** The targets that the address names, else the default ones; null if there are none to compare. */
function pairOf(state) {
  const chosen = defaultPair() ?? [null, null];
  const pair = [state.from, state.to].map((id, i) => (id === null ? chosen[i] : targetOf(id)));
  return pair.every(Boolean) ? pair : null;
}

/** All changes between two targets, the most severe first: {item, modes, kind, severity, text, ...}. */
function changesBetween(from, to) {
  const walked = [...between(from, to), to];
  const levels = [...SEVERITIES, null];
  return CASES.flatMap((item) => changesOfCase(item, from, to, walked)).sort(
    (a, b) => levels.indexOf(a.severity) - levels.indexOf(b.severity) || CHANGE_KINDS.indexOf(a.kind) - CHANGE_KINDS.indexOf(b.kind),
  );
}

/** The most severe change of each case, by case: the first, as `changesBetween` sorts them. */
function worstOfCases(changes) {
  const worst = new Map();
  for (const change of changes) if (!worst.has(change.item)) worst.set(change.item, change);
  return worst;
}

const casesOf = (changes) => new Set(changes.map((change) => change.item));

/** Numbers of behaviours, each counted once, by its most severe change, as in `conformance/judging/counting.py`. */
function countChanges(changes, from, to) {
  const worst = [...worstOfCases(changes).values()];
  const ofSeverity = (severity) => worst.filter((change) => change.severity === severity).length;
  const ofKind = (kind) => casesOf(changes.filter((change) => change.kind === kind)).size;
  const changed = casesOf(changes);
  const statesOf = (item) =>
    modePairs(item, from, to).flatMap((pair) =>
      [from, to].map((target, i) => stateOf(pair[i] && cellOf(item, target, pair[i]))),
    );
  const rest = CASES.filter((item) => !changed.has(item)).map(statesOf).filter((states) => states.length);
  const onNeither = rest.filter((states) => states.every((state) => state === "absent")).length;
  const bySeverity = Object.fromEntries(SEVERITIES.map((severity) => [severity, ofSeverity(severity)]));
  return {
    by_severity: bySeverity,
    regressed: ofKind("regressed"),
    fixed: ofKind("fixed"),
    unknown: ofSeverity(null),
    same: rest.length - onNeither,
    on_neither: onNeither,
    total: worst.length - ofSeverity(null),
  };
}

/** The targets between two that share front end and backend with one of them, in that direction. */
function between(from, to) {
  const inner =
    from.position < to.position
      ? TARGETS.slice(from.position + 1, to.position)
      : TARGETS.slice(to.position + 1, from.position).reverse();
  const alike = (one, other) => one.front_end === other.front_end && one.backend === other.backend;
  return inner.filter((target) => alike(target, from) || alike(target, to));
}

function changesOfCase(item, from, to, walked) {
  const groups = new Map();
  for (const pair of modePairs(item, from, to)) {
    const change = changeOf(item, from, to, pair, walked);
    if (!change) continue;
    const { item: _, cells, ...rest } = change;
    const key = JSON.stringify(rest);
    if (!groups.has(key)) groups.set(key, { ...change, modes: [] });
    const [one, other] = pair.map((mode) => mode ?? "none");
    groups.get(key).modes.push(one === other ? one : `${one} -> ${other}`);
  }
  return [...groups.values()];
}

/** The modes in which a case was planned on a target that has the mode. */
const modesOn = (item, target) =>
  cellsOf(item, target)
    .map((cell) => cell.mode)
    .filter((mode) => !(mode in target.lacks));

function modePairs(item, from, to) {
  const [first, second] = [modesOn(item, from), modesOn(item, to)];
  const common = first.filter((mode) => second.includes(mode));
  if (common.length) return common.map((mode) => [mode, mode]);
  if (!first.length && !second.length) return []; // neither target has such a mode: there is nothing to compare
  return [[first[0] ?? null, second[0] ?? null]];
}

/** Equal for cells of a case that behave the same; null if that is unknown. */
function stateOf(cell) {
  if (!cell || cell.verdict === "not-run") return null;
  return cell.verdict === "unsupported" ? "absent" : cell.behaviour;
}

function changeOf(item, from, to, pair, walked) {
  const cells = [from, to].map((target, i) => pair[i] && cellOf(item, target, pair[i]));
  const [state, now] = cells.map(stateOf);
  if (state !== null && state === now) return null;
  const [before, after] = cells.map((cell) => sideOf(item, cell));
  const change = { item, cells, kind: kindOfChange(before.promise, after.promise), before, after };
  if (state === null || now === null) {
    const missing = [state === null && from, now === null && to].filter(Boolean);
    const text = pair.includes(null)
      ? "no common mode"
      : missing.map((target) => `not run on ${target.title}`).join(" and ");
    return { ...change, severity: null, text, since: null, last: null };
  }
  return { ...change, ...describeChange(cells[0].outcome, cells[1].outcome), ...sinceWhen(item, from, to, pair, state, walked) };
}

/** The state of a case's contract in one of its cells. */
function sideOf(item, cell) {
  if (!cell) return { promise: "unknown", verdict: null, expectation: null };
  return { promise: promiseOf(item, cell), verdict: cell.verdict, expectation: cell.expectation?.id ?? null };
}

function promiseOf(item, { verdict, expectation }) {
  if (verdict === "not-run") return "unknown";
  if (verdict === "unsupported") return "absent";
  if (isNeutral(item) || verdict === "observed") return "unspecified";
  if (!BROKEN.has(verdict)) return "kept";
  return expectation && expectation.kind !== "bug" ? expectation.kind : "broken";
}

function kindOfChange(before, after) {
  if (before === "unknown" || after === "unknown") return "unknown";
  if (before === "absent") return "appeared";
  if (after === "absent") return "vanished";
  if (after === "intended") return "intended";
  if (before === "kept" && after === "broken") return "regressed";
  return before === "broken" && after === "kept" ? "fixed" : "changed";
}

/** The ids of the first target that no longer behaves as the earlier one, and of the last that still does. */
function sinceWhen(item, from, to, pair, state, walked) {
  let last = from.id;
  let measured = false;
  for (const target of walked) {
    const modes = modesOn(item, target);
    const mode = pair.find((wanted) => modes.includes(wanted));
    const there = mode ? stateOf(cellOf(item, target, mode)) : null;
    if (there !== null && there !== state) {
      return measured || target !== to ? { since: target.id, last } : { since: null, last: null };
    }
    if (there !== null) [last, measured] = [target.id, true];
  }
  return { since: null, last: null };
}

/** What a change means for the contract: "regression", "undocumented", ... */
function statusOf({ kind, before, after }) {
  if (kind in STATUS_OF_KIND) return STATUS_OF_KIND[kind];
  const [first, second] = [before, after].map(({ promise }) => PROMISE_WORDS[promise]);
  return first === second ? first : `${first} -> ${second}`;
}
