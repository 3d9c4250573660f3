import { DeterministicError } from '#src/common/deterministic-error.js';
import { ProblemException } from '#src/common/problem.js';
import { cut } from '#src/common/text.js';
import { InvalidPayloadError } from './job-types.js';

/** Why a job failed, as kept in `jobs.error`; `code` is stable. */
export interface JobError {
  code: string;
  title: string;
  detail?: string;
}

/**
 * Thrown by a handler when trying again cannot help: the inputs are at fault, not the machine. The job
 * fails at once with this code.
 */
export class JobFailure extends Error {
  override readonly name = 'JobFailure';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Others' words are among the errors: what the database would refuse is taken out of them here. */
const detailLength = 2000;

/** The value of `jobs.error`, and whether a retry may succeed. */
export function describeFailure(error: unknown): { error: JobError; retriable: boolean; waits?: true } {
  if (error instanceof JobFailure) return deterministic(error.code, error.message);
  if (error instanceof DeterministicError) return deterministic(error.code, error.message);
  if (error instanceof InvalidPayloadError) return deterministic('invalid_payload', error.message);
  // Services that a handler calls speak in problems; below 500 they say that the request was at fault.
  if (error instanceof ProblemException && error.init.status < 500) {
    const { code, title, detail } = error.init;
    return { error: { code, title, detail: detail && cut(detail, detailLength) }, retriable: false };
  }
  // A dependency is unavailable, which is not the job's fault: it waits in the queue until the dependency is back.
  if (error instanceof ProblemException && [503, 507].includes(error.init.status)) {
    const { code, title, detail } = error.init;
    return { error: { code, title, detail }, retriable: true, waits: true };
  }
  const detail = cut(error instanceof Error ? error.message : String(error), detailLength);
  return { error: { code: 'internal_error', title: 'The job failed with an unexpected error', detail }, retriable: true };
}

function deterministic(code: string, message: string): { error: JobError; retriable: false } {
  return { error: { code, title: 'The job cannot be completed', detail: cut(message, detailLength) }, retriable: false };
}
