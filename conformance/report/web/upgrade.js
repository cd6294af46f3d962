// The upgrade view: what changes between two targets, the most severe first.

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
      filterChanges(state);
    }
  },
  placeOf: placeOfChange,
  keys: {
    "/": () => UPGRADE.filters.focus(),
    "]": () => toChange(1),
    "[": () => toChange(-1),
    n: () => toChange(1),
    p: () => toChange(-1),
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
    ? `These results contain no target ${gone.join(" and no target ")}.`
    : "Fewer than two targets ran: there is nothing to compare.";
  for (const part of [UPGRADE.notes, UPGRADE.groups]) part.replaceChildren();
  for (const part of [UPGRADE.filters, UPGRADE.copy]) part.element.hidden = true;
}

/** Find the changes between two targets and draw them all; filters only hide rows. */
function compareColumns(pair) {
  const [from, to] = pair;
  UPGRADE.pair = pair;
  UPGRADE.changes = changesBetween(from, to);
  UPGRADE.worst = worstOfCases(UPGRADE.changes);
  const counts = countChanges(UPGRADE.changes, from, to);
  UPGRADE.rows = new Map();
  UPGRADE.headline.replaceChildren(...headline(counts, from, to));
  UPGRADE.notes.replaceChildren(...notesOn(counts, from, to).map((note) => h("li", null, note)));
  UPGRADE.parts = [...SEVERITIES, null].map((severity) => severityPart(severity, from, to)).filter(Boolean);
  UPGRADE.none = h("p", { class: "none", hidden: true }, "No change matches the filters.");
  UPGRADE.groups.replaceChildren(...UPGRADE.parts.map(({ element }) => element), UPGRADE.none);
  const isEmpty = UPGRADE.changes.length === 0;
  for (const part of [UPGRADE.filters, UPGRADE.copy]) part.element.hidden = isEmpty;
  UPGRADE.filters.compared(UPGRADE.changes);
}

/** The headline, also used in the Markdown. */
function headline({ total, by_severity: { silent }, unknown }, from, to) {
  const [one, other] = [from, to].map((target) => target.title.replaceAll(" ", "\u00a0"));
  const route = `from ${one} to ${other}`;
  if (from === to) return [`${from.title} is compared with itself: nothing changes.`];
  if (!total) return [`Nothing changes ${route}${unknown ? " in the behaviours that could be compared" : ""}.`];
  return [
    `${count(total, "behaviour")} ${total === 1 ? "changes" : "change"} ${route}`,
    silent ? ": " : ", none silently.",
    ...(silent ? [h("em", null, `${silent} silently`), "."] : []),
  ];
}

/** Sentences about what is unchanged, what could not be compared, and which target did not run. */
function notesOn({ total, unknown, same }, from, to) {
  const neither = CASES.length - total - unknown - same;
  return [
    ...[...new Set([from, to])]
      .filter((target) => target.reason)
      .map((target) => `${target.title} did not run: ${target.reason}`),
    same > 0 && `${count(same, "behaviour")} ${same === 1 ? "is" : "are"} unchanged.`,
    neither > 0 && `${count(neither, "test")} ${neither === 1 ? "does" : "do"} not apply to either version.`,
    unknown > 0 && `${count(unknown, "behaviour")} could not be compared; see the end of the list.`,
  ].filter(Boolean);
}

/** The changes of one severity, by kind; null if there are none. */
function severityPart(severity, from, to) {
  const changes = UPGRADE.changes.filter((change) => change.severity === severity);
  if (!changes.length) return null;
  const [name, meaning] = severity ? OF_SEVERITY[severity] : NOT_COMPARED;
  const number = h("span", { class: "number" });
  const kinds = [...Map.groupBy(changes, (change) => change.kind)].map(([kind, alike]) => {
    for (const change of alike) {
      const row = changeRow(change, UPGRADE.changes, from, to);
      row.dataset.case = change.item.id;
      UPGRADE.rows.set(change, row);
    }
    const number = h("span", { class: "number" });
    const list = h("ol", { class: "changes" }, alike.map((change) => UPGRADE.rows.get(change)));
    const heading = headingOf(kind, to) && h("h4", null, headingOf(kind, to), number);
    return { changes: alike, number, element: h("div", null, heading, list) };
  });
  const element = h(
    "section",
    { class: `severity ${severity ?? "unknown"}` },
    h("h3", null, severityMark(severity), name, number, h("span", { class: "meaning" }, meaning)),
    kinds.map((kind) => kind.element),
  );
  return { severity, changes, number, kinds, element };
}

const isDocumented = ({ item }) => !isNeutral(item);

/** A behaviour is as severe as its most severe change: that is how it is counted, and filtered. */
const isOfSeverity = (change, wanted) =>
  !wanted.length || (wanted.includes(change.severity) && wanted.includes(UPGRADE.worst.get(change.item).severity));

function filterChanges(state) {
  const query = parseQuery(state.q);
  const passesAll = (change) =>
    isOfSeverity(change, state.severity) &&
    (!state.promised || isDocumented(change)) &&
    hasFeature(change.item, state.feature) &&
    passes(query, change.item, UPGRADE.pair, change);
  UPGRADE.shown = new Set(UPGRADE.changes.filter(passesAll));
  for (const [change, row] of UPGRADE.rows) {
    row.hidden = !UPGRADE.shown.has(change);
    row.classList.toggle("is-selected", state.case === change.item.id);
  }
  if (state.case !== UPGRADE.selected) placeOfChange(state)?.closest("li").scrollIntoView({ block: "nearest" });
  UPGRADE.selected = state.case;
  for (const { changes, number, kinds, element } of UPGRADE.parts) {
    for (const part of [{ number, changes, element }, ...kinds]) {
      showNumber(part.number, part.changes);
      part.element.hidden = !part.changes.some((change) => UPGRADE.shown.has(change));
    }
  }
  UPGRADE.none.hidden = !UPGRADE.changes.length || UPGRADE.shown.size > 0;
  UPGRADE.filters.show(state, query.problems);
}

/** Show how many behaviours of these changes are visible; each counts once, at its most severe change. */
function showNumber(element, changes) {
  const counted = casesOf(changes.filter((change) => UPGRADE.worst.get(change.item) === change));
  const shown = [...counted].filter((item) => changes.some((change) => change.item === item && UPGRADE.shown.has(change)));
  const above = casesOf(changes).difference(counted).size;
  const text = shown.length === counted.size ? String(counted.size) : `${shown.length} of ${counted.size}`;
  element.textContent = above ? `${text} (and ${above} counted above)` : text;
}

function placeOfChange(state) {
  return UPGRADE.groups.querySelector(`[data-case="${CSS.escape(state.case ?? "")}"]:not([hidden]) .change-link`);
}

/** Go to the next or the previous change; the panel follows if it is open. */
function toChange(by) {
  const links = [...UPGRADE.groups.querySelectorAll(".change:not([hidden]) .change-link")];
  const current = UPGRADE.groups.querySelector(".is-selected .change-link");
  const here = links.indexOf(links.includes(document.activeElement) ? document.activeElement : current);
  const next = links[here < 0 ? (by > 0 ? 0 : links.length - 1) : here + by];
  if (!next) return;
  if (!panel.hidden) next.click();
  else next.focus();
}

function copyButton() {
  const area = h("textarea", { rows: 12, readonly: true, hidden: true, "aria-label": "The changes as Markdown" });
  const status = h("span", { role: "status" });
  const copy = async () => {
    const [from, to] = UPGRADE.pair;
    const groups = UPGRADE.parts
      .map(({ severity, number, changes }) => ({
        severity,
        number: number.textContent,
        changes: changes.filter((change) => UPGRADE.shown.has(change)),
      }))
      .filter(({ changes }) => changes.length);
    const notes = [...UPGRADE.notes.children].map((note) => note.textContent);
    const [listed, all] = [UPGRADE.shown, UPGRADE.changes].map((changes) => casesOf([...changes]).size);
    if (listed < all) notes.push(`${listed} of ${count(all, "behaviour")} are listed, as filters were active.`);
    const text = asMarkdown(from, to, UPGRADE.headline.textContent, notes, groups);
    try {
      await navigator.clipboard.writeText(text);
      status.textContent = "Copied.";
      area.hidden = true;
    } catch {
      // The browser blocks the clipboard for this page.
      status.textContent = "The browser blocked the clipboard; copy the text below.";
      area.value = text;
      area.hidden = false;
      area.select();
    }
  };
  const button = h("button", { type: "button", class: "quiet-button", onclick: copy }, "Copy as Markdown");
  return { element: h("div", { class: "copy" }, button, status, area) };
}
