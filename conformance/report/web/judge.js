// Comparing values and observations, as `worker/values.py` and `judge.py` do it: with a tolerance for floats,
// exactly otherwise. The tests hold the two side by side.

const TOLERANCE = DATA.tolerance; // relative, absolute

const isArray = (value) => value !== null && typeof value === "object" && "dtype" in value;
const isRaised = (value) => value !== null && typeof value === "object" && "raised" in value;
const kindOf = (array) => array.dtype.replace(/\d+$/, "").replace("uint", "int").replace("bfloat", "float");
const sameItems = (a, b) => a.length === b.length && a.every((item, i) => item === b[i]);

// What JSON has no number for.
const SPECIAL = new Map(Object.entries({ nan: NaN, inf: Infinity, "-inf": -Infinity, "-0.0": -0 }));

/** An item of `data` as a number; undefined if it is none. */
function numberOf(item) {
  return typeof item === "number" ? item : SPECIAL.get(item);
}

function close(a, b, [rtol, atol]) {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a === b;
  return Math.abs(a - b) <= atol + rtol * Math.abs(b);
}

/** Positions in `data` at which two arrays differ; null if they cannot be held side by side. */
function wrongPositions(observed, expected, tolerance = TOLERANCE) {
  if (!isArray(observed) || !isArray(expected) || observed.sha256 || expected.sha256) return null;
  if (!sameItems(observed.shape, expected.shape) || kindOf(observed) !== kindOf(expected)) return null;
  return observed.data.flatMap((item, i) => (close(numberOf(item), numberOf(expected.data[i]), tolerance) ? [] : [i]));
}

/** Why a value is not the expected one, in one line; null if it is. */
function difference(observed, expected, tolerance = TOLERANCE) {
  if (isRaised(expected)) return raisedDifference(observed, expected);
  if (isRaised(observed)) return `raised ${observed.raised[0]}: ${observed.message}`;
  if (Array.isArray(observed) && Array.isArray(expected)) {
    if (observed.length !== expected.length) return `${observed.length} items, expected ${expected.length}`;
    for (let i = 0; i < observed.length; i += 1) {
      const why = difference(observed[i], expected[i], tolerance);
      if (why) return `item ${i}: ${why}`;
    }
    return null;
  }
  if (isArray(observed) && isArray(expected)) return arrayDifference(observed, expected, tolerance);
  const [one, other] = [observed, expected].map((value) => JSON.stringify(value));
  return one === other ? null : `${described(observed)}, expected ${described(expected)}`;
}

function raisedDifference(observed, expected) {
  const wanted = expected.raised.join(" or ");
  if (!isRaised(observed)) return `no exception, expected ${wanted}`;
  if (!observed.raised.some((name) => expected.raised.includes(name)))
    return `raised ${observed.raised[0]}, expected ${wanted}`;
  if (expected.phase && observed.phase !== expected.phase)
    return `raised in phase ${observed.phase}, expected ${expected.phase}`;
  return null;
}

function arrayDifference(observed, expected, tolerance) {
  if (!sameItems(observed.shape, expected.shape))
    return `shape ${tuple(observed.shape)}, expected ${tuple(expected.shape)}`;
  if (kindOf(observed) !== kindOf(expected)) return `dtype ${observed.dtype}, expected ${expected.dtype}`;
  const wrong = wrongPositions(observed, expected, tolerance);
  if (wrong === null) return observed.sha256 === expected.sha256 ? null : "large arrays with different contents";
  if (!wrong.length) return null;
  const apart = wrong.map((i) => Math.abs(numberOf(observed.data[i]) - numberOf(expected.data[i])));
  const largest = apart.reduce((a, b) => (b > a ? b : a)); // as Python's max: NaN counts only where it comes first
  const by = Number.isFinite(largest) && kindOf(observed) !== "bool" ? `, by up to ${significant(largest)}` : "";
  return `${wrong.length} of ${expected.data.length} elements differ${by}`;
}

/** Where two values differ: null nowhere, true as a whole, positions in `data`, or {items} of lists. */
function wrongElements(observed, expected, tolerance = TOLERANCE) {
  if (difference(observed, expected, tolerance) === null) return null;
  if (Array.isArray(observed) && Array.isArray(expected) && observed.length === expected.length)
    return { items: observed.map((item, i) => wrongElements(item, expected[i], tolerance)) };
  return wrongPositions(observed, expected, tolerance) ?? true;
}

/** Why a fact is not as expected; null if it is, or if nothing is expected. */
function mismatch(fact) {
  if (fact.expected === undefined) return null;
  return difference(DATA.values[fact.observed], DATA.values[fact.expected], fact.tolerance);
}

/** What an observation amounts to, as `judge.verdict` says. */
function verdictOf({ status, facts }) {
  if (status !== "completed") return DATA.verdict_of_status[status];
  const judged = facts.filter((fact) => fact.expected !== undefined);
  if (!judged.length) return "observed";
  return judged.some(mismatch) ? "deviates" : "conforms";
}

/** Whether two observations of a case are the same, on the values and with the tolerances of `one`. */
function sameBehaviour(one, other) {
  if (kindsOf(one) !== kindsOf(other)) return false;
  return one.facts.every((fact, i) => {
    const [first, second] = [DATA.values[fact.observed], DATA.values[other.facts[i].observed]];
    if (JSON.stringify(dtypesOf(first)) !== JSON.stringify(dtypesOf(second))) return false;
    return difference(first, second, fact.tolerance) === null;
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

/** An array's type and shape, an exception's class, or the value itself. */
function described(value) {
  if (isArray(value)) return `${value.dtype} array of shape ${tuple(value.shape)}`;
  if (Array.isArray(value)) return `list of ${count(value.length, "item")}`;
  return isRaised(value) ? value.raised[0] : spelled(value);
}

function tuple(shape) {
  return `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
}

function spelled(value) {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "object") return value.repr ?? JSON.stringify(value);
  return typeof value === "string" ? quoted(value) : String(value);
}

/** A text as Python's `repr` spells it. */
function quoted(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const named = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", [quote]: `\\${quote}` };
  const escaped = (letter) => {
    if (letter in named) return named[letter];
    if (letter === " " || !/[\p{C}\p{Z}]/u.test(letter)) return letter;
    const code = letter.codePointAt(0);
    const [sign, digits] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
    return `\\${sign}${code.toString(16).padStart(digits, "0")}`;
  };
  return quote + Array.from(text, escaped).join("") + quote;
}

/** A positive number with three significant digits, as Python's "%.3g": exactly half is rounded to even. */
function significant(number) {
  if (number === 0) return "0";
  const [all, power] = number.toExponential(60).split("e");
  const isHalf = /^\d\.\d\d50*$/.test(all) && "02468".includes(all[3]);
  const [digits, exponent] = isHalf ? [all.slice(0, 4), power] : number.toExponential(2).split("e");
  if (exponent >= -4 && exponent < 3) return String(Number(`${digits}e${exponent}`));
  return `${Number(digits)}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}
