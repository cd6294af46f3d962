// Parts of Keras that a library may use, as groups of tags: a case belongs to a group by its tags, its parameter or the
// first part of its id.

const FEATURES = {
  "Masking, Embedding": /^(masking|embedding|mask-shape|attach|text|generator|mask_zero|pad_sequences|.*vectorization)$/,
  "Recurrent layers": /rnn|lstm|gru|bidirectional|timedistributed/,
  Attention: /attention|causal/,
  Merge: /^(merge|merging|add|average|concatenate|dot|maximum|minimum|multiply|subtract|operators)$/,
  "Pooling, reshaping": /pooling|reshap|^destroy$|flatten|permute|repeatvector|cropping|upsampling|zeropadding|^resizing$/,
  "Normalisation, Softmax": /normali[sz]ation|softmax/,
  Losses: /loss|metrics|sample_weight|precision/,
  Training: /^mode$|training|gradient|^fit$|^predict$|^evaluate$|train_on_batch/,
  Saving: /^serial$|saving|seriali[sz]ation|hdf5|savedmodel|^\.keras$|^export$|tfsmlayer|^config$|clone_model/,
  "Custom layers": /^custom|compute_mask|supports_masking|lambda|mask argument|_keras_mask/,
  Models: /functional|sequential|model/,
  "Number formats": /float16|bfloat16|float64|int32|mixed precision|^dtype$/,
  "Other layers": /^layer-table$/,
};

/** The features and tags of a case, in lower case. */
function wordsOf(item) {
  const [area] = item.id.split(".");
  const own = [area, /\[(.*)\]$/.exec(item.id)?.[1] ?? "", ...item.tags].map((word) => word.toLowerCase());
  const features = Object.keys(FEATURES).filter((name) => own.some((word) => FEATURES[name].test(word)));
  return new Set([...item.tags, ...features].map((word) => word.toLowerCase()));
}

for (const item of CASES) lazily(item, "words", () => wordsOf(item));

/** Tags, the most frequent first. */
const TAGS = [...Map.groupBy(CASES.flatMap((item) => item.tags), (tag) => tag)]
  .sort(([a, some], [b, others]) => others.length - some.length || (a < b ? -1 : 1))
  .map(([tag]) => tag);

/** Whether a case has one of these features or tags; true if there are none. */
const hasFeature = (item, features) =>
  features.length === 0 || features.some((feature) => item.words.has(feature.toLowerCase()));
