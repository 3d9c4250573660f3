/** Preference data as the token sequences that a policy learns from: whole prompts, completions cut to a length. */
import { chatFraming } from '#src/lm/text/chat.js';
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';
import { type PreferenceGroup } from '../batch/preference-groups.js';

/** `best`: preferred in some pair and rejected in none; `chosen`: preferred in some pair. */
export const completionSelections = ['best', 'chosen'] as const;
export type CompletionSelection = (typeof completionSelections)[number];

export interface ExampleGroup {
  promptIds: number[];
  completions: { tokenIds: number[] }[];
  /** Indices into `completions`. */
  pairs: { chosen: number; rejected: number }[];
  /** Index of each completion among the given ones. */
  places: number[];
}

export interface EncodedExamples<G extends PreferenceGroup = PreferenceGroup> {
  /** Each with the group it was made from. */
  groups: (ExampleGroup & { of: G })[];
  /** Completions given. */
  given: number;
  /** Completions that lost their end. */
  truncated: number;
  /** Completions without tokens, or whose prompt leaves no room for one. */
  dropped: number;
}

/** The groups with the completions selected, without pairs. */
export function selectCompletions(groups: readonly PreferenceGroup[], selection: CompletionSelection): PreferenceGroup[] {
  return groups.flatMap(({ prompt, completions, pairs }) => {
    const chosen = new Set(pairs.map((pair) => pair.chosen));
    if (selection === 'best') for (const { rejected } of pairs) chosen.delete(rejected);
    const kept = completions.filter((_, i) => chosen.has(i));
    return kept.length > 0 ? [{ prompt, completions: kept, pairs: [] }] : [];
  });
}

/** At most `maxTokens` tokens each, and never more than the model has positions; pairs go with a dropped completion. */
export function encodeExamples<G extends PreferenceGroup>(
  { tokenizer, config }: Pick<Checkpoint, 'tokenizer' | 'config'>,
  groups: readonly G[],
  maxTokens: number,
): EncodedExamples<G> {
  const framing = chatFraming(Tokenizer.fromFiles(tokenizer));
  const longest = Math.min(maxTokens, config.maxPositionEmbeddings);
  let [truncated, dropped] = [0, 0];
  const encoded = groups.map((of) => {
    const { prompt, completions, pairs } = of;
    const promptIds = framing.encodePrompt(prompt);
    const room = Math.max(0, longest - promptIds.length);
    const places = new Map<number, number>();
    const kept: { tokenIds: number[] }[] = [];
    completions.forEach((completion, i) => {
      const whole = framing.encodeCompletion(completion, prompt);
      const tokenIds = whole.slice(0, room);
      if (tokenIds.length === 0 || promptIds.length === 0) {
        dropped++;
        return;
      }
      if (tokenIds.length < whole.length) truncated++;
      places.set(i, kept.push({ tokenIds }) - 1);
    });
    const known = pairs.flatMap(({ chosen, rejected }) => {
      const [c, r] = [places.get(chosen), places.get(rejected)];
      return c === undefined || r === undefined ? [] : [{ chosen: c, rejected: r }];
    });
    return { promptIds, completions: kept, pairs: known, places: [...places.keys()], of };
  });
  const given = groups.reduce((total, { completions }) => total + completions.length, 0);
  return { groups: encoded.filter(({ completions }) => completions.length > 0), given, truncated, dropped };
}
