// The upgrade view as Markdown, to be pasted into an issue or a pull request.

/** Text of the results as data: nothing in it is Markdown or HTML, on one line. */
const escaped = (text) => text.split(/\s+/).filter(Boolean).join(" ").replace(/[\\`*_[\]<>|#]/g, "\\$&");

/** As code, whatever is in it. */
function code(text) {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = /^`|`$/.test(text) ? " " : "";
  return `${fence}${pad}${text}${pad}${fence}`;
}

/** groups: [{severity, steps}], as they are shown; notes: sentences above them. */
function asMarkdown(from, to, headline, notes, groups) {
  const lines = [`## Masks: ${escaped(from.title)} → ${escaped(to.title)}`, "", escaped(headline), ""];
  if (notes.length) lines.push(...notes.map((note) => `- ${escaped(note)}`), "");
  for (const { severity, steps } of groups) {
    const [name, meaning] = severity ? OF_SEVERITY[severity] : ["Not compared", "nothing is known of these"];
    lines.push(`### ${name}: ${casesOf(steps).size} (${meaning})`, "");
    for (const step of steps) {
      const about = [
        code(step.item.id),
        promiseWords(step),
        step.since && `since ${escaped(targetOf(step.since).title)}`,
        step.modes.join(", "),
      ];
      lines.push(`- **${escaped(step.item.title)}**: ${code(withArrows(step.text))}`);
      lines.push(`  (${about.filter(Boolean).join("; ")})`);
    }
    lines.push("");
  }
  return lines.join("\n");
}
