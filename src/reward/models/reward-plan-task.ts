/** Plans reward trainings in a child process, because the tokenizer is user input. */
import { parseDescription, type FileMap } from '#src/lm/files/checkpoint.js';
import { type ExpectedAnswers } from '#src/rl/plan/expected-answers.js';
import { type RewardHyperparameters } from '#src/rl/methods/reward.js';
import { type PreferenceGroup } from '#src/rl/batch/preference-groups.js';
import { planExpectedTraining, planRewardTraining, type RewardPlan } from '#src/rl/plan/reward-plan.js';

/** As `planRewardTraining`. */
export function planReward(files: FileMap, groups: readonly PreferenceGroup[], hyperparameters: RewardHyperparameters, characters?: number): RewardPlan {
  return planRewardTraining(parseDescription(files), groups, hyperparameters, characters);
}

/** As `planExpectedTraining`. */
export function planRewardAhead(files: FileMap, answers: ExpectedAnswers, hyperparameters: RewardHyperparameters): RewardPlan {
  return planExpectedTraining(parseDescription(files), answers, hyperparameters);
}
