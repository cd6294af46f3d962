// Puts the page together: toolbar, panel, theme, and what follows a change of the address.

const panel = document.getElementById("panel");
const stage = document.getElementById("stage");
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
          const { verdicts } = readState();
          go({ verdicts: verdicts.includes(verdict) ? verdicts.filter((v) => v !== verdict) : [...verdicts, verdict] });
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
        go({ q: "", verdicts: [], differ: false });
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
    chip.setAttribute("aria-pressed", String(state.verdicts.includes(chip.dataset.verdict)));
  TOOLBAR.differ.setAttribute("aria-pressed", String(state.differ));
  TOOLBAR.status.textContent =
    shown === CASES.length ? count(shown, "behaviour") : `${shown} of ${count(CASES.length, "behaviour")}`;
  TOOLBAR.clear.hidden = shown === CASES.length && !state.q && !state.differ && !state.verdicts.length;
}

/** The contents of the panel for a selection; null for none. */
function panelFor(state) {
  if (!state.case && !state.target) return null;
  const target = TARGETS.find((t) => t.id === state.target);
  const item = CASES.find((c) => c.id === state.case);
  const unknown =
    state.case && !item ? `case ${state.case}` : state.target && !target ? `column ${state.target}` : null;
  if (unknown) return [h("h2", { tabindex: "-1" }, "Not here"), h("p", null, `These results have no ${unknown}.`)];
  if (!item) return drawColumn(target);
  const column = target ?? worstTarget(item);
  if (!column) return [h("h2", { tabindex: "-1" }, item.title), h("p", null, "These results have no columns.")];
  const mode = cellOf(item, column, state.mode) ? state.mode : worstMode(item, column);
  return drawCase(item, column, mode);
}

function showPanel(state) {
  const focused = panel.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  const contents = panelFor(state);
  panel.hidden = !contents;
  stage.classList.toggle("has-panel", Boolean(contents));
  const close = h(
    "button",
    { type: "button", class: "quiet-button close", "data-focus": "close", onclick: closePanel },
    "Close",
    h("kbd", { "aria-hidden": "true" }, "Esc"),
  );
  panel.replaceChildren(...(contents ? [close, h("div", { class: "sheet" }, contents)] : []));
  panel.scrollTop = 0;
  // The button that was pressed is a new one now.
  if (focused) [...panel.querySelectorAll("[data-focus]")].find((button) => button.dataset.focus === focused)?.focus();
}

function openPanel(item, target, mode) {
  select(item, target, mode);
  const heading = panel.querySelector("h2");
  heading.focus({ preventScroll: true });
  // Where the panel is below the matrix, it has to be brought into view.
  if (getComputedStyle(stage).display === "block") panel.scrollIntoView();
}

function closePanel() {
  const place = placeOf(readState());
  go({ case: null, target: null, mode: null });
  if (place && !place.parentElement.hidden) place.focus();
  else TOOLBAR.search.focus();
}

let shownSelection = "";

function show(state) {
  const shown = filterMatrix(state);
  showToolbar(state, shown);
  const selection = JSON.stringify([state.case, state.target, state.mode]);
  if (selection !== shownSelection) showPanel(state);
  shownSelection = selection;
}

function buildTheme(button) {
  const themes = ["system", "light", "dark"];
  const stored = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  }; // refused in some settings
  const set = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
  };
  set(themes.includes(stored()) ? stored() : "system");
  button.addEventListener("click", () => {
    const theme = themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length];
    set(theme);
    try {
      localStorage.setItem("theme", theme);
    } catch {
      /* it lasts until the page is closed */
    }
  });
}

buildTheme(document.getElementById("theme"));
buildToolbar(document.getElementById("toolbar"));
buildMatrix(document.getElementById("matrix"));
show(readState());
addEventListener("popstate", () => show(readState()));
addEventListener("hashchange", () => show(readState()));
addEventListener("keydown", (event) => {
  const clearsSearch = event.target === TOOLBAR.search && TOOLBAR.search.value;
  if (event.key === "Escape" && !panel.hidden && !clearsSearch) closePanel();
});
