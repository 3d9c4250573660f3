// The lifecycle of a loop as two tables: the state of an iteration and the status of the loop. What is not in
// them cannot happen.

export const loopStates = [
  'generate',
  'select',
  'awaiting_ratings',
  'pairs',
  'reward',
  'train',
  'compare',
  'awaiting_judgements',
  'promote',
  'hold',
  'done',
] as const;
export type LoopState = (typeof loopStates)[number];

/** Outcome of a state. */
export const loopOutcomes = [
  'generated',
  'selected',
  'rated',
  'disagreement',
  'too_few_ratings',
  'built',
  'no_pairs',
  'trained',
  'over_kl_budget',
  'unsound',
  'answered',
  'won',
  'not_won',
  'not_judged',
  'next_iteration',
  'last_iteration',
] as const;
export type LoopOutcome = (typeof loopOutcomes)[number];

type Transitions = Readonly<Record<LoopState, Readonly<Partial<Record<LoopOutcome, LoopState>>>>>;

export const loopTransitions: Transitions = Object.freeze({
  generate: Object.freeze({ generated: 'select' }),
  select: Object.freeze({ selected: 'awaiting_ratings' }),
  // A labeling batch that was closed early gives no more ratings.
  awaiting_ratings: Object.freeze({ rated: 'pairs', disagreement: 'hold', too_few_ratings: 'hold' }),
  pairs: Object.freeze({ built: 'reward', no_pairs: 'hold' }),
  // Weights of pairs can leave a split without any, which only the training sees. A reward model that failed its audit
  // would teach the policy what people do not prefer.
  reward: Object.freeze({ trained: 'train', no_pairs: 'hold', unsound: 'hold' }),
  // A policy too far from its reference, or whose run failed its audit, is not worth labeling.
  train: Object.freeze({ trained: 'compare', over_kl_budget: 'hold', unsound: 'hold' }),
  compare: Object.freeze({ answered: 'awaiting_judgements' }),
  awaiting_judgements: Object.freeze({ won: 'promote', not_won: 'hold', not_judged: 'hold' }),
  promote: Object.freeze({ next_iteration: 'generate', last_iteration: 'done' }),
  hold: Object.freeze({ next_iteration: 'generate', last_iteration: 'done' }),
  done: Object.freeze({}),
});

/** The state after `outcome`; undefined if `outcome` is impossible in `state`. */
export function nextState(state: LoopState, outcome: LoopOutcome): LoopState | undefined {
  return loopTransitions[state][outcome];
}

export const loopStatuses = ['running', 'paused', 'failed', 'completed', 'stopped'] as const;
export type LoopStatus = (typeof loopStatuses)[number];

export const loopActions = ['pause', 'resume', 'stop', 'fail', 'complete'] as const;
export type LoopAction = (typeof loopActions)[number];

type StatusTransitions = Readonly<Record<LoopStatus, Readonly<Partial<Record<LoopAction, LoopStatus>>>>>;

export const statusTransitions: StatusTransitions = Object.freeze({
  running: Object.freeze({ pause: 'paused', stop: 'stopped', fail: 'failed', complete: 'completed' }),
  paused: Object.freeze({ resume: 'running', stop: 'stopped' }),
  // A failed loop is retried from the state in which it failed.
  failed: Object.freeze({ resume: 'running', stop: 'stopped' }),
  completed: Object.freeze({}),
  stopped: Object.freeze({}),
});

export function nextStatus(status: LoopStatus, action: LoopAction): LoopStatus | undefined {
  return statusTransitions[status][action];
}
