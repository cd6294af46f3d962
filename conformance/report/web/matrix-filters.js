// Beside the search box of the matrix: verdicts (legend, counts and filters in one), changes, generations.

/** {element, show(state)}. */
function matrixFilters() {
  const counts = countVerdicts(CASES.flatMap((item) => TARGETS.flatMap((target) => cellsOf(item, target))));
  const verdicts = VERDICTS.filter((verdict) => counts.has(verdict)).map((verdict) => ({
    verdict,
    chip: chip(() => go({ verdict: toggled(readState().verdict, verdict) }), {
      title: `${LABELS[verdict][0]}: ${LABELS[verdict][1]}. Show only rows with this verdict`,
      contents: [mark(verdict), h("span", null, LABELS[verdict][0]), " ", h("b", null, counts.get(verdict))],
    }),
  }));
  const differ = chip(() => go({ differ: !readState().differ }), {
    title: "Show only behaviours that change between targets",
    contents: [h("span", { class: "change-sample", "aria-hidden": "true" }), "Changes only"],
  });
  const generations = [...Map.groupBy(TARGETS, (target) => target.generation)].map(([title, targets]) => ({
    title,
    chip: chip(() => go({ hidden: toggled(readState().hidden, title) }), {
      title: `${title}: ${count(targets.length, "target")}. Show or hide`,
      contents: [h("span", null, title), " ", h("b", null, `(${targets.length})`)],
    }),
  }));
  const group = (label, ...contents) => h("div", { class: "chips", role: "group", "aria-label": label }, contents);
  return {
    element: h("div", { class: "filters" }, [
      group(
        "Verdicts: legend and filter",
        verdicts.map((entry) => entry.chip),
      ),
      group("Changes", differ),
      generations.length > 1 &&
        group(
          "Generations to show",
          generations.map((entry) => entry.chip),
        ),
    ]),
    show(state) {
      for (const entry of verdicts) press(entry.chip, state.verdict.includes(entry.verdict));
      for (const entry of generations) press(entry.chip, !state.hidden.includes(entry.title));
      press(differ, state.differ);
    },
  };
}
