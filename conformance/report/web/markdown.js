// The upgrade view as Markdown, to be pasted into an issue or a pull request.

/** Escape a text for Markdown, on one line, so that nothing in it is markup or HTML. */
const escaped = (text) => text.split(/\s+/).filter(Boolean).join(" ").replace(/[\\`*_[\]<>|#]/g, "\\$&");

/** Format any text as Markdown code. */
function code(text) {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = /^`|`$/.test(text) ? " " : "";
  return `${fence}${pad}${text}${pad}${fence}`;
}

/** groups: [{severity, number, changes}] as shown; notes: sentences above them. */
function asMarkdown(from, to, headline, notes, groups) {
  const lines = [`## Masks: ${escaped(from.title)} → ${escaped(to.title)}`, "", escaped(headline), ""];
  if (notes.length) lines.push(...notes.map((note) => `- ${escaped(note)}`), "");
  for (const { severity, number, changes } of groups) {
    const [name, meaning] = severity ? OF_SEVERITY[severity] : NOT_COMPARED;
    lines.push(`### ${name}: ${number} (${meaning})`, "");
    for (const change of changes) {
      const about = [
        code(change.item.id),
        withArrows(statusOf(change)),
        change.since && `first changed in ${escaped(targetOf(change.since).title)}`,
        change.modes.join(", "),
      ];
      lines.push(`- **${escaped(change.item.title)}**: ${code(withArrows(change.text))}`);
      lines.push(`  (${about.filter(Boolean).join("; ")})`);
    }
    lines.push("");
  }
  return lines.join("\n");
}
