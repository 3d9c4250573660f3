/** What to do about a check that did not pass, in one sentence; see docs/algorithms.md for what each measures. */
const adviceOf: Readonly<Record<string, string>> = {
  // Every training.
  finite: 'Lower the learning rate, or take the last good checkpoint.',
  held_out: 'Evaluate on held-out prompts: use an evaluation prompt set, or a pair set with an eval split.',
  shortened: 'Raise maxTokens, or leave out the long texts.',
  overfitting: 'Train fewer epochs, use early stopping, or rate more prompts.',
  stopped_diverged: 'Lower the learning rate; promote the last good checkpoint if it is worth keeping.',
  // Methods that sample.
  reward_gain: 'Raise the learning rate or the number of steps, and check that groups differ in reward.',
  kl_size: 'Raise beta, lower the learning rate or set a klBudget, and compare the versions before you promote.',
  kl_slope: 'Raise beta or take fewer steps: the policy was still moving away from its start.',
  entropy_collapse: 'Raise beta or clipHigh, or lower the learning rate.',
  zero_std_groups: 'Use harder prompts, larger groups or a higher temperature.',
  step_size: 'Lower the learning rate or innerEpochs.',
  clipping: 'Lower the learning rate or innerEpochs, or widen the clip bounds.',
  value_fit: 'Raise valueLearningRate, or start the value model from the reward model.',
  truncation: 'Raise maxTokens, or set missingEosPenalty.',
  length_gaming: 'Set lengthPenalty, or train the reward model with lengthDebias.',
  evaluation_gain: 'Train on more prompts or take fewer steps, and compare the versions before you promote.',
  stopped_kl_budget: 'Compare the kept version; to take more steps, lower the learning rate, raise beta or raise the klBudget.',
  // Methods that learn from pairs.
  loss_fall: 'Raise the learning rate or the number of epochs, or rate more prompts.',
  preference_accuracy: 'Rate more prompts, or train longer.',
  margin_size: 'Lower the learning rate or raise beta.',
  likelihood_displacement: 'Lower the learning rate, raise beta, or start with sft.',
  // Reward models.
  beats_nulls: 'Rate more prompts, or drop pairs that are closer than minimumMargin.',
  calibration: 'Divide differences of rewards by the temperature before you read them as probabilities.',
  length_correlation: 'Train with lengthDebias, or check whether labelers prefer a certain length.',
  shorter_preferred: 'Train with lengthDebias, or rate more pairs whose shorter text is better.',
};

/** Undefined for a check that is not known. */
export const adviceFor = (check: string): string | undefined => adviceOf[check];
