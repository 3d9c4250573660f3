/** Refuses low-rank factors that a model cannot have, before anything is computed. */
import { type ModelConfig } from '../model/config.js';
import { loraTargets } from './lora.js';
import type { LoraConfig } from '../model/lora-delta.js';

export interface ImpossibleLora {
  code: 'lora_target_unknown' | 'hyperparameters_impossible';
  /** Into the LoRA settings. */
  pointer: '/targetModules' | '/rank';
  rule: string;
  message: string;
  value: unknown;
}

/** Undefined where the factors, or none, fit the model. */
export function impossibleLora(model: ModelConfig, lora: LoraConfig | null): ImpossibleLora | undefined {
  if (!lora) return undefined;
  try {
    loraTargets(model, lora);
  } catch (error) {
    const message = (error as Error).message;
    return { code: 'lora_target_unknown', pointer: '/targetModules', rule: 'isIn', message, value: lora.targetModules };
  }
  if (lora.rank <= model.hiddenSize) return undefined;
  const message = `rank must be at most the hidden size ${model.hiddenSize}`;
  return { code: 'hyperparameters_impossible', pointer: '/rank', rule: 'max', message, value: lora.rank };
}
