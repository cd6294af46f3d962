// The results, indexed; and what follows from them: behaviours, steps, what is not as promised.

const DATA = await unpacked(document.getElementById("data").textContent);
const { targets: TARGETS, cases: CASES, modes: MODES, verdicts: VERDICTS } = DATA;

const LABELS = {
  conforms: ["Conforms", "as promised"],
  observed: ["Observed", "nothing is promised; recorded for comparison"],
  deviates: ["Deviates", "other values than promised"],
  raises: ["Raises", "an exception"],
  crashes: ["Crashes", "the process died"],
  "times-out": ["Times out", "did not end in time"],
  unsupported: ["Unsupported", "the API or the mode does not exist there"],
  "not-run": ["Not run", "could not be measured: says nothing about Keras"],
};
const BROKEN = new Set(["deviates", "raises", "crashes", "times-out"]);
// The most harmful first: wrong values come without a sign.
const BY_HARM = ["deviates", "crashes", "times-out", "raises", "not-run", "observed", "conforms", "unsupported"];

const OF_OUTCOME = DATA.outcomes.map(({ verdict, reason, ...rest }) => ({
  ...rest,
  verdict: VERDICTS[verdict],
  reason: reason === null ? null : DATA.texts[reason],
}));

/** JSON that was compressed and spelled in base64. */
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

/**
 * The cells of a case on a target, in the order of the modes: what was seen (`outcome`), its verdict,
 * `behaviour` (equal where a case behaves the same, null where it was not executed), why that is known (`known`).
 */
function cellsOf(item, target) {
  item.cells[target.position] ??= Object.entries(DATA.rows[item.position]).flatMap(([mode, row]) => {
    const [outcome, known, hundredths] = row.map((list) => list[target.position]);
    if (outcome < 0) return [];
    const seen = OF_OUTCOME[outcome];
    return {
      mode: MODES[mode],
      outcome: seen,
      verdict: seen.verdict,
      behaviour: seen.behaviour,
      reason: seen.reason,
      seconds: seen.status === null ? null : hundredths / 100,
      known: known < 0 ? null : DATA.expectations[known],
      otherVersion: target.otherVersions?.has(item.id) ?? false, // of the case than the one that is shown
    };
  });
  return item.cells[target.position];
}

function cellOf(item, target, mode) {
  return cellsOf(item, target).find((cell) => cell.mode === mode) ?? null;
}

function says(cell) {
  return cell.behaviour !== null;
}

/** Nothing is promised: an exception is as good an answer as any. */
function isNeutral(item) {
  return item.basis === "unspecified";
}

function isBroken(item, cell) {
  return BROKEN.has(cell.verdict) && !isNeutral(item);
}

/** A property that is computed when somebody asks for it, once. */
function lazily(object, name, compute) {
  const keep = (value) => Object.defineProperty(object, name, { value, configurable: true });
  Object.defineProperty(object, name, { configurable: true, get: () => keep(compute())[name] });
}

/** A letter for each behaviour of a case, in the order in which they appear. */
function behavioursOf(item) {
  const letters = new Map();
  for (const target of TARGETS) {
    for (const cell of cellsOf(item, target).filter(says)) {
      if (!letters.has(cell.behaviour)) {
        const n = letters.size;
        letters.set(cell.behaviour, n < 26 ? String.fromCharCode(65 + n) : String(n + 1));
      }
    }
  }
  return letters;
}

/**
 * For each of these columns the modes in which it behaves unlike the nearest one to its left that was measured
 * in that mode; null where it does in none.
 */
function stepsOf(item, columns = TARGETS) {
  if (!item.stepsAmong.has(columns)) {
    const last = new Map(); // mode -> behaviour
    const steps = columns.map((target) => {
      const changed = new Set();
      for (const cell of cellsOf(item, target).filter(says)) {
        if (last.has(cell.mode) && last.get(cell.mode) !== cell.behaviour) changed.add(cell.mode);
        last.set(cell.mode, cell.behaviour);
      }
      return changed.size ? changed : null;
    });
    item.stepsAmong.set(columns, steps);
  }
  return item.stepsAmong.get(columns);
}

/** The modes to show one by one: all that ran if they disagree; one for all of them otherwise. */
function marksOf(item, target) {
  const cells = cellsOf(item, target);
  const ran = cells.filter((cell) => cell.verdict !== "unsupported");
  // Where nothing is promised the behaviour is all there is to agree in.
  const answer = (cell) => (cell.verdict === "observed" ? cell.behaviour : cell.verdict);
  const agree = new Set(ran.map(answer)).size <= 1;
  return { cells, ran, agree, absent: cells.filter((cell) => cell.verdict === "unsupported") };
}

/** The mode that a reader wants to see first. */
function worstMode(item, target) {
  const cells = cellsOf(item, target);
  return [...cells].sort((a, b) => BY_HARM.indexOf(a.verdict) - BY_HARM.indexOf(b.verdict))[0]?.mode ?? null;
}

/** The column in which a reader wants to see a case first: the newest that breaks it, or the newest. */
function worstTarget(item) {
  const broken = TARGETS.filter((target) => cellsOf(item, target).some((cell) => isBroken(item, cell)));
  return broken.at(-1) ?? TARGETS.at(-1) ?? null;
}

/** [{title, cases}], in the order of the cases. */
const AREAS = [...Map.groupBy(CASES, (item) => item.area)].map(([title, cases]) => ({ title, cases }));

/** [{title, targets}]: neighbouring columns of one generation. */
const GENERATIONS = [];

/** What follows from the columns there are. */
function index() {
  TARGETS.forEach((target, position) => {
    target.position = position;
  });
  GENERATIONS.length = 0;
  for (const target of TARGETS) {
    const last = GENERATIONS.at(-1);
    if (last?.title === target.generation) last.targets.push(target);
    else GENERATIONS.push({ title: target.generation, targets: [target] });
  }
  CASES.forEach((item, position) => {
    item.position = position;
    item.cells = []; // filled by `cellsOf`
    item.stepsAmong = new Map(); // filled by `stepsOf`
    lazily(item, "behaviours", () => behavioursOf(item));
    item.text = [item.id, item.title, item.contract, ...item.tags].join("\n").toLowerCase();
  });
}

// What the page was made with; behind it is what was added.
const OWN = [TARGETS, OF_OUTCOME, DATA.values].map((list) => [list, list.length]);

/** More columns, at the right: [{target, cells: [{position of the case, mode, outcome, known, seconds}]}]. */
function addColumns(columns) {
  for (const { target, cells } of columns) {
    const width = TARGETS.push(target);
    for (const { position, mode, outcome, known, seconds } of cells) {
      const row = (DATA.rows[position][MODES.indexOf(mode)] ??= [[], [], []]);
      row[0][width - 1] = OF_OUTCOME.push(outcome) - 1;
      row[1][width - 1] = known === null ? -1 : known;
      row[2][width - 1] = Math.round(100 * (seconds ?? 0));
    }
  }
  resized();
}

/** The columns again that the page was made with. */
function removeColumns() {
  for (const [list, length] of OWN) list.length = length;
  resized();
}

function resized() {
  const empty = [-1, -1, 0];
  for (const rows of DATA.rows) {
    for (const [mode, row] of Object.entries(rows)) {
      row.forEach((list, i) => {
        list.length = TARGETS.length;
        for (let column = 0; column < list.length; column += 1) list[column] ??= empty[i];
      });
      if (row[0].every((outcome) => outcome < 0)) delete rows[mode];
    }
  }
  index();
}

index();

function countVerdicts(cells) {
  const counts = new Map();
  for (const cell of cells) counts.set(cell.verdict, (counts.get(cell.verdict) ?? 0) + 1);
  return counts;
}

function brokenCases(cases, target) {
  return cases.filter((item) => cellsOf(item, target).some((cell) => isBroken(item, cell))).length;
}

/** The modes that a whole column does not have. */
function lacking(target) {
  return MODES.filter((mode) => mode in target.lacks);
}
