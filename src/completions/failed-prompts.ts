/** Prompts that could not be answered, among others that were. */
import { JobFailure } from '#src/jobs/job-failure.js';

export interface PromptFailure {
  promptId: string;
  /** Stable: `prompt_too_long`, or an endpoint's refusal. */
  code: string;
  message: string;
}

/** One in ten: a single bad prompt does no harm, and an endpoint that refuses most prompts is not sent all of them. */
export const defaultMaxFailedShare = 0.1;

/** @throws JobFailure with the code of the first failure, where more failed than may */
export function requireShare(failures: readonly PromptFailure[], prompts: number, maxFailedShare: number): void {
  if (failures.length <= maxFailedShare * prompts) return;
  const [{ code, message }] = failures;
  throw new JobFailure(code, `${failures.length} of ${prompts} prompts failed, more than maxFailedShare ${maxFailedShare} allows; first failure: ${message}`);
}

