/** Everything that sizes the loop, so that a test can run the same loop smaller. */
export interface Settings {
  practicePrompts: number;
  heldOutPrompts: number;
  completionsPerPrompt: number;
  sampling: { temperature: number; topP: number; maxTokens: number };
  /** What is left out takes the API's defaults. */
  reward: { learningRate?: number; epochs?: number; maxSteps?: number; seed?: number };
  grpo: { learningRate?: number; steps?: number; promptsPerStep?: number; groupSize?: number; beta?: number; seed?: number; evaluationPrompts?: number; maxTokens?: number };
  seed: number;
}

export const quickstartSettings: Settings = {
  practicePrompts: 192,
  heldOutPrompts: 128,
  completionsPerPrompt: 4,
  sampling: { temperature: 1, topP: 1, maxTokens: 64 },
  reward: { seed: 1 },
  grpo: { seed: 1 },
  seed: 20261123,
};
