/** Everything that sizes the loop, so that a test can run the same loop smaller. */
export interface Settings {
  practicePrompts: number;
  /** Answered before and after training, and not practised on. */
  evaluationPrompts: number;
  heldOutPrompts: number;
  completionsPerPrompt: number;
  sampling: { temperature: number; topP: number; maxTokens: number };
  /** In points of the scale: what lies closer is mostly the labelers' noise. */
  minimumMargin: number;
  /** What is left out takes the API's defaults. */
  reward: { learningRate?: number; epochs?: number; maxSteps?: number; seed?: number };
  grpo: { learningRate?: number; steps?: number; promptsPerStep?: number; groupSize?: number; beta?: number; klBudget?: number; seed?: number; evaluationPrompts?: number; maxTokens?: number };
  seed: number;
}

export const quickstartSettings: Settings = {
  practicePrompts: 1200,
  evaluationPrompts: 64,
  heldOutPrompts: 320,
  completionsPerPrompt: 4,
  sampling: { temperature: 1, topP: 1, maxTokens: 64 },
  minimumMargin: 1,
  reward: { seed: 1, epochs: 3, learningRate: 1e-3 },
  // Slow enough to stay within its KL budget, which one run in a few would otherwise use up to please the reward model alone
  // (docs/lab/experiments.md).
  grpo: { seed: 1, learningRate: 1.5e-4, beta: 0.15, steps: 60, klBudget: 0.35 },
  seed: 20261123,
};
