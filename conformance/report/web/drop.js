// A results.json of the reader's own: dropped on the page or chosen, read here, sent nowhere.

const YOUR_FILES = []; // [{name, sentences}]

function buildDrop(button, note) {
  const input = h("input", { type: "file", accept: ".json,.gz,application/json,application/gzip", multiple: true, hidden: true });
  input.addEventListener("change", async () => {
    await addFiles([...input.files], note);
    input.value = ""; // the same file may be chosen again
  });
  button.after(input);
  button.addEventListener("click", () => input.click());
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const hover = (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    document.body.classList.toggle("is-dropping", event.type === "dragover");
  };
  addEventListener("dragover", hover);
  addEventListener("dragleave", (event) => event.relatedTarget ?? hover(event));
  addEventListener("drop", (event) => {
    hover(event);
    if (carriesFiles(event)) addFiles([...event.dataTransfer.files], note);
  });
}

/** Add what is in the files; say what was added, or why a file was not. */
async function addFiles(files, note) {
  const refused = [];
  let first = null;
  note.replaceChildren(h("p", null, `Reading ${files.map((file) => file.name).join(", ")} …`));
  await new Promise((drawn) => setTimeout(drawn));
  for (const file of files) {
    try {
      const read = readColumns(parsedResults(await textOf(file)));
      if (read.columns.length && read.known) {
        addColumns(read.columns);
        YOUR_FILES.push({ name: file.name, sentences: told(read) });
        first ??= read.columns[0].target;
      } else refused.push([file.name, nothingNew(read)]);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refused.push([file.name, error.message]);
    }
  }
  showYours(note, refused);
  if (first) columnsChanged({ to: first.id });
  note.scrollIntoView({ block: "nearest" });
}

/** The text of a file, unpacked if it is compressed with gzip. */
async function textOf(file) {
  if (file.size > LARGEST) throw tooLarge(file.size);
  try {
    const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
    return first === 0x1f && second === 0x8b ? await unpacked(file) : await file.text();
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(`it cannot be read: ${error.message}`);
  }
}

async function unpacked(file) {
  const reader = file.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const chunks = [];
  let size = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    size += read.value.length;
    if (size > LARGEST) throw tooLarge(size);
    chunks.push(read.value);
  }
  return new Blob(chunks).text();
}

function tooLarge(bytes) {
  const size = Math.ceil(bytes / 1e6);
  return new Refused(`it is ${size} MB large, and this page reads files of up to ${LARGEST / 1e6} MB`);
}

/** What was added, in sentences. */
function told({ columns, alike, known, unknown, others }) {
  const titles = columns.map(({ target }) => target.title);
  return [
    `${count(titles.length, "column")} added: ${firstTitles(titles)}.`,
    `${known} of the ${count(CASES.length, "behaviour")} of this page ${known === 1 ? "is" : "are"} in the file.`,
    unknown > 0 && `${count(unknown, "behaviour")} that this page does not know ${unknown === 1 ? "is" : "are"} left out.`,
    others > 0 &&
      `${count(others, "behaviour")} ${others === 1 ? "was" : "were"} measured with another version of the case; ` +
        "the panel says so where it matters.",
    alike.length > 0 && `${count(alike.length, "column")} of the file ${alike.length === 1 ? "is" : "are"} here already.`,
  ].filter(Boolean);
}

const LISTED = 6;

function firstTitles(titles) {
  const more = titles.length - LISTED;
  return titles.slice(0, LISTED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function nothingNew({ columns, alike, known }) {
  if (alike.length && !columns.length) return `nothing in it is new: ${firstTitles(alike)} ${alike.length === 1 ? "behaves" : "behave"} as shown here`;
  return known ? "it has no columns" : "this page knows none of its behaviours";
}

function showYours(note, refused) {
  const remove = h(
    "button",
    {
      type: "button",
      class: "quiet-button",
      onclick: () => {
        YOUR_FILES.length = 0;
        removeColumns();
        showYours(note, []);
        columnsChanged({ from: null, to: null });
        document.getElementById("add-results").focus();
      },
    },
    "Remove",
  );
  note.replaceChildren(
    ...refused.map(([name, why]) =>
      h("p", { class: "refused" }, h("strong", null, `${name} was not added: `), `${why}.`),
    ),
    ...YOUR_FILES.map(({ name, sentences }) => h("p", null, h("strong", null, name), ": ", sentences.join(" "))),
  );
  if (YOUR_FILES.length) {
    const local = "It was read in this browser and sent nowhere. The address of the page does not carry it.";
    note.append(h("p", null, local, " ", remove));
  }
}
