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
