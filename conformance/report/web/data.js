// The results, indexed, and what is derived from them: behaviours, changes, failures.

const DATA = await unpacked(document.getElementById("data").textContent);
const { targets: TARGETS, cases: CASES, modes: MODES, verdicts: VERDICTS } = DATA;

const LABELS = {
  conforms: ["Conforms", "behaves as the contract states"],
  observed: ["Observed", "undocumented behaviour, recorded for comparison"],
  deviates: ["Deviates", "values differ from the contract"],
  raises: ["Raises", "raises an exception"],
  crashes: ["Crashes", "the process crashed"],
  "times-out": ["Times out", "exceeded the time limit"],
  unsupported: ["Unsupported", "the API or the mode is not available"],
  "not-run": ["Not run", "could not be measured; no statement about Keras"],
};
const BROKEN = new Set(["deviates", "raises", "crashes", "times-out"]);
// The worst first: wrong values are silent.
const BY_HARM = ["deviates", "crashes", "times-out", "raises", "not-run", "observed", "conforms", "unsupported"];

const OF_OUTCOME = DATA.outcomes.map(({ verdict, reason, ...rest }) => ({
  ...rest,
  verdict: VERDICTS[verdict],
  reason: reason === null ? null : DATA.texts[reason],
}));

/** JSON from gzip in base64. */
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

/**
 * The cells of a case on a target, in the order of the modes: `outcome`, its verdict, `behaviour` (equal where the case
 * behaves the same, null where it was not executed), and the `expectation` that explains it.
 */
function cellsOf(item, target) {
  item.cells[target.position] ??= Object.entries(DATA.rows[item.position]).flatMap(([mode, row]) => {
    const [outcome, expectation, hundredths] = row.map((list) => list[target.position]);
    if (outcome < 0) return [];
    const seen = OF_OUTCOME[outcome];
    return {
      mode: MODES[mode],
      outcome: seen,
      verdict: seen.verdict,
      behaviour: seen.behaviour,
      reason: seen.reason,
      seconds: seen.status === null ? null : hundredths / 100,
      expectation: expectation < 0 ? null : DATA.expectations[expectation],
      otherVersion: target.otherVersions?.has(item.id) ?? false, // of the case than the one that is shown
    };
  });
  return item.cells[target.position];
}

function cellOf(item, target, mode) {
  return cellsOf(item, target).find((cell) => cell.mode === mode) ?? null;
}

function isMeasured(cell) {
  return cell.behaviour !== null;
}

/** Whether the behaviour is undocumented, so that any result is accepted. */
function isNeutral(item) {
  return item.basis === "unspecified";
}

function isBroken(item, cell) {
  return BROKEN.has(cell.verdict) && !isNeutral(item);
}

/** Define a property that is computed on first access. */
function lazily(object, name, compute) {
  const keep = (value) => Object.defineProperty(object, name, { value, configurable: true });
  Object.defineProperty(object, name, { configurable: true, get: () => keep(compute())[name] });
}

/** A letter for each behaviour of a case, in the order in which they appear. */
function behavioursOf(item) {
  const letters = new Map();
  for (const target of TARGETS) {
    for (const cell of cellsOf(item, target).filter(isMeasured)) {
      if (!letters.has(cell.behaviour)) {
        const n = letters.size;
        letters.set(cell.behaviour, n < 26 ? String.fromCharCode(65 + n) : String(n + 1));
      }
    }
  }
  return letters;
}

/**
 * For each of these columns, the modes in which it differs from the nearest column to its left that was measured in
 * that mode; null if there are none.
 */
function changedModes(item, columns = TARGETS) {
  if (!item.changesAmong.has(columns)) {
    const last = new Map(); // mode -> behaviour
    const changes = columns.map((target) => {
      const changed = new Set();
      for (const cell of cellsOf(item, target).filter(isMeasured)) {
        if (last.has(cell.mode) && last.get(cell.mode) !== cell.behaviour) changed.add(cell.mode);
        last.set(cell.mode, cell.behaviour);
      }
      return changed.size ? changed : null;
    });
    item.changesAmong.set(columns, changes);
  }
  return item.changesAmong.get(columns);
}

/** The cells of a case on a target, and whether all modes that ran agree, so that one mark is enough. */
function marksOf(item, target) {
  const cells = cellsOf(item, target);
  const ran = cells.filter((cell) => cell.verdict !== "unsupported");
  // Undocumented behaviour has no verdict to compare.
  const answer = (cell) => (cell.verdict === "observed" ? cell.behaviour : cell.verdict);
  const agree = new Set(ran.map(answer)).size <= 1;
  return { cells, ran, agree, absent: cells.filter((cell) => cell.verdict === "unsupported") };
}

/** The mode with the worst verdict. */
function worstMode(item, target) {
  const cells = cellsOf(item, target);
  return [...cells].sort((a, b) => BY_HARM.indexOf(a.verdict) - BY_HARM.indexOf(b.verdict))[0]?.mode ?? null;
}

/** The newest target on which a case fails, else the newest target. */
function worstTarget(item) {
  const broken = TARGETS.filter((target) => cellsOf(item, target).some((cell) => isBroken(item, cell)));
  return broken.at(-1) ?? TARGETS.at(-1) ?? null;
}

/** [{title, cases}], in the order of the cases. */
const AREAS = [...Map.groupBy(CASES, (item) => item.area)].map(([title, cases]) => ({ title, cases }));

/** [{title, targets}]: neighbouring columns of one generation. */
const GENERATIONS = [];

/** Recompute everything that depends on the set of columns. */
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
    item.changesAmong = new Map(); // filled by `changedModes`
    lazily(item, "behaviours", () => behavioursOf(item));
    item.text = [item.id, item.title, item.contract, ...item.tags].join("\n").toLowerCase();
  });
}

// Sizes before the reader added results.
const OWN = [TARGETS, OF_OUTCOME, DATA.values].map((list) => [list, list.length]);

/** Append columns: [{target, cells: [{position of the case, mode, outcome, expectation, seconds}]}]. */
function addColumns(columns) {
  for (const { target, cells } of columns) {
    const width = TARGETS.push(target);
    for (const { position, mode, outcome, expectation, seconds } of cells) {
      const row = (DATA.rows[position][MODES.indexOf(mode)] ??= [[], [], []]);
      row[0][width - 1] = OF_OUTCOME.push(outcome) - 1;
      row[1][width - 1] = expectation ?? -1;
      row[2][width - 1] = Math.round(100 * (seconds ?? 0));
    }
  }
  resized();
}

/** Remove the columns that the reader added. */
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

/** The modes that a target does not support. */
function lacking(target) {
  return MODES.filter((mode) => mode in target.lacks);
}
