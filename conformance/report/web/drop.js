// Adding the reader's own results.json, dropped on the page or chosen; it is read locally and never uploaded.

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

/** Add the results in some files, and report what was added, or why a file was rejected. */
async function addFiles(files, note) {
  const refused = [];
  let first = null;
  note.replaceChildren(h("p", null, `Reading ${files.map((file) => file.name).join(", ")} …`));
  await new Promise((drawn) => setTimeout(drawn));
  for (const file of files) {
    try {
      const read = readColumns(parsedResults(await textOf(file)));
      if (read.columns.length && read.shared) {
        addColumns(read.columns);
        YOUR_FILES.push({ name: file.name, sentences: summaryOf(read) });
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

/** The text of a file, decompressed if it is a gzip file. */
async function textOf(file) {
  if (file.size > LARGEST) throw tooLarge(file.size);
  try {
    const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
    return first === 0x1f && second === 0x8b ? await decompressed(file) : await file.text();
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(`it cannot be read: ${error.message}`);
  }
}

async function decompressed(file) {
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
  return new Refused(`the file has ${size} MB, and the limit is ${LARGEST / 1e6} MB`);
}

/** Sentences about what was added. */
function summaryOf({ columns, alike, shared, unknown, others }) {
  const titles = columns.map(({ target }) => target.title);
  return [
    `${count(titles.length, "target")} added: ${firstTitles(titles)}.`,
    `The file has ${shared} of the ${count(CASES.length, "behaviour")} on this page.`,
    unknown > 0 && `${count(unknown, "behaviour")} that ${unknown === 1 ? "is" : "are"} not on this page ${unknown === 1 ? "is" : "are"} ignored.`,
    others > 0 &&
      `${count(others, "behaviour")} ${others === 1 ? "was" : "were"} measured with another version of the case, ` +
        "as noted in the panel.",
    alike.length > 0 && `${count(alike.length, "target")} of the file ${alike.length === 1 ? "is" : "are"} already on this page.`,
  ].filter(Boolean);
}

const LISTED = 6;

function firstTitles(titles) {
  const more = titles.length - LISTED;
  return titles.slice(0, LISTED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function nothingNew({ columns, alike, shared }) {
  if (alike.length && !columns.length) return `it contains nothing new: ${firstTitles(alike)} ${alike.length === 1 ? "behaves" : "behave"} as shown here`;
  return shared ? "the file has no targets" : "none of its behaviours is on this page";
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
    const local = "Read in your browser and never uploaded. Links to this page do not include it.";
    note.append(h("p", null, local, " ", remove));
  }
}
