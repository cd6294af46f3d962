// Reads another results.json: checks it against the schema and converts it to the page's own data.

const SCHEMA_VERSION = 1;
const LARGEST = 40e6; // bytes
const YOURS = "Your environment";

/** Why a file is rejected, in one sentence. */
class Refused extends Error {}

/** The results in a text. Throws `Refused`. */
function parsedResults(text) {
  let found;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new Refused(`it is not complete JSON: ${error.message}`);
  }
  const version = found?.schema_version;
  if (version === undefined) throw new Refused("it is not a results file of this suite");
  if (version !== SCHEMA_VERSION) throw new Refused(`it has schema version ${spelled(version)}; this page reads ${SCHEMA_VERSION}`);
  const wrong = misfit(found, DATA.schema, "") ?? danglingReference(found);
  if (wrong) throw new Refused(wrong);
  return found;
}

const TYPES = {
  object: (value) => value !== null && typeof value === "object" && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === "string",
  integer: Number.isInteger,
  number: Number.isFinite,
  null: (value) => value === null,
};

/** Where a value does not match a JSON Schema, in one sentence; null if it does. Covers what our schema uses. */
function misfit(value, schema, place) {
  if (schema.$ref) return misfit(value, DATA.schema.$defs[schema.$ref.split("/").at(-1)], place);
  if (schema.anyOf) {
    const misfits = schema.anyOf.map((choice) => misfit(value, choice, place));
    return misfits.includes(null) ? null : misfits[0];
  }
  if (schema.type && !TYPES[schema.type](value)) return `${place || "the file"} is not of type ${schema.type}`;
  if (schema.type === "array" && schema.items) {
    for (let i = 0; i < value.length; i += 1) {
      const wrong = misfit(value[i], schema.items, `${place}[${i}]`);
      if (wrong) return wrong;
    }
  }
  if (schema.type !== "object") return null;
  const missing = schema.required?.find((name) => !Object.hasOwn(value, name));
  if (missing) return `${place ? `${place} has` : "it has"} no ${missing}`;
  const { properties = {}, additionalProperties: others = true } = schema;
  for (const name of Object.keys(value)) {
    const inside = place ? `${place}.${name}` : name;
    const rule = Object.hasOwn(properties, name) ? properties[name] : others;
    if (rule === false) return `${inside} is not a known field`;
    const wrong = rule === true ? null : misfit(value[name], rule, inside);
    if (wrong) return wrong;
  }
  return null;
}

/** A cell or fact that refers to a missing item, in one sentence; null if there is none. */
function danglingReference({ cases, targets, cells, observations = {}, values = {} }) {
  const [ids, columns] = [cases, targets].map((items) => new Set(items.map((item) => item.id)));
  const seen = new Set();
  if (columns.size < targets.length) return "two of its targets have the same id";
  for (const { case: id, target, mode, verdict, observation } of cells) {
    const cell = `the cell of ${id} on ${target} in mode ${mode}`;
    if (!ids.has(id) || !columns.has(target) || !MODES.includes(mode) || !VERDICTS.includes(verdict))
      return `${cell} has an unknown case, target, mode or verdict`;
    if (observation == null && !["not-run", "unsupported"].includes(verdict)) return `${cell} has the verdict ${verdict}, but no observation`;
    if (observation != null && !Object.hasOwn(observations, observation)) return `${cell} refers to a missing observation`;
    if (seen.has(cell)) return `${cell} is duplicated`;
    seen.add(cell);
  }
  for (const { status, facts = [], exception } of Object.values(observations)) {
    if (status !== "completed" && !Object.hasOwn(DATA.verdict_of_status, status)) return `an observation has the unknown status ${status}`;
    if (exception?.raised.length === 0) return "an exception has no class";
    const keys = facts.flatMap((fact) => [fact.observed, fact.expected ?? fact.observed]);
    const lost = keys.find((key) => !Object.hasOwn(values, key));
    if (lost !== undefined) return `a fact refers to the missing value ${lost}`;
  }
  return Object.values(values).every(isWellFormed) ? null : "one of its values is malformed";
}

function isWellFormed(value) {
  if (Array.isArray(value)) return value.every(isWellFormed);
  if (isRaised(value)) return Array.isArray(value.raised) && value.raised.length > 0;
  if (!isArray(value)) return true;
  const { dtype, shape, data } = value;
  if (typeof dtype !== "string" || !Array.isArray(shape) || !Array.isArray(data)) return false;
  if (data.some((item) => numberOf(item) === undefined)) return false;
  return Boolean(value.sha256) || data.length === shape.reduce((product, side) => product * side, 1);
}

/**
 * The targets of results that the page does not show yet.
 * {columns: as for `addColumns`, alike: titles of targets that are already shown, and numbers of cases: unknown (not on
 * the page), others (measured with another version of the case), shared (in both)}.
 */
function readColumns(results) {
  const shownCases = new Map(CASES.map((item) => [item.id, item]));
  const both = results.cases.filter((item) => shownCases.has(item.id));
  const others = both.filter(({ id, digest }) => digest && shownCases.get(id).digest && digest !== shownCases.get(id).digest);
  const otherVersions = new Set(others.map((item) => item.id));
  const read = reader(results);
  const ofTarget = Map.groupBy(results.cells, (cell) => cell.target);
  const [columns, alike] = [[], []];
  for (const found of results.targets) {
    const cells = (ofTarget.get(found.id) ?? []).filter((cell) => shownCases.has(cell.case));
    const target = { versions: {}, reason: null, peak_mb: null, ...found, generation: YOURS, otherVersions };
    const column = { target, cells: cells.map((cell) => read(cell, shownCases.get(cell.case), target)) };
    const shown = TARGETS.find((other) => other.id === found.id);
    if (shown && isAlike(column, shown)) alike.push(found.title);
    else columns.push(column);
  }
  for (const { target } of columns) {
    if (TARGETS.some((shown) => shown.title === target.title)) target.title += " (yours)";
    target.id = freeId(target.id, new Set(results.targets.map((found) => found.id)));
    target.short = target.title;
  }
  return { columns, alike, unknown: results.cases.length - both.length, others: others.length, shared: both.length };
}

/** Whether a target adds nothing to one of the page, apart from cases of another version. */
function isAlike({ target, cells }, shown) {
  const comparable = cells.filter(({ position }) => !target.otherVersions.has(CASES[position].id));
  return (
    comparable.length > 0 &&
    target.reason === shown.reason &&
    comparable.every(({ position, mode, outcome }) => {
      const cell = cellOf(CASES[position], shown, mode);
      return cell?.verdict === outcome.verdict && cell.behaviour === outcome.behaviour;
    })
  );
}

/** An id that no column of the page has, nor one of `others`. */
function freeId(id, others) {
  const shown = new Set(TARGETS.map((target) => target.id));
  let free = id;
  for (let n = 1; shown.has(free) || (n > 1 && others.has(free)); n += 1) free = `${id}:${n}`;
  return free;
}

/** Function: a cell of results and its case of the page -> a cell as `addColumns` takes it. */
function reader({ observations = {}, values = {} }) {
  const position = new Map(); // of values
  const behaviours = new Map(CASES.map((item) => [item, null])); // of each case, with expectations, when first needed

  const place = (key) => {
    if (!position.has(key)) position.set(key, DATA.values.push(values[key]) - 1);
    return position.get(key);
  };
  const outcomes = new Map();
  const observed = (key) => {
    if (!outcomes.has(key)) {
      const { status, facts = [], exception = null, warnings = [] } = observations[key];
      outcomes.set(key, { status, facts: facts.map(fact), exception, warnings });
    }
    return outcomes.get(key);
  };
  const fact = ({ name, observed: seen, expected = null, rtol = null, atol = null }) => {
    const tolerance = [rtol ?? TOLERANCE[0], atol ?? TOLERANCE[1]];
    return {
      name,
      observed: place(seen),
      ...(expected === null ? {} : { expected: place(expected) }),
      ...(rtol === null && atol === null ? {} : { tolerance }),
      // Only Python describes how they differ.
      ...(expected === null || agree(values[seen], values[expected], tolerance) ? {} : { why: "not as expected" }),
    };
  };

  return (cell, item, target) => {
    const about = { position: item.position, mode: cell.mode, seconds: cell.seconds };
    const { verdict, reason = null } = cell;
    if (cell.observation == null) {
      const outcome = { status: null, facts: [], exception: null, warnings: [], behaviour: null, fingerprint: null };
      return { ...about, outcome: { ...outcome, verdict, reason }, expectation: null };
    }
    if (!behaviours.get(item)) behaviours.set(item, { seen: behavioursSeen(item), numbers: new Map() });
    const { seen, numbers } = behaviours.get(item);
    const outcome = observed(cell.observation);
    if (!numbers.has(outcome)) numbers.set(outcome, placed(outcome, seen));
    const behaviour = numbers.get(outcome);
    return {
      ...about,
      outcome: { ...outcome, verdict, reason, fingerprint: cell.fingerprint ?? null, behaviour },
      expectation: behaviour === null ? null : nearestReason(seen[behaviour].reasons, verdict, target),
    };
  };
}

/** The number of an outcome's behaviour in `seen`, to which it is added if it is new. */
function placed(outcome, seen) {
  if (outcome.status === "unsupported") return null;
  const same = seen.findIndex(({ first }) => sameBehaviour(first, outcome));
  return same < 0 ? seen.push({ first: outcome, reasons: [] }) - 1 : same;
}

/** By number of behaviour: its first outcome, and its expectations as [{column, verdict, expectation}]. */
function behavioursSeen(item) {
  const seen = [];
  for (const column of TARGETS) {
    for (const { behaviour, outcome, verdict, expectation } of cellsOf(item, column).filter(isMeasured)) {
      const { reasons } = (seen[behaviour] ??= { first: outcome, reasons: [] });
      if (expectation) reasons.push({ column, verdict, expectation: DATA.expectations.indexOf(expectation) });
    }
  }
  return seen;
}

/** The expectation for this verdict on the most similar target: same front end and backend if possible, the newest. */
function nearestReason(reasons, verdict, target) {
  const likeness = ({ column }) => 2 * (column.front_end === target.front_end) + (column.backend === target.backend);
  const fitting = reasons.filter((reason) => reason.verdict === verdict);
  const most = Math.max(...fitting.map(likeness));
  return fitting.findLast((reason) => likeness(reason) === most)?.expectation ?? null;
}
