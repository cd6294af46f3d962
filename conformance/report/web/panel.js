// The panel beside every view: a case on a target, or a target.

const panel = document.getElementById("panel");

const targetOf = (id) => TARGETS.find((target) => target.id === id) ?? null;
const caseOf = (id) => CASES.find((item) => item.id === id) ?? null;

function titleOfPanel(state) {
  return caseOf(state.case)?.title ?? targetOf(state.target)?.title ?? null;
}

/** The contents of the panel for a selection; null for none. */
function panelFor(state) {
  if (!state.case && !state.target) return null;
  const target = targetOf(state.target);
  const item = caseOf(state.case);
  const unknown =
    state.case && !item ? `case ${state.case}` : state.target && !target ? `target ${state.target}` : null;
  if (unknown) return [h("h2", { tabindex: "-1" }, "Not found"), h("p", null, `These results contain no ${unknown}. Links do not include results that someone added to the page.`)];
  if (!item) return drawColumn(target);
  const column = target ?? worstTarget(item);
  if (!column) return [h("h2", { tabindex: "-1" }, item.title), h("p", null, "These results contain no targets.")];
  const mode = cellOf(item, column, state.mode) ? state.mode : worstMode(item, column);
  return drawCase(item, column, mode, besideOf(state, column));
}

let shownSelection = "";

function showPanel(state) {
  const { view, from, to, beside } = state;
  const selection = JSON.stringify([state.case, state.target, state.mode, beside, view === "upgrade" && [from, to]]);
  if (selection === shownSelection) return;
  shownSelection = selection;
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
  // The pressed button was replaced.
  if (focused) [...panel.querySelectorAll("[data-focus]")].find((button) => button.dataset.focus === focused)?.focus();
}

let opener = null;

function select(item, target, mode = null) {
  go({ case: item?.id ?? null, target: target?.id ?? null, mode });
}

/** Select, and move the focus into the panel. */
function openPanel(item, target, mode) {
  if (!panel.contains(document.activeElement)) opener = document.activeElement;
  select(item, target, mode);
  panel.querySelector("h2").focus({ preventScroll: true });
  // Where the panel replaces the view, scroll to its top.
  if (getComputedStyle(stage).display === "block") panel.scrollIntoView();
}

/** Close, and return the focus to the opener, or to the selection in the view. */
function closePanel() {
  const state = readState();
  go({ case: null, target: null, mode: null });
  const place = opener?.isConnected && opener.checkVisibility() ? opener : VIEWS[state.view].placeOf?.(state);
  opener = null;
  (place ?? SECTIONS[state.view]).focus();
}
