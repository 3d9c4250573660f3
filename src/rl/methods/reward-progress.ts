/** How far the training of a reward model has come: what it needs to go on as if it had never stopped. */
import { type Tensors } from '#src/lm/files/safetensors.js';
import { type SavedProgress } from '#src/lm/files/training-progress.js';
import { type StoppingState } from './early-stopping.js';

/** `state` is that of `RewardWeights.progress`, with the best weights so far as `best.<name>`. */
export interface RewardProgress extends SavedProgress {
  stopping: StoppingState;
}

const prefix = 'best.';

export function savedState(state: Readonly<Tensors>, best: Readonly<Tensors> | undefined): Tensors {
  const kept = Object.entries(best ?? {}).map(([name, tensor]) => [prefix + name, tensor] as const);
  return { ...state, ...Object.fromEntries(kept) };
}

/** The best weights of a save, if there were any. */
export function bestOf({ state }: RewardProgress): Tensors | undefined {
  const kept = Object.entries(state).flatMap(([name, tensor]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : []));
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}
