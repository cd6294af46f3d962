// How to reproduce a cell: commands, and a standalone script.

function rerun(item, target, mode) {
  if (target.generation === YOURS)
    return h(
      "section",
      null,
      h("h3", null, "Reproduce"),
      h("p", { class: "plain" }, "In your own environment, where the results come from:"),
      command(["nox -s conformance -- --here PYTHON --case", quotedWord(item.id), ...(mode ? ["--mode", mode] : [])]),
    );
  const cell = ["--case", quotedWord(item.id), "--target", quotedWord(target.id)];
  const reproduced = ["conformance repro", quotedWord(item.id), "--target", quotedWord(target.id)];
  const crashes = mode && cellOf(item, target, mode)?.verdict === "crashes";
  const inMode = mode ? ["--mode", mode] : [];
  return h(
    "section",
    null,
    h("h3", null, "Reproduce"),
    command(["nox -s conformance --", ...cell, ...inMode]),
    mode && (crashes ? h("p", { class: "plain" }, "No script: it would end its process.") : command([...reproduced, ...inMode])),
    mode && drawScript(scriptOf(item, target, mode)),
  );
}

/** The standalone script of a cell, joined as `repro/stored.py` describes; null if there is none. */
function scriptOf(item, target, mode) {
  const { texts, settings, columns, cases, crashes } = DATA.scripts ?? { columns: {}, cases: {}, crashes: {} };
  if (crashes[item.id]?.[target.id]?.includes(mode)) return null;
  const [column, found] = [target.id in columns && columns[target.id], item.id in cases && cases[item.id]];
  const here = column && settings[column.modes[mode]];
  if (!here || !found || cellOf(item, target, mode)?.verdict === "unsupported") return null;
  if (found.backends.length && !found.backends.includes(target.backend)) return null;
  if (!found.uses.every((use) => use in here.uses)) return null;
  const fixtures = found.uses.map((use) => here.uses[use]);
  const chosen = [column.header, found.imports, here.imports, ...fixtures, ...found.pieces];
  return `${chosen.map((n) => texts[n]).filter(Boolean).join("\n\n")}\n`;
}

function drawScript(text) {
  if (text === null) return null;
  return details(
    `Standalone script (${count(text.split("\n").length - 1, "line")})`,
    h("p", { class: "axis" }, "uv run script.py installs the requirements and runs the case. Exit code: 0 if it conforms, otherwise 1."),
    h("div", { class: "command script" }, h("pre", { class: "code", tabindex: "0" }, text), copier(text, "Copy script")),
  );
}

const quotedWord = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

function command(words) {
  const text = words.join(" ");
  return h("div", { class: "command" }, h("pre", { tabindex: "0" }, text), copier(text));
}

/** A button that copies a text and confirms it, or asks the reader to copy it manually. */
function copier(text, name = "Copy") {
  const show = (label) => () => {
    button.textContent = label;
  };
  const refused = show("Select and copy manually");
  const copy = () => navigator.clipboard?.writeText(text).then(show("Copied"), refused) ?? refused();
  const button = h("button", { type: "button", class: "quiet-button", "data-focus": name, onclick: copy }, name);
  return button;
}
