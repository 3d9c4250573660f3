/** Builds requests to OpenAI-compatible APIs and reads their responses. */
import { wireMessage, type PromptContent, type ToolCall } from '#src/common/conversation.js';
import type { PolicyEndpoint } from '#src/policies/policy.entity.js';
import type { FinishReason } from './completion.entity.js';
import { EndpointError } from './endpoint-error.js';
import { storableText } from '#src/common/text.js';
import type { Sampling } from './sampling.js';

interface EndpointChoice {
  text: string;
  /** Reasoning of the model, if the server returns it separately. */
  reasoning: string | null;
  toolCalls: ToolCall[] | null;
  /** The server reported a refusal; the text is the refusal. */
  refusal: boolean;
  /** null where the server gives another reason, such as `content_filter`, or none. */
  finishReason: FinishReason | null;
}

export interface EndpointAnswer {
  choices: EndpointChoice[];
  /** As counted by the server; null: not reported. */
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
  prompt: PromptContent,
  sampling: Sampling,
  { n, seed }: { n: number; seed: number },
): Record<string, unknown> {
  const { temperature, topP, topK, minP, repetitionPenalty, frequencyPenalty, presencePenalty, stop, maxTokens } = sampling;
  return {
    model,
    ...(api === 'chat' ? askedChat(prompt) : { prompt: textOf(prompt) }),
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

/** A conversation as it is, by the names of OpenAI's API. */
function askedChat(prompt: PromptContent): Record<string, unknown> {
  if (typeof prompt === 'string') return { messages: [{ role: 'user', content: prompt }] };
  const { messages, tools, continueFinalMessage } = prompt;
  return {
    messages: messages.map(wireMessage),
    ...(tools && { tools }),
    // vLLM's names; servers that do not know them begin a new answer.
    ...(continueFinalMessage && { continue_final_message: true, add_generation_prompt: false }),
  };
}

/** @throws EndpointError where the server reads texts only */
function textOf(prompt: PromptContent): string {
  if (typeof prompt === 'string') return prompt;
  throw new EndpointError('conversation_refused', 'a conversation needs the chat API; this endpoint uses the completions API', false, undefined, true);
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

/** Fields in which servers return reasoning: vLLM and DeepSeek, OpenRouter and newer vLLM. */
const thoughtFields = ['reasoning_content', 'reasoning'] as const;

/** An empty text is kept if the server reports an empty completion; null, or reasoning without a text, is no completion. */
function readChoice(value: unknown): EndpointChoice {
  const choice = record(value);
  const reason = choice.finish_reason;
  const finishReason = reason === 'stop' || reason === 'length' ? reason : null;
  if (!('message' in choice)) {
    if (typeof choice.text !== 'string') throw unreadable('a choice has no text');
    return { ...plain, text: storableText(choice.text), finishReason };
  }
  const message = record(choice.message);
  const thought = thoughtFields.find((field) => typeof message[field] === 'string' && message[field] !== '');
  const reasoning = thought === undefined ? null : storableText(String(message[thought]));
  const { content, refusal } = message;
  if (typeof content !== 'string' && content !== null && content !== undefined) throw unreadable('a choice has no text');
  if (typeof refusal === 'string' && refusal !== '') return { ...plain, text: storableText(refusal), reasoning, refusal: true, finishReason };
  const toolCalls = readToolCalls(message.tool_calls);
  const hasNone = content === undefined || content === null || (content === '' && thought !== undefined);
  if (hasNone && !toolCalls) throw emptyAnswer(thought, reason);
  return { ...plain, text: storableText(content ?? ''), reasoning, toolCalls, finishReason };
}

const plain = { reasoning: null, toolCalls: null, refusal: false };

function readToolCalls(value: unknown): ToolCall[] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  return value.map((one) => {
    const { id, function: called } = record(one);
    const { name, arguments: given } = record(called);
    if (typeof id !== 'string' || typeof name !== 'string' || typeof given !== 'string') throw unreadable('a tool call has no id, name or arguments');
    return { id: storableText(id), type: 'function', function: { name: storableText(name), arguments: storableText(given) } };
  });
}

function emptyAnswer(thought: string | undefined, reason: unknown): EndpointError {
  const beside = thought === undefined ? '' : `, though ${thought} is not`;
  const advice = thought !== undefined && reason === 'length' ? '; give more maxTokens' : '';
  return new EndpointError('endpoint_answer_empty', `the endpoint's response has no text: message.content is empty${beside} (finish_reason ${JSON.stringify(reason ?? null)})${advice}`);
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function count(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}

function unreadable(why: string): EndpointError {
  return new EndpointError('endpoint_answer_unreadable', `the endpoint's response is invalid: ${why}`);
}
