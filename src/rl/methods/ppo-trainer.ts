/** Proximal policy optimization (ppo-learner.ts) on rollouts. */
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { trainOnRollouts, type RolloutResult, type RolloutTask } from '../rollouts/rollout-trainer.js';
import { type PpoHyperparameters } from './ppo-hyperparameters.js';
import { PpoLearner } from './ppo-learner.js';
import { ValueModel, valueStartFrom } from '../policy/value-model.js';

export interface PpoTask extends RolloutTask<PpoHyperparameters> {
  /** A reward model with the policy's tokenizer that the value model starts from; the policy's trunk when left out. */
  valueStart?: Checkpoint;
}

/** Rejects as `trainOnRollouts`. @throws RangeError when a value model is no reward model */
export function trainPpo(task: PpoTask): Promise<RolloutResult> {
  const { checkpoint, hyperparameters: hp, valueStart = valueStartFrom(checkpoint), threads, resume } = task;
  if (valueStart.config.head !== 'reward') throw new RangeError('a value model starts from a reward model or from the policy itself');
  return trainOnRollouts(task, (parts) => {
    const saved = resume && { state: resume.state, steps: resume.scalars?.valueSteps ?? 0 };
    return new PpoLearner(hp, new ValueModel(valueStart, hp, threads, saved), parts);
  });
}
