// How to see a cell again: commands, and a script that stands alone.

function rerun(item, target, mode) {
  if (target.generation === YOURS)
    return h(
      "section",
      null,
      h("h3", null, "Run it again"),
      h("p", { class: "plain" }, "In the environment of your own, from where its results come:"),
      command(["nox -s conformance -- --here PYTHON --case", quotedWord(item.id), ...(mode ? ["--mode", mode] : [])]),
    );
  const cell = ["--case", quotedWord(item.id), "--target", quotedWord(target.id)];
  const reproduced = ["conformance repro", quotedWord(item.id), "--target", quotedWord(target.id)];
  const inMode = mode ? ["--mode", mode] : [];
  return h(
    "section",
    null,
    h("h3", null, "Run it again"),
    command(["nox -s conformance --", ...cell, ...inMode]),
    mode && command([...reproduced, ...inMode]),
    mode && drawScript(scriptOf(item, target, mode)),
  );
}

/** The stand-alone script of a cell, joined as `repro/stored.py` says; null if there is none. */
function scriptOf(item, target, mode) {
  const { texts, settings, columns, cases } = DATA.scripts ?? { columns: {}, cases: {} };
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
    `A script that stands alone, ${count(text.split("\n").length - 1, "line")}`,
    h("p", { class: "axis" }, "uv run script.py fetches what it needs. It exits with 0 if the case conforms, else with 1."),
    h("div", { class: "command script" }, h("pre", { class: "code", tabindex: "0" }, text), copier(text, "Copy the script")),
  );
}

const quotedWord = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

function command(words) {
  const text = words.join(" ");
  return h("div", { class: "command" }, h("pre", { tabindex: "0" }, text), copier(text));
}

/** Copies a text; says so, or that it has to be done by hand. */
function copier(text, name = "Copy") {
  const say = (what) => () => {
    button.textContent = what;
  };
  const refused = say("Select and copy by hand");
  const copy = () => navigator.clipboard?.writeText(text).then(say("Copied"), refused) ?? refused();
  const button = h("button", { type: "button", class: "quiet-button", "data-focus": name, onclick: copy }, name);
  return button;
}
