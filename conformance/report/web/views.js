// The views and the way between them. Each view's file adds itself to VIEWS.

/**
 * name -> { title, build(section), show(state) }, in the order of the navigation.
 *
 * `build` fills the view's own section, empty, when it is first shown and when the columns are others;
 * `show` is called after it and at each change of the address while the view is to be seen.
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

/** Columns came or went: everything is built anew, at an address with this change. */
function columnsChanged(change) {
  for (const section of Object.values(SECTIONS)) section.replaceChildren();
  [shownView, shownSelection] = [null, null];
  go(change);
}

/** Show the view that the state names, built if this is the first time. */
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
  // Who followed a link to another view is there now; on arrival the page is where it begins.
  if (changes && shownView !== null) section.focus({ preventScroll: true });
  shownView = state.view;
}
