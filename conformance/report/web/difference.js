// What differs between two observations of one case, in words, and how a user would notice.
// `conformance/judging/difference.py` states the rules; the tests compare both implementations on every form of observation.

const SEVERITIES = ["silent", "raises", "warns", "cosmetic"];
const MAX_DIFFERENCES = 2; // that are written out
const MAX_MASK_ELEMENTS = 60;
const MAX_CHARACTERS = 80; // of a text or a list, and of the reason why an API is not available

/** {severity, text} of the change from one observation to another. */
function describeChange(before, after) {
  const found = differences(before, after);
  if (!found.length) return { severity: "cosmetic", text: "values differ at the edge of the tolerance" };
  const texts = found.slice(0, MAX_DIFFERENCES).map(([, text]) => text);
  const more = found.length - MAX_DIFFERENCES;
  return { severity: found[0][0], text: oneLine(texts.join("; ") + (more > 0 ? `; and ${more} more` : "")) };
}

/** [severity, text] of all differences, the worst first. */
function differences(before, after) {
  const [first, second] = [ending(before), ending(after)];
  if (before.status !== after.status) {
    const level = before.status === "unsupported" || after.status === "completed" ? "cosmetic" : "raises";
    return [[level, `${first} -> ${second}`]];
  }
  const found = first === second ? [] : [["cosmetic", `${first} -> ${second}`]];
  const [old, current] = [before, after].map(({ warnings }) => new Set(warnings.map(({ category }) => category)));
  const [added, gone] = [current.difference(old), old.difference(current)];
  const ofFacts = factDifferences(before, after);
  found.push(...ofFacts.map(([level, text]) => [level === "silent" && added.size ? "warns" : level, text]));
  found.push(...[...added].sort().map((category) => ["warns", `now emits ${category}`]));
  found.push(...[...gone].sort().map((category) => ["cosmetic", `no longer emits ${category}`]));
  return found.sort(([a], [b]) => SEVERITIES.indexOf(a) - SEVERITIES.indexOf(b));
}

/** How the run ended. */
function ending({ status, exception, reason }) {
  if (status === "raised" && exception) return raises(exception.raised[0], exception.phase);
  if (status === "unsupported") return `not available (${shortText(reason || "no reason given")})`;
  const endings = { completed: "works", crashed: "crashes", "timed-out": "times out" };
  return endings[status] ?? status;
}

const raises = (name, phase) => `raises ${name}${phase ? ` in ${phase}` : ""}`;

const SPACES = /(?:(?!\ufeff)[\s\x1c-\x1f\x85])+/; // what Python takes for them

const oneLine = (text) => text.split(SPACES).filter(Boolean).join(" ");

/** On one line, of at most `MAX_CHARACTERS` characters. */
function shortText(text) {
  const letters = [...oneLine(text)];
  if (letters.length <= MAX_CHARACTERS) return letters.join("");
  return `${letters.slice(0, MAX_CHARACTERS - 3).join("")}...`;
}

function factDifferences(one, other) {
  const [before, after] = [one, other].map(({ facts }) => new Map(facts.map((fact) => [fact.name, fact])));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [fact, now] = [before.get(name), after.get(name)];
    if (fact && now)
      return valueDifferences(name, DATA.values[fact.observed], DATA.values[now.observed], fact.tolerance ?? TOLERANCE);
    const value = spelledShort(DATA.values[(fact ?? now).observed]) || "recorded";
    return [["silent", `${name}: ${fact ? `${value} -> not recorded` : `not recorded -> ${value}`}`]];
  });
}

function valueDifferences(name, one, other, tolerance) {
  if (Array.isArray(one) && Array.isArray(other) && one.length === other.length)
    return one.flatMap((item, i) => valueDifferences(`${name}[${i}]`, item, other[i], tolerance));
  const [first, second] = [spelledShort(one), spelledShort(other)];
  if (isRaised(one) || isRaised(other)) {
    if (first === second) return [];
    return [[isRaised(one) ? "cosmetic" : "raises", `${name}: ${first ?? described(one)} -> ${second ?? described(other)}`]];
  }
  if (isArray(one) && isArray(other) && sameItems(one.shape, other.shape)) {
    const difference = arrayDifference(one, other, tolerance);
    if (difference && first && second && first !== second) return [["silent", `${name}: ${first} -> ${second}`]];
    if (difference) return [["silent", `${name} ${difference}`]];
    return one.dtype === other.dtype ? [] : [["cosmetic", `${name}: dtype ${one.dtype} -> ${other.dtype}`]];
  }
  if (JSON.stringify(one) === JSON.stringify(other)) return [];
  const [a, b] = first === second ? [null, null] : [first, second];
  return [["silent", `${name}: ${a ?? described(one)} -> ${b ?? described(other)}`]];
}

/** Where and by how much two arrays of one shape differ; "" if they agree. */
function arrayDifference(one, other, tolerance) {
  if (one.sha256 || other.sha256) return one.sha256 === other.sha256 ? "" : "differs (a large array)";
  const [before, after] = [one, other].map(({ data }) => data.map((item) => sixDigits(numberOf(item))));
  const wrong = before.map((_, i) => i).filter((i) => !close(before[i], after[i], tolerance));
  if (!wrong.length) return "";
  const finite = wrong.map((i) => Math.abs(before[i] - after[i])).filter(Number.isFinite);
  const [nan, nowNan] = [before, after].map((data) => data.some(Number.isNaN));
  const details = [
    finite.length && one.dtype !== "bool" && `max. difference ${significant(Math.max(...finite))}`,
    nan !== nowNan && (nowNan ? "now contains NaN" : "no longer contains NaN"),
  ].filter(Boolean);
  const size = before.length;
  const where = wrong.length === size ? "differs everywhere" : `differs in ${wrong.length} of ${size} elements`;
  return (size > 1 ? where : "differs") + (details.length ? ` (${details.join(", ")})` : "");
}

/** A number with six significant digits, half to even. */
function sixDigits(number) {
  if (!Number.isFinite(number)) return number;
  const [digits, power] = number.toExponential(60).split("e");
  const half = /^(-?\d\.\d{4}[02468])50*$/.exec(digits);
  return Number(half ? `${half[1]}e${power}` : number.toPrecision(6));
}

function described(value) {
  if (isArray(value)) return `${value.dtype} array of shape (${value.shape.join(", ")})`;
  return Array.isArray(value) ? `list of ${value.length} items` : String(spelledShort(value));
}

/** A short value written out, a mask as "[110 100]"; null if it is too long. */
function spelledShort(value) {
  if (isRaised(value)) return raises(value.raised[0], value.phase);
  if (isArray(value)) return spelledArray(value);
  if (Array.isArray(value)) {
    const items = value.map(spelledShort);
    const text = `[${items.map((item) => item ?? "None").join(", ")}]`;
    return items.every(Boolean) && text.length <= MAX_CHARACTERS ? text : null;
  }
  if (value !== null && typeof value === "object") return shortText(String(value.repr ?? ""));
  if (value === null) return "none";
  return shortText(value === true ? "True" : value === false ? "False" : String(value));
}

function spelledArray({ dtype, shape, data, sha256 }) {
  if (dtype === "bool" && data.length > 0 && data.length <= MAX_MASK_ELEMENTS && !sha256) {
    const digits = data.map((item) => (item ? "1" : "0")).join("");
    const size = shape.at(-1) ?? 1;
    return `[${digits.match(new RegExp(`.{1,${size}}`, "g")).join(" ")}]`;
  }
  return data.length === 1 && !sha256 ? threeDigits(numberOf(data[0])) : null;
}

/** A number as Python's "%.3g" spells it. */
function threeDigits(number) {
  if (Number.isNaN(number)) return "nan";
  const sign = number < 0 || Object.is(number, -0) ? "-" : "";
  return sign + (Number.isFinite(number) ? significant(Math.abs(number)) : "inf");
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
