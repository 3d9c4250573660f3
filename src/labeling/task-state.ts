// The life of a task as one table: what is not in it cannot happen. A task is one attempt to fill one slot of an
// item: when it ends without a result, a new task takes its slot (task-sql.ts), and the old one stays on record.

export const taskStates = ['available', 'leased', 'completed', 'released', 'skipped', 'expired', 'closed'] as const;
export type TaskState = (typeof taskStates)[number];

export const taskActions = ['claim', 'heartbeat', 'submit', 'release', 'skip', 'expire', 'close'] as const;
export type TaskAction = (typeof taskActions)[number];

export const taskTransitions: Readonly<Record<TaskState, Readonly<Partial<Record<TaskAction, TaskState>>>>> = Object.freeze({
  available: Object.freeze({ claim: 'leased', close: 'closed' }),
  leased: Object.freeze({
    heartbeat: 'leased',
    submit: 'completed',
    release: 'released',
    skip: 'skipped',
    expire: 'expired',
    close: 'closed',
  }),
  completed: Object.freeze({}),
  released: Object.freeze({}),
  skipped: Object.freeze({}),
  expired: Object.freeze({}),
  closed: Object.freeze({}),
});

/** The state after `action`, or undefined when `state` does not allow it. */
export function nextTaskState(state: TaskState, action: TaskAction): TaskState | undefined {
  return taskTransitions[state][action];
}
