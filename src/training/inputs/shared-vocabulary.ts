import { canonicalJson } from '#src/common/hash.js';

interface Vocabulary {
  model?: { vocab?: unknown };
  added_tokens?: { id: number; content: string }[];
}

/** Whether every id of the policy means the same to the reward model, which may have a pad token of its own. Both are `tokenizer.json`. */
export function readsIdsOf(rewardModel: Uint8Array, policy: Uint8Array): boolean {
  const [ours, theirs] = [rewardModel, policy].map((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Vocabulary);
  const added = new Map((ours.added_tokens ?? []).map(({ id, content }) => [id, content]));
  return canonicalJson(ours.model?.vocab ?? null) === canonicalJson(theirs.model?.vocab ?? null)
    && (theirs.added_tokens ?? []).every(({ id, content }) => added.get(id) === content);
}
