/** What is sent to an API of OpenAI's form and what is read from its answer. */
import type { PolicyEndpoint } from '#src/policies/policy-endpoint.js';
import type { FinishReason } from './completion.entity.js';
import { EndpointError } from './endpoint-error.js';
import type { Sampling } from './sampling.js';

export interface EndpointChoice {
  text: string;
  /** null where the server gives another reason, such as `content_filter`, or none. */
  finishReason: FinishReason | null;
}

export interface EndpointAnswer {
  choices: EndpointChoice[];
  /** As the server counts; null where it does not say. */
  promptTokens: number | null;
  /** Of all choices together. */
  completionTokens: number | null;
}

export function requestUrl({ baseUrl, api }: PolicyEndpoint): URL {
  return new URL(`${baseUrl}/${api === 'chat' ? 'chat/completions' : 'completions'}`);
}

/**
 * The body of one request for `n` completions. Options that OpenAI's API does not know (vLLM, Ollama and others
 * do) are sent only when they ask for something.
 */
export function requestBody(
  { model, api }: PolicyEndpoint,
  prompt: string,
  sampling: Sampling,
  { n, seed }: { n: number; seed: number },
): Record<string, unknown> {
  const { temperature, topP, topK, minP, repetitionPenalty, frequencyPenalty, presencePenalty, stop, maxTokens } = sampling;
  return {
    model,
    ...(api === 'chat' ? { messages: [{ role: 'user', content: prompt }] } : { prompt }),
    n,
    temperature,
    top_p: topP,
    max_tokens: maxTokens,
    seed,
    ...(stop.length > 0 && { stop }),
    ...(frequencyPenalty !== 0 && { frequency_penalty: frequencyPenalty }),
    ...(presencePenalty !== 0 && { presence_penalty: presencePenalty }),
    ...(topK !== null && { top_k: topK }),
    ...(minP !== 0 && { min_p: minP }),
    // vLLM's name, and that of llama.cpp and Ollama; each ignores the other's.
    ...(repetitionPenalty !== 1 && { repetition_penalty: repetitionPenalty, repeat_penalty: repetitionPenalty }),
  };
}

/** @throws EndpointError `endpoint_answer_unreadable` */
export function readAnswer(body: string): EndpointAnswer {
  let answer: Record<string, unknown>;
  try {
    answer = record(JSON.parse(body));
  } catch {
    throw unreadable('it is not JSON');
  }
  if (!Array.isArray(answer.choices) || answer.choices.length === 0) throw unreadable('it has no choices');
  const usage = record(answer.usage);
  return {
    choices: answer.choices.map(readChoice),
    promptTokens: count(usage.prompt_tokens),
    completionTokens: count(usage.completion_tokens),
  };
}

/** A message without content, as some servers write an empty answer, is an empty text. */
function readChoice(value: unknown): EndpointChoice {
  const choice = record(value);
  const written = 'message' in choice ? (record(choice.message).content ?? '') : choice.text;
  if (typeof written !== 'string') throw unreadable('a choice has no text');
  const reason = choice.finish_reason;
  return { text: storable(written), finishReason: reason === 'stop' || reason === 'length' ? reason : null };
}

/** The database holds no NUL and no halves of surrogate pairs. */
function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd').replace(/\p{Surrogate}/gu, '\ufffd');
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function count(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}

function unreadable(why: string): EndpointError {
  return new EndpointError('endpoint_answer_unreadable', `the endpoint's answer cannot be read: ${why}`);
}
