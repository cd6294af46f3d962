// The views and the navigation between them. Each view adds itself to VIEWS in its own file.

/**
 * name -> { title, build(section), show(state) }, in the order of the navigation.
 *
 * `build` fills the empty section of the view when it is first shown and when the columns change;
 * `show` is called afterwards and on each change of the address while the view is visible.
 */
const VIEWS = {};
const SECTIONS = {};
const stage = document.getElementById("stage");

function buildNavigation(list, main) {
  for (const [name, view] of Object.entries(VIEWS)) {
    view.link = h("a", { href: "#" }, view.title);
    list.append(h("li", null, view.link));
    SECTIONS[name] = h("section", { class: `view view-${name}`, "aria-label": view.title, tabindex: "-1", hidden: true });
    main.append(SECTIONS[name]);
  }
}

let shownView = null;

/** Rebuild everything after columns were added or removed, at an address with this change. */
function columnsChanged(change) {
  for (const section of Object.values(SECTIONS)) section.replaceChildren();
  [shownView, shownSelection] = [null, null];
  go(change);
}

/** Show the view of this state, building it the first time. */
function showView(state) {
  const view = VIEWS[state.view];
  const section = SECTIONS[state.view];
  const changes = shownView !== state.view;
  if (changes) {
    for (const [name, other] of Object.entries(SECTIONS)) other.hidden = name !== state.view;
    if (!section.hasChildNodes()) view.build(section);
  }
  view.show(state);
  for (const [name, { link }] of Object.entries(VIEWS)) {
    link.setAttribute("href", addressOf({ ...state, view: name }));
    if (name === state.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = [titleOfPanel(state), view.title, "Masks in Keras"].filter(Boolean).join(" · ");
  // Focus the view after navigation, but not when the page is first loaded.
  if (changes && shownView !== null) section.focus({ preventScroll: true });
  shownView = state.view;
}
