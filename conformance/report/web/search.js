// The search box of a view, with its errors, help and examples.

const EXAMPLES = [
  ["lstm padding", "both words, in id, title, contract or tags"],
  ["is:broken target:keras-3", "fails on some version of Keras 3"],
  ["status:deviates mode:jit", "wrong values in jit mode"],
  ["is:different -basis:unspecified", "documented behaviour that changes between targets"],
  ["tag:merge,attention", "tagged merge or attention"],
  ["kind:bug severity:silent", "known bugs that are silent"],
  ['area:"mask shape",lstm', "in either of these areas"],
  ["is:unexplained", "fails for no known reason"],
];

/** cleared: the change of the address that clears all filters of the view. Returns {element, show(...), focus()}. */
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
    notes.replaceChildren(...problems.map((problem) => h("li", null, prose(problem))));
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
        "All words and fields must match. A comma means OR, a minus means NOT, and quotes protect spaces. A prefix of a value is enough.",
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
        fields.map(([name, field]) => [h("dt", null, h("code", null, `${name}:`)), h("dd", null, field.meaning)]),
      ),
      h(
        "p",
        null,
        [...Object.keys(CELL)].map((name, i) => [i ? ", " : "", h("code", null, `${name}:`)]),
        " apply to one and the same cell.",
      ),
      h(
        "p",
        null,
        "Keys: / focuses the search box, [ and ] go to the previous and next change, arrows move in the grid, Esc closes the panel.",
      ),
    ),
  );
}
