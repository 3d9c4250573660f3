import { ProblemException, unprocessable } from '#src/common/problem.js';
import { SandboxBusyError, SandboxedError, SandboxLimitError } from '#src/common/sandbox.js';

/**
 * What a call answers whose work on a model, in a child process, came to nothing: 422 `tokenizer_failed` or
 * `chat_template_failed` where the model's files are to blame, 503 `plan_timed_out` or `too_many_plans`. Other errors as they are.
 */
export function sandboxProblem(error: unknown, pointer: string): unknown {
  const unavailable = (code: string, title: string, detail: string, seconds: number): ProblemException =>
    new ProblemException({ status: 503, code, title, detail, headers: { 'retry-after': String(seconds) } });
  if (error instanceof SandboxBusyError) return unavailable('too_many_plans', 'Too many models are being read or planned', error.message, 5);
  if (error instanceof SandboxLimitError) return unavailable('plan_timed_out', 'Reading or planning the model was stopped', `it ${error.message}`, 30);
  const code = error instanceof SandboxedError ? error.thrown.code : undefined;
  if (code === 'tokenizer_failed' || code === 'chat_template_failed') return unprocessable(code, pointer, 'model', (error as Error).message);
  return error;
}
