// The search box of a view, with what was not understood and examples beside it.

const EXAMPLES = [
  ["lstm padding", "both words in id, title, contract or tags"],
  ["is:broken target:keras-3", "not as promised on some Keras 3"],
  ["status:deviates mode:jit", "wrong values, compiled"],
  ["is:different -basis:unspecified", "changed from one column to the next, although something is promised"],
  ["tag:merge,attention", "about merging or about attention"],
  ["kind:bug severity:silent", "known bugs that give no sign"],
  ['area:"mask shape",lstm', "of these two areas"],
  ["is:unexplained", "not as promised, and no reason is known"],
];

/** cleared: the change of the address that takes all filters of the view away. Returns {element, show(...), focus()}. */
function searchBox(what, cleared) {
  const input = h("input", {
    type: "search",
    placeholder: "Search, for example: lstm status:deviates",
    "aria-label": `Search ${what}`,
    "aria-keyshortcuts": "/",
    autocomplete: "off",
    spellcheck: "false",
    oninput: () => go({ q: input.value }),
  });
  const status = h("p", { class: "found", role: "status" });
  const clear = h(
    "button",
    {
      type: "button",
      class: "quiet-button",
      onclick: () => {
        go(cleared);
        input.focus();
      },
    },
    "Clear filters",
  );
  const notes = h("ul", { class: "query-notes", "aria-live": "polite" });
  const element = h("div", { class: "search" }, input, status, clear, queryHelp(), notes);
  const show = (state, { found, total, problems }) => {
    if (input.value !== state.q) input.value = state.q;
    clear.hidden = addressOf(state) === addressOf({ ...state, ...cleared });
    status.textContent = found === total ? `${total} ${what}` : `${found} of ${total} ${what}`;
    notes.replaceChildren(...problems.map((problem) => h("li", null, problem)));
  };
  return { element, show, focus: () => input.focus() };
}

function queryHelp() {
  const fields = Object.entries({ ...CELL, ...CASE });
  return h(
    "details",
    { class: "query-help" },
    h("summary", null, "How to search"),
    h(
      "div",
      null,
      h(
        "p",
        null,
        "All words and fields must hold. A comma means or, a minus means not, quotes keep spaces; the beginning of a value will do.",
      ),
      h(
        "ul",
        { class: "examples" },
        EXAMPLES.map(([query, meaning]) =>
          h(
            "li",
            null,
            h("button", { type: "button", class: "link", onclick: () => go({ q: query }) }, h("code", null, query)),
            h("span", null, meaning),
          ),
        ),
      ),
      h(
        "dl",
        null,
        fields.map(([name, field]) => [h("dt", null, h("code", null, `${name}:`)), h("dd", null, field.says)]),
      ),
      h(
        "p",
        null,
        [...Object.keys(CELL)].map((name, i) => [i ? ", " : "", h("code", null, `${name}:`)]),
        " speak of one and the same cell.",
      ),
      h(
        "p",
        null,
        ["/ comes here", "[ and ] go to the change before and after", "arrows move in the grid", "Esc closes"].join("; "),
        ".",
      ),
    ),
  );
}
