// The query language of the search box: words and `field:value`, all of which must hold.
//
//   lstm "zero mask" tag:merge -area:lstm status:deviates,raises target:keras-3.8 is:broken
//
// A word is looked for in id, title, contract and tags. A comma parts alternatives, `-` negates,
// quotes keep spaces. A value that is the beginning of others stands for these. The fields of CELL speak of one and
// the same cell; negated, they say that no cell which the rest speaks of is so.

const BASES = ["documented", "established", "unspecified"];

const isUnexplained = (item, cell) => isBroken(item, cell) && !cell.known;

const CELL = {
  status: { says: "a verdict", values: () => VERDICTS, holds: (value, { cell }) => cell.verdict === value },
  target: {
    says: "the id of a column",
    values: () => TARGETS.map((target) => target.id),
    holds: (value, { target }) => target.id.toLowerCase() === value,
  },
  mode: { says: "how it was run", values: () => MODES, holds: (value, { cell }) => cell.mode === value },
  kind: {
    says: "why it is not as promised, where that is known",
    values: () => ["bug", "intended", "undefined"],
    holds: (value, { cell }) => cell.known?.kind === value,
  },
  is: {
    says: "different: unlike the column before; broken: not as promised; unexplained: broken, and no reason is known",
    values: () => ["different", "broken", "unexplained"],
    holds: (value, { item, columns, target, cell }) => {
      if (value === "different") return stepsOf(item, columns)[columns.indexOf(target)]?.has(cell.mode) ?? false;
      return value === "broken" ? isBroken(item, cell) : isUnexplained(item, cell);
    },
  },
};

const CASE = {
  tag: {
    says: "a tag of the case, or a feature",
    values: () => [...Object.keys(FEATURES), ...TAGS],
    holds: (value, { item }) => item.words.has(value),
  },
  area: {
    says: "an area of the matrix",
    values: () => AREAS.map((area) => area.title),
    holds: (value, { item }) => item.area.toLowerCase() === value,
  },
  severity: {
    says: "of the change; in the matrix, of the case if it breaks",
    values: () => SEVERITIES,
    holds: (value, { item, step }) => (step ?? item).severity === value,
  },
  basis: { says: "who promises it", values: () => BASES, holds: (value, { item }) => item.basis === value },
};

/** What commas part, in lower case and without quotes. */
const alternatives = (text) =>
  (text.match(/(?:"[^"]*"?|[^,"])+/g) ?? []).map((part) => part.replaceAll('"', "").toLowerCase()).filter(Boolean);

/** {cell, rest, problems}: terms [{negated, holds(context)}] about a cell, about the rest, and what was not understood. */
function parseQuery(text) {
  const query = { cell: [], rest: [], problems: [] };
  for (const token of text.match(/(?:"[^"]*"?|[^\s"])+/g) ?? []) {
    const [, minus, name, given] = /^(-?)(?:(\w+):(?!\/\/))?(.*)$/s.exec(token);
    const negated = minus === "-";
    if (!name) {
      const words = alternatives(given);
      if (words.length) query.rest.push({ negated, holds: ({ item }) => words.some((word) => item.text.includes(word)) });
      continue;
    }
    const field = CELL[name.toLowerCase()] ?? CASE[name.toLowerCase()];
    if (!field) {
      const fields = [...Object.keys(CELL), ...Object.keys(CASE)].join(", ");
      query.problems.push(`There is no field “${name}”; there are ${fields}. In quotes it is looked for as text.`);
      continue;
    }
    const values = meant(name, field, given, query.problems);
    if (!values) continue;
    const holds = (context) => values.some((value) => field.holds(value, context));
    query[name.toLowerCase() in CELL ? "cell" : "rest"].push({ negated, holds });
  }
  return query;
}

/** The values, in lower case, that stand in a query; null where none of them exists. */
function meant(name, field, given, problems) {
  const known = [...new Set(field.values().map((value) => value.toLowerCase()))];
  const wanted = alternatives(given);
  const found = [];
  for (const value of wanted) {
    const like = known.includes(value) ? [value] : known.filter((other) => other.startsWith(value));
    if (!like.length) problems.push(`No ${name} is “${value}”; there ${listed(field.values())}.`);
    else if (like.length > 1) problems.push(`${name}:${value} stands for ${shortList(like)}.`);
    found.push(...like);
  }
  if (!wanted.length) problems.push(`${name}: is ${field.says}; there ${listed(field.values())}.`);
  return found.length ? found : null;
}

const MOST_LISTED = 12;
const listed = (names) => `${names.length === 1 ? "is" : "are"} ${names.length ? shortList(names) : "none"}`;

function shortList(names) {
  const rest = names.length - MOST_LISTED;
  return names.slice(0, MOST_LISTED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** Whether a case passes; `columns`: whose cells are looked at; `step`: the change it is shown for, if any. */
function passes({ cell: about, rest }, item, columns, step = null) {
  if (rest.some(({ negated, holds }) => holds({ item, step }) === negated)) return false;
  if (!about.length) return true;
  const wanted = about.filter(({ negated }) => !negated);
  const unwanted = about.filter(({ negated }) => negated);
  let some = false;
  for (const target of columns) {
    for (const cell of cellsOf(item, target)) {
      const context = { item, columns, target, cell };
      if (!wanted.every(({ holds }) => holds(context))) continue;
      if (unwanted.some(({ holds }) => holds(context))) return false;
      some = true;
    }
  }
  return some || !wanted.length;
}
