/** In which a policy's layers compute as it writes. Of an API that loads no engine. */
import { type ModelConfig } from '../model/config.js';
import { familyOf } from '../model/families.js';

/** `f32` keeps weights as they are; the others hold the layers' linear maps in 8 or 4 bits, and round what they map to 8. */
export const weightFormats = ['f32', 'int8', 'int4'] as const;
export type WeightFormat = (typeof weightFormats)[number];

/** Blocks run along the inputs, which is the last axis only where weights are stored [out, in]: not in GPT-2. */
export const takesFewerBits = (config: Pick<ModelConfig, 'family'>): boolean => !familyOf(config).transposed;
