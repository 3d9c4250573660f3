/** Plans of reward trainings as a child process makes them: from the model's files, since its tokenizer is the user's. */
import { parseDescription, type FileMap } from '#src/lm/checkpoint.js';
import { type ExpectedAnswers } from './expected-answers.js';
import { type RewardHyperparameters } from './hyperparameters.js';
import { type PreferenceGroup } from './preference-groups.js';
import { planExpectedTraining, planRewardTraining, type RewardPlan } from './reward-plan.js';

/** As `planRewardTraining`. */
export function planReward(files: FileMap, groups: readonly PreferenceGroup[], hyperparameters: RewardHyperparameters, characters?: number): RewardPlan {
  return planRewardTraining(parseDescription(files), groups, hyperparameters, characters);
}

/** As `planExpectedTraining`. */
export function planRewardAhead(files: FileMap, answers: ExpectedAnswers, hyperparameters: RewardHyperparameters): RewardPlan {
  return planExpectedTraining(parseDescription(files), answers, hyperparameters);
}
