// The query language of the search box: words and `field:value`, all of which must hold.
//
//   lstm "zero mask" tag:merge -area:lstm status:deviates,raises target:keras-3.8 is:broken
//
// A word is searched in id, title, contract and tags. A comma separates alternatives, `-` negates, quotes protect
// spaces. A prefix stands for all values that start with it. The fields of CELL must hold for one and the same cell;
// negated ones must hold for no cell that satisfies the others.

const BASES = ["documented", "established", "unspecified"];

const isUnexplained = (item, cell) => isBroken(item, cell) && !cell.expectation;

const CELL = {
  status: { meaning: "a verdict", values: () => VERDICTS, holds: (value, { cell }) => cell.verdict === value },
  target: {
    meaning: "id of a target",
    values: () => TARGETS.map((target) => target.id),
    holds: (value, { target }) => target.id.toLowerCase() === value,
  },
  mode: { meaning: "mode of execution", values: () => MODES, holds: (value, { cell }) => cell.mode === value },
  kind: {
    meaning: "why it fails, if an expectation explains it",
    values: () => ["bug", "intended", "undefined"],
    holds: (value, { cell }) => cell.expectation?.kind === value,
  },
  is: {
    meaning: "different: changed from the previous column; broken: fails; unexplained: fails for no known reason",
    values: () => ["different", "broken", "unexplained"],
    holds: (value, { item, columns, target, cell }) => {
      if (value === "different") return changedModes(item, columns)[columns.indexOf(target)]?.has(cell.mode) ?? false;
      return value === "broken" ? isBroken(item, cell) : isUnexplained(item, cell);
    },
  },
};

const CASE = {
  tag: {
    meaning: "tag or feature of the case",
    values: () => [...Object.keys(FEATURES), ...TAGS],
    holds: (value, { item }) => item.words.has(value),
  },
  area: {
    meaning: "area of the matrix",
    values: () => AREAS.map((area) => area.title),
    holds: (value, { item }) => item.area.toLowerCase() === value,
  },
  severity: {
    meaning: "how you would notice the change or, in the matrix, a failure of the case; cosmetic: harmless",
    values: () => SEVERITIES,
    holds: (value, { item, change }) => (change ?? item).severity === value,
  },
  basis: { meaning: "basis of the contract", values: () => BASES, holds: (value, { item }) => item.basis === value },
};

/** The alternatives between commas, in lower case and without quotes. */
const alternatives = (text) =>
  (text.match(/(?:"[^"]*"?|[^,"])+/g) ?? []).map((part) => part.replaceAll('"', "").toLowerCase()).filter(Boolean);

/** {cell, rest, problems}: terms [{negated, holds(context)}] about cells and about the rest, and what could not be parsed. */
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
      query.problems.push(`Unknown field \`${name}:\`. Try ${fields}, or put it in quotes to search for the text.`);
      continue;
    }
    const values = matching(name, field, given, query.problems);
    if (!values) continue;
    const holds = (context) => values.some((value) => field.holds(value, context));
    query[name.toLowerCase() in CELL ? "cell" : "rest"].push({ negated, holds });
  }
  return query;
}

/** The known values, in lower case, that match those in a query; null if there are none. */
function matching(name, field, given, problems) {
  const known = [...new Set(field.values().map((value) => value.toLowerCase()))];
  const wanted = alternatives(given);
  const found = [];
  for (const value of wanted) {
    const like = known.includes(value) ? [value] : known.filter((other) => other.startsWith(value));
    if (!like.length) problems.push(`Unknown filter \`${name}:${value}\`. ${suggestion(name, field.values())}`);
    else if (like.length > 1) problems.push(`\`${name}:${value}\` matches ${shortList(like)}.`);
    found.push(...like);
  }
  if (!wanted.length) problems.push(`\`${name}:\` needs a value (${field.meaning}). ${suggestion(name, field.values())}`);
  return found.length ? found : null;
}

const MOST_LISTED = 12;

function suggestion(name, values) {
  if (!values.length) return "These results have none.";
  return `Try ${shortList(values.map((value) => `\`${name}:${/\s/.test(value) ? `"${value}"` : value}\``))}.`;
}

function shortList(names) {
  const rest = names.length - MOST_LISTED;
  return names.slice(0, MOST_LISTED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** Whether a case matches a query. columns: whose cells are searched; change: the change that is shown, if any. */
function passes({ cell: about, rest }, item, columns, change = null) {
  if (rest.some(({ negated, holds }) => holds({ item, change }) === negated)) return false;
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
