// Whether two values, or two observations, agree: floats within a tolerance, everything else exactly, by the rules of
// `worker/values.py` and `judging/judge.py`. Verdicts and reasons come from Python. The tests compare both implementations on
// every form of value and observation.

const TOLERANCE = DATA.tolerance; // relative, absolute

const isArray = (value) => value !== null && typeof value === "object" && "dtype" in value;
const isRaised = (value) => value !== null && typeof value === "object" && "raised" in value;
const kindOf = (array) => array.dtype.replace(/\d+$/, "").replace("uint", "int").replace("bfloat", "float");
const sameItems = (a, b) => a.length === b.length && a.every((item, i) => item === b[i]);

// What JSON has no number for.
const SPECIAL = new Map(Object.entries({ nan: NaN, inf: Infinity, "-inf": -Infinity, "-0.0": -0 }));

/** An item of `data` as a number; undefined if it is not one. */
function numberOf(item) {
  return typeof item === "number" ? item : SPECIAL.get(item);
}

function close(a, b, [rtol, atol]) {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a === b;
  return Math.abs(a - b) <= atol + rtol * Math.abs(b);
}

/** Positions in `data` at which two arrays differ; null if they cannot be compared item by item. */
function wrongPositions(observed, expected, tolerance = TOLERANCE) {
  if (!isArray(observed) || !isArray(expected) || observed.sha256 || expected.sha256) return null;
  if (!sameItems(observed.shape, expected.shape) || kindOf(observed) !== kindOf(expected)) return null;
  return observed.data.flatMap((item, i) => (close(numberOf(item), numberOf(expected.data[i]), tolerance) ? [] : [i]));
}

/** Whether a value is the expected one. */
function agree(observed, expected, tolerance = TOLERANCE) {
  if (isRaised(expected)) return isRaised(observed) && raisedAsExpected(observed, expected);
  if (Array.isArray(observed) && Array.isArray(expected))
    return observed.length === expected.length && observed.every((item, i) => agree(item, expected[i], tolerance));
  if (isArray(observed) && isArray(expected)) return arraysAgree(observed, expected, tolerance);
  return JSON.stringify(observed) === JSON.stringify(expected);
}

function raisedAsExpected(observed, expected) {
  const isOfClass = observed.raised.some((name) => expected.raised.includes(name));
  return isOfClass && (!expected.phase || observed.phase === expected.phase);
}

function arraysAgree(observed, expected, tolerance) {
  if (!sameItems(observed.shape, expected.shape) || kindOf(observed) !== kindOf(expected)) return false;
  const wrong = wrongPositions(observed, expected, tolerance);
  return wrong === null ? observed.sha256 === expected.sha256 : !wrong.length;
}

/** Where two values differ: null nowhere, true as a whole, positions in `data`, or {items} of lists. */
function wrongElements(observed, expected, tolerance = TOLERANCE) {
  if (agree(observed, expected, tolerance)) return null;
  if (Array.isArray(observed) && Array.isArray(expected) && observed.length === expected.length)
    return { items: observed.map((item, i) => wrongElements(item, expected[i], tolerance)) };
  return wrongPositions(observed, expected, tolerance) ?? true;
}

/** Whether two observations of a case agree within the tolerances of `one`. */
function sameBehaviour(one, other) {
  if (kindsOf(one) !== kindsOf(other)) return false;
  return one.facts.every((fact, i) => {
    const [first, second] = [DATA.values[fact.observed], DATA.values[other.facts[i].observed]];
    if (JSON.stringify(dtypesOf(first)) !== JSON.stringify(dtypesOf(second))) return false;
    return agree(first, second, fact.tolerance);
  });
}

function kindsOf({ status, facts, exception, warnings }) {
  return JSON.stringify([
    status,
    facts.map((fact) => fact.name),
    exception && [exception.raised[0], exception.phase],
    [...new Set(warnings.map((warning) => warning.category))].sort(),
  ]);
}

function dtypesOf(value) {
  if (Array.isArray(value)) return value.map(dtypesOf);
  if (isRaised(value)) return [value.raised[0], value.phase];
  return isArray(value) ? value.dtype : null;
}
