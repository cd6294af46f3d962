// The upgrade view: what changes between two columns, the most harmful first.

const UPGRADE = {};

VIEWS.upgrade = {
  title: "Upgrade",
  build(section) {
    UPGRADE.from = columnSelect("From", (id) => go({ from: id }));
    UPGRADE.to = columnSelect("To", (id) => go({ to: id }));
    UPGRADE.headline = h("h2", { class: "headline", "aria-live": "polite" });
    UPGRADE.notes = h("ul", { class: "notes" });
    UPGRADE.filters = upgradeFilters();
    UPGRADE.groups = h("div", { class: "groups" });
    UPGRADE.copy = copyButton();
    UPGRADE.pair = UPGRADE.selected = null;
    section.append(
      h(
        "div",
        { class: "upgrade" },
        h("div", { class: "pair" }, UPGRADE.from.element, swapButton(), UPGRADE.to.element),
        h("div", { class: "answer" }, UPGRADE.headline, UPGRADE.notes),
        UPGRADE.filters.element,
        UPGRADE.groups,
        UPGRADE.copy.element,
      ),
    );
  },
  show(state) {
    const pair = pairOf(state);
    const [from, to] = pair ?? [];
    UPGRADE.from.show(from?.id ?? state.from);
    UPGRADE.to.show(to?.id ?? state.to);
    if (!pair) showNoPair(state);
    else {
      if (UPGRADE.pair?.[0] !== from || UPGRADE.pair?.[1] !== to) compareColumns(pair);
      filterSteps(state);
    }
  },
  placeOf: placeOfStep,
  keys: {
    "/": () => UPGRADE.filters.focus(),
    "]": () => toStep(1),
    "[": () => toStep(-1),
    n: () => toStep(1),
    p: () => toStep(-1),
  },
};

function columnSelect(name, choose) {
  const select = h(
    "select",
    { name: name.toLowerCase(), onchange: () => choose(select.value) },
    GENERATIONS.map(({ title, targets }) =>
      h(
        "optgroup",
        { label: title },
        targets.map((target) =>
          h("option", { value: target.id }, target.title + (target.reason ? " (did not run)" : "")),
        ),
      ),
    ),
  );
  const show = (id) => {
    select.value = id ?? "";
  };
  return { element: h("label", null, h("span", null, name), select), show };
}

function swapButton() {
  const swap = () => {
    const pair = pairOf(readState());
    if (pair) go({ from: pair[1].id, to: pair[0].id });
  };
  const label = "Swap From and To";
  return h("button", { type: "button", class: "swap", "aria-label": label, title: label, onclick: swap }, "⇄");
}

function showNoPair(state) {
  const gone = [state.from, state.to].filter((id) => id !== null && !targetOf(id));
  UPGRADE.pair = null;
  UPGRADE.headline.textContent = gone.length
    ? `These results have no column ${gone.join(" and no column ")}.`
    : "There are no two columns to compare.";
  for (const part of [UPGRADE.notes, UPGRADE.groups]) part.replaceChildren();
  for (const part of [UPGRADE.filters, UPGRADE.copy]) part.element.hidden = true;
}

/** Find the steps between two columns, and draw them all; filters hide. */
function compareColumns(pair) {
  const [from, to] = pair;
  UPGRADE.pair = pair;
  UPGRADE.steps = stepsBetween(from, to);
  UPGRADE.rows = new Map();
  UPGRADE.headline.replaceChildren(...headline(UPGRADE.steps, from, to));
  UPGRADE.notes.replaceChildren(...notesOn(UPGRADE.steps, from, to).map((note) => h("li", null, note)));
  UPGRADE.parts = [...SEVERITIES, null].map((severity) => severityPart(severity, from, to)).filter(Boolean);
  UPGRADE.none = h("p", { class: "none", hidden: true }, "No change passes the filters.");
  UPGRADE.groups.replaceChildren(...UPGRADE.parts.map(({ element }) => element), UPGRADE.none);
  const changes = UPGRADE.steps.length > 0;
  for (const part of [UPGRADE.filters, UPGRADE.copy]) part.element.hidden = !changes;
  UPGRADE.filters.compared(UPGRADE.steps);
}

const casesOf = (steps) => new Set(steps.map((step) => step.item));

/** What changes, in words; the same words go into the Markdown. */
function headline(steps, from, to) {
  const changed = steps.filter((step) => step.severity);
  const silent = casesOf(changed.filter((step) => step.severity === "silent")).size;
  const number = casesOf(changed).size;
  const [one, other] = [from, to].map((target) => target.title.replaceAll(" ", "\u00a0"));
  const route = `from ${one} to ${other}`;
  if (from === to) return [`${from.title} is compared with itself: nothing changes.`];
  if (!number) return [`Nothing changes ${route}${steps.length ? " in what could be compared" : ""}.`];
  return [
    `${count(number, "behaviour")} ${number === 1 ? "changes" : "change"} ${route}`,
    silent ? ": " : ", none of them silently.",
    ...(silent ? [h("em", null, `${silent} silently`), "."] : []),
  ];
}

/** What stays the same, what could not be compared, which column did not run: sentences. */
function notesOn(steps, from, to) {
  const changed = casesOf(steps.filter((step) => step.severity));
  const unknown = casesOf(steps.filter((step) => !step.severity)).difference(changed).size;
  const rest = CASES.filter((item) => !changed.has(item) && !steps.some((step) => step.item === item));
  const same = rest.filter((item) =>
    modePairs(item, from, to).some(([mode]) => mode && typeof stateOf(cellOf(item, from, mode)) === "number"),
  ).length;
  const neither = rest.length - same;
  return [
    ...[...new Set([from, to])]
      .filter((target) => target.reason)
      .map((target) => `${target.title} did not run: ${target.reason}`),
    same > 0 && `${count(same, "behaviour")} ${same === 1 ? "stays" : "stay"} the same.`,
    neither > 0 && `${count(neither, "behaviour")} ${neither === 1 ? "exists" : "exist"} on neither of the two.`,
    unknown > 0 && `${count(unknown, "behaviour")} could not be compared; they are at the end.`,
  ].filter(Boolean);
}

/** The steps of one severity, by kind; null if there are none. */
function severityPart(severity, from, to) {
  const steps = UPGRADE.steps.filter((step) => step.severity === severity);
  if (!steps.length) return null;
  const [name, meaning] = severity
    ? OF_SEVERITY[severity]
    : ["Not compared", "one of the two did not run it, or they have no mode in common: nothing is known"];
  const number = h("span", { class: "number" });
  const kinds = [...Map.groupBy(steps, (step) => step.kind)].map(([kind, alike]) => {
    for (const step of alike) {
      const row = stepRow(step, UPGRADE.steps, from, to);
      row.dataset.case = step.item.id;
      UPGRADE.rows.set(step, row);
    }
    const size = h("span", { class: "number" });
    const list = h("ol", { class: "steps" }, alike.map((step) => UPGRADE.rows.get(step)));
    return { steps: alike, size, element: h("div", null, OF_KIND[kind] && h("h4", null, OF_KIND[kind], size), list) };
  });
  const element = h(
    "section",
    { class: `severity ${severity ?? "unknown"}` },
    h("h3", null, severityMark(severity), name, number, h("span", { class: "meaning" }, meaning)),
    kinds.map((kind) => kind.element),
  );
  return { severity, steps, number, kinds, element };
}

const isPromised = ({ kind, before, after }) =>
  kind !== "changed" || [before, after].some(({ promise }) => promise !== "unspecified");

function filterSteps(state) {
  const query = parseQuery(state.q);
  const passesAll = (step) =>
    (!state.severity.length || state.severity.includes(step.severity)) &&
    (!state.promised || isPromised(step)) &&
    isAbout(step.item, state.feature) &&
    passes(query, step.item, UPGRADE.pair, step);
  UPGRADE.shown = new Set(UPGRADE.steps.filter(passesAll));
  for (const [step, row] of UPGRADE.rows) {
    row.hidden = !UPGRADE.shown.has(step);
    row.classList.toggle("is-selected", state.case === step.item.id);
  }
  if (state.case !== UPGRADE.selected) placeOfStep(state)?.closest("li").scrollIntoView({ block: "nearest" });
  UPGRADE.selected = state.case;
  for (const { steps, number, kinds, element } of UPGRADE.parts) {
    element.hidden = showNumber(number, steps) === 0;
    for (const kind of kinds) kind.element.hidden = showNumber(kind.size, kind.steps) === 0;
  }
  UPGRADE.none.hidden = !UPGRADE.steps.length || UPGRADE.shown.size > 0;
  UPGRADE.filters.show(state, query.problems);
}

/** Say how many of the behaviours of these steps are shown. */
function showNumber(element, steps) {
  const shown = casesOf(steps.filter((step) => UPGRADE.shown.has(step))).size;
  const all = casesOf(steps).size;
  element.textContent = shown === all ? shown : `${shown} of ${all}`;
  return shown;
}

function placeOfStep(state) {
  return UPGRADE.groups.querySelector(`[data-case="${CSS.escape(state.case ?? "")}"]:not([hidden]) .step-link`);
}

/** Go to the next or the previous change; the panel follows if it is open. */
function toStep(by) {
  const links = [...UPGRADE.groups.querySelectorAll(".step:not([hidden]) .step-link")];
  const current = UPGRADE.groups.querySelector(".is-selected .step-link");
  const here = links.indexOf(links.includes(document.activeElement) ? document.activeElement : current);
  const next = links[here < 0 ? (by > 0 ? 0 : links.length - 1) : here + by];
  if (!next) return;
  if (!panel.hidden) next.click();
  else next.focus();
}

function copyButton() {
  const area = h("textarea", { rows: 12, readonly: true, hidden: true, "aria-label": "The changes as Markdown" });
  const told = h("span", { role: "status" });
  const copy = async () => {
    const [from, to] = UPGRADE.pair;
    const groups = UPGRADE.parts
      .map(({ severity, steps }) => ({ severity, steps: steps.filter((step) => UPGRADE.shown.has(step)) }))
      .filter(({ steps }) => steps.length);
    const notes = [...UPGRADE.notes.children].map((note) => note.textContent);
    const [listed, all] = [UPGRADE.shown, UPGRADE.steps].map((steps) => casesOf([...steps]).size);
    if (listed < all) notes.push(`${listed} of ${count(all, "behaviour")} are listed: the page was filtered.`);
    const text = asMarkdown(from, to, UPGRADE.headline.textContent, notes, groups);
    try {
      await navigator.clipboard.writeText(text);
      told.textContent = "Copied.";
      area.hidden = true;
    } catch {
      // Refused, or the page is not trusted with a clipboard.
      told.textContent = "The clipboard was refused; copy it from here.";
      area.value = text;
      area.hidden = false;
      area.select();
    }
  };
  const button = h("button", { type: "button", class: "quiet-button", onclick: copy }, "Copy as Markdown");
  return { element: h("div", { class: "copy" }, button, told, area) };
}
