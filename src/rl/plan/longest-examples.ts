/** What a step on recorded completions can come to at most, where they are still to be written. Token ids do not matter for a plan. */
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { largestAnswers, type ExpectedAnswers } from './expected-answers.js';
import { type CompletionGroup } from '../batch/completion-batch.js';
import { type DatasetHyperparameters } from '../methods/dataset-hyperparameters.js';

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
