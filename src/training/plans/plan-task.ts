/** The parts of a plan that need the policy's tokenizer or a training graph; run in a child process. */
import { type PromptContent } from '#src/common/conversation.js';
import { chatFraming } from '#src/lm/text/chat.js';
import { parseDescription, type FileMap } from '#src/lm/files/checkpoint.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';
import { trunkBytes } from '#src/lm/lora/trunk-states.js';
import { longestExamples, type ExpectedAnswers } from '#src/rl/plan/expected-answers.js';
import { lengthOfTexts, type PreferenceGroup } from '#src/rl/batch/preference-groups.js';
import { trunkUse } from '#src/rl/datasets/frozen-trunk.js';
import { encodeExamples } from '#src/rl/datasets/training-examples.js';
import { type DatasetHyperparameters, type RolloutHyperparameters } from '#src/rl/settings.js';
import { planPolicyTraining, tokensOf, type PlannedTrunk, type PolicyPlan } from '#src/rl/plan/policy-plan.js';
import { longestRollouts, rolloutExtra, type RolloutExtra, type RolloutModels } from '#src/rl/plan/rollout-extra.js';

/** Number of longest prompts (in characters) checked: one of them is the longest in tokens, or close to it. A longer one fails the job. */
const promptsEncoded = 16;

export interface ExamplesTask {
  files: FileMap;
  /** Whether a reference reads the data too. */
  readsReference: boolean;
  hyperparameters: DatasetHyperparameters;
  /** The longest of the data, more than one step takes. */
  longest: readonly PreferenceGroup[];
  /** Of all data. */
  characters: { train: number; eval: number };
}

/** Undefined where none of the `given` longest completions has room behind its prompt. */
export function planExamples({ files, readsReference, hyperparameters, longest, characters }: ExamplesTask): { plan?: PolicyPlan; given: number } {
  const model = parseDescription(files);
  const { groups, given } = encodeExamples(model, longest, hyperparameters.maxTokens);
  if (groups.length === 0) return { given };
  const { train, evaluation } = trunkUse(model.config, hyperparameters, readsReference);
  // Where no prompts are held out, evaluation is on the training data.
  const kept = (train || (evaluation && characters.eval === 0) ? characters.train : 0) + (evaluation ? characters.eval : 0);
  const tokensPerCharacter = tokensOf(groups) / lengthOfTexts(longest);
  const trunk: PlannedTrunk = { inSteps: train, bytes: trunkBytes(model.config, Math.round(kept * tokensPerCharacter)) };
  return { plan: planPolicyTraining(model.config, groups, hyperparameters, trunk), given };
}

/** Plan before there is data. Cached outputs on disk take no memory. */
export function planExamplesAhead(files: FileMap, readsReference: boolean, hyperparameters: DatasetHyperparameters, answers: ExpectedAnswers): PolicyPlan {
  const model = parseDescription(files);
  const groups = longestExamples(model, answers, hyperparameters);
  return planPolicyTraining(model.config, groups, hyperparameters, { inSteps: trunkUse(model.config, hyperparameters, readsReference).train, bytes: 0 });
}

/** Tokens of the longest prompt. */
export function longestPrompt(files: FileMap, prompts: readonly PromptContent[]): number {
  const characters = (prompt: PromptContent): number => (typeof prompt === 'string' ? prompt : JSON.stringify(prompt)).length;
  const longest = [...prompts].sort((a, b) => characters(b) - characters(a)).slice(0, promptsEncoded);
  const framing = chatFraming(Tokenizer.fromFiles(parseDescription(files).tokenizer));
  return Math.max(1, ...longest.map((prompt) => framing.encodePrompt(prompt).length));
}

export function planRollouts(models: RolloutModels, settings: RolloutHyperparameters, promptTokens: number): { plan: PolicyPlan; extra: RolloutExtra } {
  return { plan: planPolicyTraining(models.policy, longestRollouts(settings, promptTokens), settings), extra: rolloutExtra(models, settings, promptTokens) };
}
