/** How much text there will be to learn from, where it is still to be written: for plans that are made before there is data. */
import { chatFraming } from '#src/lm/text/chat.js';
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';
import { type CompletionGroup } from '../batch/completion-batch.js';
import { type DatasetHyperparameters } from '../settings.js';

export interface ExpectedAnswers {
  /** Texts of the prompts that may be answered. */
  prompts: readonly string[];
  completionsPerPrompt: number;
  /** The longest completion there can be, in tokens. */
  completionTokens: number;
}

export interface AnswerSize {
  promptTokens: number;
  completionTokens: number;
}

/** The prompts with the most characters: one of them has the most tokens, or nearly. */
const promptsEncoded = 16;

/**
 * Of the prompt and each of its answers that make the most work, when both together are cut to `maxTokens` (at least 2).
 * The prompt is counted once and the answers several times, so that it is the answers that are as long as they can get.
 */
export function largestAnswers(
  { tokenizer, config }: Pick<Checkpoint, 'tokenizer' | 'config'>,
  { prompts, completionTokens }: Pick<ExpectedAnswers, 'prompts' | 'completionTokens'>,
  maxTokens: number,
): AnswerSize {
  const framing = chatFraming(Tokenizer.fromFiles(tokenizer));
  const longest = [...prompts].sort((a, b) => b.length - a.length).slice(0, promptsEncoded);
  const promptTokens = Math.max(1, ...longest.map((text) => framing.encodePrompt(text).length));
  const room = Math.min(maxTokens, config.maxPositionEmbeddings);
  const written = Math.min(completionTokens, room - 1);
  return { promptTokens: Math.min(promptTokens, room - written), completionTokens: written };
}

/** The largest possible step on recorded completions. Token ids do not matter for a plan. */
export function longestExamples(
  model: Pick<Checkpoint, 'config' | 'tokenizer'>,
  answers: ExpectedAnswers,
  { batchSize, maxTokens }: Pick<DatasetHyperparameters, 'batchSize' | 'maxTokens'>,
): CompletionGroup[] {
  const { promptTokens, completionTokens } = largestAnswers(model, answers, maxTokens);
  const completion = { tokenIds: new Array<number>(completionTokens).fill(0) };
  const answered = Math.min(answers.completionsPerPrompt, batchSize);
  const group = { promptIds: new Array<number>(promptTokens).fill(0), completions: new Array<typeof completion>(answered).fill(completion) };
  return new Array<CompletionGroup>(Math.ceil(batchSize / answered)).fill(group);
}
