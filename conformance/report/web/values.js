// Draws observed and expected values: masks as squares, numbers as tables, everything else as text.

const MAX_ROWS = 60;

/** "float32 (2, 5)"; nothing where the value shows what it is. */
function typeOf(value) {
  if (isArray(value)) return `${value.dtype} ${tuple(value.shape)}`;
  return Array.isArray(value) ? `list of ${value.length}` : "";
}

function tuple(shape) {
  return `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
}

/** A value that is not an array, a list or an exception. */
function spelled(value) {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  return value.repr ?? JSON.stringify(value);
}

/** wrong: result of `wrongElements`; beside: the value to compare with; name: for screen readers. */
function drawValue(value, { wrong = null, beside = null, name = "value" } = {}) {
  if (Array.isArray(value)) {
    return h(
      "ol",
      { class: "items", start: "0" },
      value.map((item, i) =>
        h(
          "li",
          null,
          drawValue(item, {
            wrong: wrong === true || (wrong?.items?.[i] ?? null),
            beside: Array.isArray(beside) ? beside[i] : null,
            name: `${name}, item ${i}`,
          }),
        ),
      ),
    );
  }
  if (isRaised(value)) return drawRaised(value);
  if (!isArray(value)) return h("p", { class: `plain${wrong ? " wrong" : ""}` }, spelled(value));
  if (value.sha256) {
    return h(
      "p",
      { class: "plain" },
      `${typeOf(value)}, too large to store; starts with `,
      value.data.join(", "),
      ` …; sha256 ${value.sha256}`,
    );
  }
  if (!value.data.length) return h("p", { class: "plain" }, `empty ${typeOf(value)}`);
  const marked = new Set(Array.isArray(wrong) ? wrong : []);
  const drawBlock = value.dtype === "bool" ? maskBlock : numberBlock;
  const drawn = blocksOf(value).map((block) => [
    block.title && h("p", { class: "axis" }, block.title),
    drawBlock(block, marked, {
      name: [name, block.title].filter(Boolean).join(" "),
      format: formatter(value, beside, marked),
    }),
  ]);
  const rows = value.data.length / (value.shape.at(-1) ?? 1);
  return h(
    "div",
    { class: "array", tabindex: "0", role: "group", "aria-label": `${name}: ${typeOf(value)}` },
    drawn,
    rows > MAX_ROWS && h("p", { class: "axis" }, `the first ${MAX_ROWS} of ${rows} rows; see results.json for all`),
  );
}

function drawRaised(value) {
  if (!value.message && !value.phase) return h("p", { class: "plain" }, `an exception: ${value.raised.join(" or ")}`);
  return h(
    "div",
    { class: "plain" },
    h("b", null, value.raised[0]),
    value.phase && ` in ${value.phase}`,
    value.message && h("pre", { tabindex: "0" }, value.message),
  );
}

/** An array as two-dimensional blocks: the last axis runs to the right, the others are stacked. */
function blocksOf({ shape, data }) {
  const width = shape.at(-1) ?? 1;
  const height = shape.at(-2) ?? 1;
  const leading = shape.slice(0, -2);
  const blocks = [];
  for (let start = 0; start < data.length && start / width < MAX_ROWS; start += width * height) {
    const rows = [];
    for (let row = 0; row < height && start / width + row < MAX_ROWS; row += 1) {
      const offset = start + row * width;
      rows.push({ offset, data: data.slice(offset, offset + width) });
    }
    let rest = start / (width * height);
    const place = leading.map(() => 0);
    for (let axis = leading.length - 1; axis >= 0; axis -= 1) {
      place[axis] = rest % leading[axis];
      rest = Math.floor(rest / leading[axis]);
    }
    blocks.push({ title: leading.length ? `[${place.join(", ")}, :, :]` : "", rows, width });
  }
  return blocks;
}

const SIDE = 15;
const PITCH = 18;
const GUTTER = 16;

/** Unmasked squares are filled, masked ones crossed out, wrong ones framed. */
function maskBlock({ rows, width }, wrong, { name }) {
  const text = rows.map((row) =>
    row.data.map((v, i) => (v ? "1" : "0") + (wrong.has(row.offset + i) ? "!" : "")).join(" "),
  );
  const top = 14;
  const picture = s("svg", {
    class: "mask",
    role: "img",
    width: GUTTER + width * PITCH + 3,
    height: top + rows.length * PITCH + 3,
    "aria-label": `${name}: 1 unmasked, 0 masked, ! wrong: ${text.join("; ")}`,
  });
  for (let i = 0; i < width; i += 1) {
    picture.append(s("text", { x: GUTTER + i * PITCH + SIDE / 2, y: 9, "text-anchor": "middle" }, String(i)));
  }
  rows.forEach((row, r) => {
    const y = top + r * PITCH;
    picture.append(s("text", { x: GUTTER - 6, y: y + 11, "text-anchor": "end" }, String(r)));
    row.data.forEach((kept, i) => {
      const x = GUTTER + i * PITCH;
      picture.append(
        s("rect", {
          class: kept ? "kept" : "masked",
          x: x + 0.5,
          y: y + 0.5,
          width: SIDE - 1,
          height: SIDE - 1,
          rx: 2,
        }),
      );
      if (!kept) picture.append(s("path", { class: "slash", d: `M${x + 3} ${y + SIDE - 3}L${x + SIDE - 3} ${y + 3}` }));
      if (wrong.has(row.offset + i)) {
        picture.append(s("rect", { class: "frame", x: x - 0.5, y: y - 0.5, width: SIDE + 1, height: SIDE + 1, rx: 3 }));
      }
    });
  });
  return picture;
}

function numberBlock({ rows, width }, wrong, { name, format }) {
  return h(
    "table",
    { class: "numbers", "aria-label": name },
    h(
      "thead",
      null,
      h(
        "tr",
        null,
        h("td"),
        Array.from({ length: width }, (_, i) => h("th", { scope: "col" }, String(i))),
      ),
    ),
    h(
      "tbody",
      null,
      rows.map((row, r) =>
        h(
          "tr",
          null,
          h("th", { scope: "row" }, String(r)),
          row.data.map((number, i) => {
            const bad = wrong.has(row.offset + i);
            return h(
              "td",
              { class: bad ? "wrong" : null, title: String(number) },
              bad && h("span", { role: "img", "aria-label": "wrong" }, "≠"),
              format(number, row.offset + i),
            );
          }),
        ),
      ),
    ),
  );
}

/** A function that formats numbers of an array, with enough digits to tell differing ones apart. */
function formatter(value, beside, wrong) {
  const finite = value.data.map(Number).filter(Number.isFinite).map(Math.abs);
  const largest = Math.max(0, ...finite);
  if (finite.every(Number.isInteger) && largest < 1e7) return (number) => String(number);
  const fixed = largest < 1e6 && largest >= 1e-4;
  const decimals = fixed ? Math.min(6, Math.max(0, 3 - Math.floor(Math.log10(largest)))) : 3;
  const short = (number) => {
    if (!Number.isFinite(Number(number))) return String(number);
    return fixed ? Number(number).toFixed(decimals) : Number(number).toExponential(decimals);
  };
  const other = isArray(beside) && beside.data.length === value.data.length ? beside.data : [];
  return (number, i) =>
    wrong.has(i) && i in other && short(number) === short(other[i]) ? String(number) : short(number);
}
