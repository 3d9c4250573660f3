// Why something cannot be done to a task that is there: each reason has its own code.
import { conflict, type ProblemException } from '#src/common/problem.js';
import { nextTaskState, type TaskAction, type TaskState } from './task-state.js';

export interface TaskStanding {
  id: string;
  /** `expired` from the moment its lease is over, whether somebody has looked or not. */
  state: TaskState;
  labelerId: string | null;
  vendorId: string | null;
  batchState: string;
}

/** Who acts. Callers act for labelers of their own vendor; one without a vendor, for those that have none. */
export interface TaskActor {
  vendorId: string | null;
  /** Undefined where the caller did not say. */
  labelerId?: string;
}

/** Undefined when nothing stands in the way. */
export function taskProblem(task: TaskStanding, action: TaskAction, actor: TaskActor): ProblemException | undefined {
  if (!heldBy(task, actor)) return notYours(task);
  if (nextTaskState(task.state, action)) return undefined;
  switch (task.state) {
    case 'expired':
      return problem('task_lease_expired', 'leased', `the lease of task ${task.id} is over: it is open to others, claim again`, task);
    case 'completed':
      return problem('task_already_completed', 'leased', `task ${task.id} has its answer: correct it instead`, task);
    case 'closed':
      return problem('labeling_batch_closed', 'open', `the batch of task ${task.id} was closed`, task);
    default:
      return notYours(task);
  }
}

/** A batch that came to its end by itself may have done so with a slip of the finger; one that was closed is settled. */
export function correctionProblem(task: TaskStanding, actor: TaskActor): ProblemException | undefined {
  if (!heldBy(task, actor)) return notYours(task);
  if (task.state !== 'completed') return problem('task_not_completed', 'completed', `task ${task.id} is ${task.state}: there is nothing to correct`, task);
  if (task.batchState === 'closed') return problem('labeling_batch_closed', 'open', `the batch of task ${task.id} was closed`, task);
  return undefined;
}

function heldBy(task: TaskStanding, { vendorId, labelerId }: TaskActor): boolean {
  return task.vendorId === vendorId && (labelerId === undefined || task.labelerId === labelerId);
}

function notYours(task: TaskStanding): ProblemException {
  return problem('task_not_leased_by_you', 'leasedByLabeler', `task ${task.id} is not leased by this labeler`, task);
}

function problem(code: string, rule: string, message: string, task: TaskStanding): ProblemException {
  return conflict(code, message, [{ pointer: '', rule, message, value: task.state }]);
}
