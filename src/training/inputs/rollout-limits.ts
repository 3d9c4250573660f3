/** Settings of a run on rollouts that cannot work together or with the policy: told before anything is computed. */
import { type ModelConfig } from '#src/lm/model/config.js';
import { impossibleLora } from '#src/lm/lora/lora-limits.js';
import { takesFewerBits } from '#src/lm/files/weight-formats.js';
import { type RolloutHyperparameters } from '#src/rl/settings.js';
import { type PpoHyperparameters } from '#src/rl/methods/ppo.js';

/** Pointers are into `hyperparameters`. */
export interface Impossible {
  code: string;
  pointer: string;
  rule: string;
  message: string;
  value: unknown;
}

export function impossibleSettings(hp: RolloutHyperparameters | PpoHyperparameters, model: ModelConfig): Impossible | undefined {
  return [tooLong(hp, model), noLora(hp, model), noFewerBits(hp, model), 'klControl' in hp ? impossiblePpo(hp) : undefined].find((found) => found !== undefined);
}

function tooLong({ maxTokens }: RolloutHyperparameters, { maxPositionEmbeddings }: ModelConfig): Impossible | undefined {
  if (maxTokens < maxPositionEmbeddings) return undefined;
  const message = `the policy reads at most ${maxPositionEmbeddings} tokens: maxTokens must leave room for a prompt`;
  return { code: 'max_tokens_exceed_model', pointer: '/maxTokens', rule: 'max', message, value: maxTokens };
}

function noLora({ lora }: RolloutHyperparameters, model: ModelConfig): Impossible | undefined {
  const found = impossibleLora(model, lora);
  if (found) return { ...found, pointer: `/lora${found.pointer}` };
  if (!lora?.dropout) return undefined;
  const message = 'dropout must be 0 for this method; only sft, dpo and reward models support it';
  return { code: 'hyperparameters_impossible', pointer: '/lora/dropout', rule: 'equals', message, value: lora.dropout };
}

function noFewerBits({ rolloutWeights }: RolloutHyperparameters, model: ModelConfig): Impossible | undefined {
  if (rolloutWeights === 'f32' || takesFewerBits(model)) return undefined;
  const message = `rolloutWeights must be f32 for models of type ${model.family}: their linear layers cannot be quantized`;
  return { code: 'hyperparameters_impossible', pointer: '/rolloutWeights', rule: 'equals', message, value: rolloutWeights };
}

function impossiblePpo(hp: PpoHyperparameters): Impossible | undefined {
  const code = 'hyperparameters_impossible';
  const { miniBatches, promptsPerStep, groupSize, klControl, beta, klHorizon, whitenAdvantages } = hp;
  if (miniBatches > promptsPerStep) {
    const message = `miniBatches ${miniBatches} must be at most promptsPerStep ${promptsPerStep}: completions of a prompt stay together`;
    return { code, pointer: '/miniBatches', rule: 'max', message, value: miniBatches };
  }
  if (klControl === 'adaptive' && beta === 0) {
    const message = 'beta must be above 0 with adaptive klControl, which multiplies it';
    return { code, pointer: '/beta', rule: 'isPositive', message, value: beta };
  }
  const completions = promptsPerStep * groupSize;
  if (klControl === 'adaptive' && 0.2 * completions >= klHorizon) {
    const message = `with ${completions} completions per step beta could fall to 0 in one step: raise klHorizon`;
    return { code, pointer: '/klHorizon', rule: 'min', message, value: klHorizon };
  }
  if (whitenAdvantages && completions < 2) {
    const message = 'advantages of a single completion cannot be normalised: use more prompts or completions per step';
    return { code, pointer: '/promptsPerStep', rule: 'min', message, value: promptsPerStep };
  }
  return undefined;
}
