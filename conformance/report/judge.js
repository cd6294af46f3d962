// Comparing values, as `worker/values.py` does it: with a tolerance for floats, exactly otherwise.
// The tests hold the two side by side.

const TOLERANCE = DATA.tolerance; // relative, absolute

const isArray = (value) => value !== null && typeof value === "object" && "dtype" in value;
const isRaised = (value) => value !== null && typeof value === "object" && "raised" in value;
const kindOf = (array) => array.dtype.replace(/\d+$/, "").replace("uint", "int").replace("bfloat", "float");
const sameItems = (a, b) => a.length === b.length && a.every((item, i) => item === b[i]);

/** "nan", "inf", "-inf" and "-0.0" stand for what JSON has no number for. */
function numberOf(item) {
  if (typeof item === "number") return item;
  return { nan: NaN, inf: Infinity, "-inf": -Infinity, "-0.0": -0 }[item];
}

function close(a, b, [rtol, atol]) {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a === b;
  return Math.abs(a - b) <= atol + rtol * Math.abs(b);
}

/** Positions in `data` at which two arrays differ; null if they cannot be held side by side. */
function wrongPositions(observed, expected, tolerance) {
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
  const plain = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : value);
  return plain(observed) === plain(expected) ? null : `${described(observed)}, expected ${described(expected)}`;
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
  const largest = Math.max(
    ...wrong.map((i) => Math.abs(numberOf(observed.data[i]) - numberOf(expected.data[i]))),
  );
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

/** An array's type and shape, an exception's class, or the value itself. */
function described(value) {
  if (isArray(value)) return `${value.dtype} array of shape ${tuple(value.shape)}`;
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
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** A number with three significant digits, as Python's "%.3g". */
function significant(number) {
  if (number === 0) return "0";
  const exponent = Number(number.toExponential(2).split("e")[1]);
  if (exponent < -4 || exponent >= 3) {
    const [digits, power] = number.toExponential(2).split("e");
    return `${Number(digits)}e${power[0]}${power.slice(1).padStart(2, "0")}`;
  }
  return String(Number(number.toPrecision(3)));
}
