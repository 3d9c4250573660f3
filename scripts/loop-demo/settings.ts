import { quickstartSettings, type Settings } from '../quickstart/settings.js';

export interface LoopDemoSettings extends Settings {
  /** Prompts whose answers are rated in each iteration. */
  promptsPerIteration: number;
  gate: { winRate: number; maxKl: number };
}

export const loopDemoSettings: LoopDemoSettings = {
  ...quickstartSettings,
  promptsPerIteration: 400,
  gate: { winRate: 0.5, maxKl: 0.5 },
};

/** People have other things to do: enough to see how it goes, too little to prove anything. */
export const peopleSettings: LoopDemoSettings = {
  ...loopDemoSettings,
  practicePrompts: 200,
  evaluationPrompts: 20,
  heldOutPrompts: 30,
  promptsPerIteration: 20,
};
