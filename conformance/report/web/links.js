// Links in the texts of cases. Nothing is loaded until a link is followed.

const GUIDES = {
  "Understanding masking & padding": "https://keras.io/guides/understanding_masking_and_padding/",
  "Making new layers and models via subclassing":
    "https://keras.io/guides/making_new_layers_and_models_via_subclassing/",
};
const LINKABLE = /(https?:\/\/[^\s<>"'`]*[\w/#])|(?<![\w./-])([\w.-]+\/[\w.-]+)#(\d+)(?!\w)|(?<=Guide ')([^']+)(?=')/g;

/** A sentence in which addresses, "owner/name#12" and guides of keras.io are links, and `names` are code. */
function linked(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(LINKABLE)) {
    const [whole, url, repository, number, guide] = found;
    const href = url ?? (guide ? GUIDES[guide] : `https://github.com/${repository}/issues/${number}`);
    if (!href) continue;
    parts.push(prose(text.slice(end, found.index)), h("a", { href, rel: "noreferrer" }, whole));
    end = found.index + whole.length;
  }
  return [...parts, prose(text.slice(end))];
}
