// Above the matrix: search, legend and filter in one.

const TOOLBAR = {};

function buildToolbar(container) {
  const counts = countVerdicts(CASES.flatMap((item) => TARGETS.flatMap((target) => cellsOf(item, target))));
  TOOLBAR.search = h("input", {
    type: "search",
    placeholder: "Search id, title, tag",
    "aria-label": "Search id, title and tags",
    autocomplete: "off",
    spellcheck: "false",
  });
  TOOLBAR.search.addEventListener("input", () => go({ q: TOOLBAR.search.value }));
  // One row of buttons is the legend, the counts and the filter.
  TOOLBAR.chips = VERDICTS.filter((verdict) => counts.has(verdict)).map((verdict) =>
    h(
      "button",
      {
        type: "button",
        class: "chip",
        "data-verdict": verdict,
        "aria-pressed": "false",
        title: `${LABELS[verdict][0]}: ${LABELS[verdict][1]}. Show only rows that have it`,
        onclick: () => {
          go({ verdict: toggled(readState().verdict, verdict) });
        },
      },
      mark(verdict),
      h("span", null, LABELS[verdict][0]),
      " ",
      h("b", null, counts.get(verdict)),
    ),
  );
  TOOLBAR.differ = h(
    "button",
    {
      type: "button",
      class: "chip",
      "aria-pressed": "false",
      title: "Show only behaviours that change from one column to the next",
      onclick: () => go({ differ: !readState().differ }),
    },
    h("span", { class: "step-sample", "aria-hidden": "true" }),
    "Changes between columns",
  );
  TOOLBAR.status = h("p", { class: "status", role: "status" });
  TOOLBAR.clear = h(
    "button",
    {
      type: "button",
      class: "quiet-button",
      onclick: () => {
        go({ q: "", verdict: [], differ: false });
        TOOLBAR.search.focus();
      },
    },
    "Clear",
  );
  container.append(
    TOOLBAR.search,
    h("div", { class: "chips", role: "group", "aria-label": "Verdicts: legend and filter" }, TOOLBAR.chips),
    TOOLBAR.differ,
    h("div", { class: "found" }, TOOLBAR.status, TOOLBAR.clear),
  );
}

function showToolbar(state, shown) {
  if (TOOLBAR.search.value !== state.q) TOOLBAR.search.value = state.q;
  for (const chip of TOOLBAR.chips)
    chip.setAttribute("aria-pressed", String(state.verdict.includes(chip.dataset.verdict)));
  TOOLBAR.differ.setAttribute("aria-pressed", String(state.differ));
  TOOLBAR.status.textContent =
    shown === CASES.length ? count(shown, "behaviour") : `${shown} of ${count(CASES.length, "behaviour")}`;
  TOOLBAR.clear.hidden = shown === CASES.length && !state.q && !state.differ && !state.verdict.length;
}

function isShown(item, state) {
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  return (
    words.every((word) => item.text.includes(word)) &&
    (!state.differ || item.differs) &&
    (!state.verdict.length || state.verdict.some((verdict) => item.verdicts.has(verdict)))
  );
}
