// What differs between two observations of one case, in words, and how harmful that is.
// The rules are those of `conformance/judging/difference.py`, and told there; the tests hold every form of
// observation against every other, in both languages.

const SEVERITIES = ["silent", "raises", "warns", "cosmetic"];
const SPELLED_FACTS = 2;
const SPELLED_ELEMENTS = 60; // of a mask
const SPELLED_CHARACTERS = 80; // of a text or a list, and of the reason why something is not there

/** {severity, text} of the step from the one observation to the other. */
function differenceOf(one, other) {
  const parts = differences(one, other);
  if (!parts.length) return { severity: "cosmetic", text: "other values, at the edge of the tolerance" };
  const spelledOut = parts.slice(0, SPELLED_FACTS).map(([, text]) => text);
  const more = parts.length - SPELLED_FACTS;
  return { severity: parts[0][0], text: oneLine(spelledOut.join("; ") + (more > 0 ? `; and ${more} more` : "")) };
}

/** [severity, text] of all that differs, the worst first. */
function differences(one, other) {
  const [first, second] = [endOf(one), endOf(other)];
  if (one.status !== other.status) {
    const level = one.status === "unsupported" || other.status === "completed" ? "cosmetic" : "raises";
    return [[level, `${first} -> ${second}`]];
  }
  const parts = first === second ? [] : [["cosmetic", `${first} -> ${second}`]];
  const [heard, nowHeard] = [one, other].map(({ warnings }) => new Set(warnings.map(({ category }) => category)));
  const [added, gone] = [nowHeard.difference(heard), heard.difference(nowHeard)];
  const ofValues = factsApart(one, other);
  parts.push(...ofValues.map(([level, text]) => [level === "silent" && added.size ? "warns" : level, text]));
  parts.push(...[...added].sort().map((category) => ["warns", `now warns (${category})`]));
  parts.push(...[...gone].sort().map((category) => ["cosmetic", `no ${category} any more`]));
  return parts.sort(([a], [b]) => SEVERITIES.indexOf(a) - SEVERITIES.indexOf(b));
}

/** How the run ended. */
function endOf({ status, exception, reason }) {
  if (status === "raised" && exception)
    return `${exception.phase ? `${exception.phase} ` : ""}raises ${exception.raised[0]}`;
  if (status === "unsupported") return `not there (${shortText(reason || "no reason given")})`;
  const ends = { completed: "works", crashed: "the process dies", "timed-out": "hangs" };
  return ends[status] ?? status;
}

const SPACES = /(?:(?!\ufeff)[\s\x1c-\x1f\x85])+/; // what Python takes for them

const oneLine = (text) => text.split(SPACES).filter(Boolean).join(" ");

/** On one line, of at most `SPELLED_CHARACTERS` characters. */
function shortText(text) {
  const letters = [...oneLine(text)];
  if (letters.length <= SPELLED_CHARACTERS) return letters.join("");
  return `${letters.slice(0, SPELLED_CHARACTERS - 3).join("")}...`;
}

function factsApart(one, other) {
  const [before, after] = [one, other].map(({ facts }) => new Map(facts.map((fact) => [fact.name, fact])));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [fact, now] = [before.get(name), after.get(name)];
    if (fact && now)
      return valuesApart(name, DATA.values[fact.observed], DATA.values[now.observed], fact.tolerance ?? TOLERANCE);
    const word = wordFor(DATA.values[(fact ?? now).observed]) || "recorded";
    return [["silent", `${name}: ${fact ? `${word} -> not recorded` : `not recorded -> ${word}`}`]];
  });
}

function valuesApart(name, one, other, tolerance) {
  if (Array.isArray(one) && Array.isArray(other) && one.length === other.length)
    return one.flatMap((item, i) => valuesApart(`${name}[${i}]`, item, other[i], tolerance));
  const [first, second] = [wordFor(one), wordFor(other)];
  if (isRaised(one) || isRaised(other)) {
    if (first === second) return [];
    return [[isRaised(one) ? "cosmetic" : "raises", `${name}: ${first ?? kindWord(one)} -> ${second ?? kindWord(other)}`]];
  }
  if (isArray(one) && isArray(other) && sameItems(one.shape, other.shape)) {
    const wrong = arraysApart(one, other, tolerance);
    if (wrong && first && second && first !== second) return [["silent", `${name}: ${first} -> ${second}`]];
    if (wrong) return [["silent", `${name}: other values (${wrong})`]];
    return one.dtype === other.dtype ? [] : [["cosmetic", `${name}: dtype ${one.dtype} -> ${other.dtype}`]];
  }
  if (JSON.stringify(one) === JSON.stringify(other)) return [];
  const [a, b] = first === second ? [null, null] : [first, second];
  return [["silent", `${name}: ${a ?? kindWord(one)} -> ${b ?? kindWord(other)}`]];
}

/** In how many elements two arrays of one shape differ, and by how much; "" if in none. */
function arraysApart(one, other, tolerance) {
  if (one.sha256 || other.sha256) return one.sha256 === other.sha256 ? "" : "a large array";
  const [before, after] = [one, other].map(({ data }) => data.map((item) => sixDigits(numberOf(item))));
  const wrong = before.map((_, i) => i).filter((i) => !close(before[i], after[i], tolerance));
  if (!wrong.length) return "";
  const finite = wrong.map((i) => Math.abs(before[i] - after[i])).filter(Number.isFinite);
  const by = finite.length && one.dtype !== "bool" ? `, by up to ${significant(Math.max(...finite))}` : "";
  const [nan, nowNan] = [before, after].map((data) => data.some(Number.isNaN));
  const became = nowNan && !nan ? ", now with NaN" : nan && !nowNan ? ", no NaN any more" : "";
  return `${wrong.length} of ${before.length}${by}${became}`;
}

/** A number with six significant digits, half to even. */
function sixDigits(number) {
  if (!Number.isFinite(number)) return number;
  const [digits, power] = number.toExponential(60).split("e");
  const half = /^(-?\d\.\d{4}[02468])50*$/.exec(digits);
  return Number(half ? `${half[1]}e${power}` : number.toPrecision(6));
}

function kindWord(value) {
  if (isArray(value)) return `${value.dtype} array of shape (${value.shape.join(", ")})`;
  return Array.isArray(value) ? `${value.length} items` : String(wordFor(value));
}

/** A value that is short enough to be spelled: a mask as "[110 100]"; null if it is not. */
function wordFor(value) {
  if (isRaised(value)) return `raises ${value.raised[0]}${value.phase ? ` in ${value.phase}` : ""}`;
  if (isArray(value)) return arrayWord(value);
  if (Array.isArray(value)) {
    const words = value.map(wordFor);
    const text = `[${words.map((word) => word ?? "None").join(", ")}]`;
    return words.every(Boolean) && text.length <= SPELLED_CHARACTERS ? text : null;
  }
  if (value !== null && typeof value === "object") return shortText(String(value.repr ?? ""));
  if (value === null) return "none";
  return shortText(value === true ? "True" : value === false ? "False" : String(value));
}

function arrayWord({ dtype, shape, data, sha256 }) {
  if (dtype === "bool" && data.length > 0 && data.length <= SPELLED_ELEMENTS && !sha256) {
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
