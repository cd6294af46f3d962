// The filters of the upgrade view: search box, severities, features and tags, documented behaviour only.

/** {element, compared(changes), show(state, problems), focus()}. */
function upgradeFilters() {
  const search = searchBox("behaviours", { q: "", severity: [], feature: [], promised: false });
  const severities = SEVERITIES.map((severity) => {
    const number = h("b");
    const button = chip(() => go({ severity: toggled(readState().severity, severity) }), {
      title: OF_SEVERITY[severity][1],
      contents: [severityMark(severity), h("span", null, OF_SEVERITY[severity][0]), " ", number],
    });
    return { severity, number, button };
  });
  const features = [...Object.keys(FEATURES), ...TAGS].map((name) => {
    const number = h("b");
    const contents = [h("span", null, name), " ", number];
    return { name, number, button: chip(() => go({ feature: toggled(readState().feature, name) }), { contents }) };
  });
  const documented = chip(() => go({ promised: !readState().promised }), {
    title: "Hide changes of undocumented behaviour",
    contents: "Documented behaviour only",
  });
  const groups = features.slice(0, Object.keys(FEATURES).length);
  const tags = features.slice(groups.length);
  const element = h(
    "div",
    { class: "upgrade-filters", role: "search", "aria-label": "Filter the changes" },
    search.element,
    h(
      "div",
      { class: "filters" },
      h(
        "div",
        { class: "chips", role: "group", "aria-label": "Severity" },
        severities.map(({ button }) => button),
      ),
      documented,
    ),
    h(
      "div",
      { class: "filters" },
      h("span", { class: "label", id: "uses" }, "Your library uses"),
      h(
        "div",
        { class: "chips", role: "group", "aria-labelledby": "uses" },
        groups.map(({ button }) => button),
      ),
      h(
        "details",
        { class: "tags" },
        h("summary", null, "All tags"),
        h(
          "div",
          { class: "chips", role: "group", "aria-label": "Tags" },
          tags.map(({ button }) => button),
        ),
      ),
    ),
  );
  return {
    element,
    focus: search.focus,
    /** Show how many cases each filter would leave; filters that would leave none are hidden or disabled. */
    compared(changes) {
      const cases = [...casesOf(changes)];
      for (const { severity, number, button } of severities) {
        number.textContent = [...UPGRADE.worst.values()].filter((change) => change.severity === severity).length;
        button.disabled = number.textContent === "0";
      }
      for (const { name, number } of features)
        number.textContent = cases.filter((item) => item.words.has(name.toLowerCase())).length;
    },
    show(state, problems) {
      const [found, total] = [UPGRADE.shown, UPGRADE.changes].map((changes) => casesOf([...changes]).size);
      search.show(state, { found, total, problems });
      for (const { severity, button } of severities) press(button, state.severity.includes(severity));
      for (const { name, number, button } of features) {
        press(button, state.feature.includes(name));
        button.hidden = number.textContent === "0" && !state.feature.includes(name);
      }
      press(documented, state.promised);
    },
  };
}
