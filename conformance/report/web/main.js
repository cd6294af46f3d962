// Assembles the page: theme, navigation, and updates on changes of the address.

function buildTheme(button) {
  const themes = ["system", "light", "dark"];
  const stored = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  }; // some privacy settings block it
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
      /* the theme lasts until the page is closed */
    }
  });
}

function show(state) {
  showPanel(state);
  showView(state);
}

function onKeyDown(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "Escape" && !panel.hidden && !(typing && event.target.value)) closePanel();
  const act = typing ? null : VIEWS[readState().view].keys?.[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

buildTheme(document.getElementById("theme"));
buildNavigation(document.getElementById("views"), document.getElementById("main"));
buildDrop(document.getElementById("add-results"), document.getElementById("yours"));
show(readState());
performance.mark("interactive"); // measured by the tests
addEventListener("popstate", () => show(readState()));
addEventListener("keydown", onKeyDown);
