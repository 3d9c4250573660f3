import type { AskedPrompt, ToolCall } from '#src/common/conversation.js';
import type { GenerationControl } from '#src/lm/decode/generate.js';
import type { FinishReason } from './completion.entity.js';
import type { Sampling } from './sampling.js';
import { JobFailure } from '#src/jobs/job-failure.js';

/** A completion as it is kept. */
export interface WrittenCompletion {
  promptId: string;
  /** From 0 within the prompt. */
  sampleIndex: number;
  seed: number;
  text: string;
  /** Reasoning before the text, if an endpoint returns it separately. */
  reasoning?: string | null;
  /** Tool calls and refusal, if the endpoint reports them. */
  toolCalls?: ToolCall[] | null;
  refusal?: boolean;
  /** null where an endpoint gives another reason. */
  finishReason: FinishReason | null;
  /** null: the endpoint does not report it. */
  promptTokens: number | null;
  /** The end marker, or the tokens of a stop string, included. */
  completionTokens: number | null;
}

export interface SourceControl extends GenerationControl {
  /** Called for each prompt that cannot be answered, which then has no completions. Without it, the first failure is thrown. */
  onFailed?: (failure: PromptFailure) => void;
}

/** A policy version ready to answer: weights in memory, or an endpoint. */
export interface CompletionSource {
  /** `sampling.n` completions of every prompt that did not fail, by prompt in the order given. */
  generate(prompts: readonly AskedPrompt[], sampling: Sampling, control?: SourceControl): Promise<WrittenCompletion[]>;
  dispose(): void | Promise<void>;
}

/** Prompts that could not be answered, among others that were. */
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
