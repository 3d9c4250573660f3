// A sample as lines of the bulk routes. External ids are hashes of what the lines say: the same data again is the same lines, and
// what two files have in common is stored once.
import { createHash } from 'node:crypto';
import { promptMistake } from '#src/common/conversation.js';
import { cut, storableText } from '#src/common/text.js';
import type { Schemas } from '#sdk/client.js';
import { RowError, type Sample } from './sample.js';

type RatingLine = Schemas['CreateRatingDto'] & { completionExternalId: string };

interface PreferenceLine {
  externalId: string;
  criterionVersionId: string;
  labelerExternalId: string;
  completionExternalIds: [string, string];
  preferredCompletionExternalId: string | null;
  rationale?: string;
}

export interface Lines {
  prompt: Schemas['CreatePromptDto'] & { externalId: string };
  completions: Schemas['RecordedCompletionDto'][];
  ratings: RatingLine[];
  preferences: PreferenceLine[];
}

export interface LineContext {
  /** Of completions that name no model. */
  source: string;
  /** Of ratings and preferences that name nobody. */
  labeler: string;
  criterionVersionId: string;
  /** Undefined where a rating is one score. A rating that lacks one of them makes no line. */
  dimensions?: readonly string[];
}

/** What the API takes (src/prompts, src/completions, src/ratings); a text is a question up to its limit, and a message beyond. */
const limits = { promptText: 32_768, content: 262_144, messages: 1000, name: 200, rationale: 10_000, line: 1_048_576 };
const functionName = /^[\w.-]{1,128}$/;

export function linesOf(sample: Sample, { source, labeler, criterionVersionId, dimensions }: LineContext): Lines {
  const asked = typeof sample.prompt !== 'string' ? sample.prompt : sample.prompt.length <= limits.promptText ? { text: sample.prompt } : { messages: [{ role: 'user' as const, content: sample.prompt }] };
  const prompt = { externalId: id('p', asked), ...asked };
  const completions = sample.completions.map((answer) => {
    const content = { promptExternalId: prompt.externalId, ...answer, source: answer.source ?? source };
    return { externalId: id('c', content), ...content };
  });
  const said = ({ labeler: own, rationale }: { labeler?: string; rationale?: string }) => ({
    criterionVersionId,
    labelerExternalId: own ?? labeler,
    ...(rationale !== undefined && rationale !== '' && { rationale: cut(rationale, limits.rationale) }),
  });
  const ratings = sample.ratings.flatMap((rating) => {
    const scores = dimensions ? { dimensionScores: rating.scores } : { score: Object.values(rating.scores)[0] };
    if (dimensions?.some((name) => !Object.hasOwn(rating.scores, name))) return [];
    const content = { completionExternalId: completions[rating.completion].externalId, ...said(rating) };
    return [{ externalId: id('r', { ...content, scores: rating.scores }), ...content, ...scores }];
  });
  const preferences = sample.preferences.map((preference) => {
    // The order in which they were shown is not known. That of their hashes favours neither the better nor the worse.
    const [a, b] = preference.of.map((index) => completions[index].externalId).sort();
    const preferred = preference.preferred === null ? null : completions[preference.preferred].externalId;
    const content = { ...said(preference), completionExternalIds: [a, b] as [string, string], preferredCompletionExternalId: preferred };
    return { externalId: id('j', content), ...content };
  });
  return { prompt, completions, ratings, preferences };
}

function id(kind: string, content: object): string {
  return `${kind}-${createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 40)}`;
}

/** @throws RowError for what the API would refuse */
export function checkLines({ prompt, completions, ratings, preferences }: Lines): void {
  const { text, messages, tools, continueFinalMessage } = prompt;
  checkFunctions('prompt/tools', tools);
  if (text !== undefined) length('prompt', text, 1, limits.promptText);
  if (messages) {
    const mistake = promptMistake({ messages, ...(continueFinalMessage && { continueFinalMessage }) });
    if (mistake) throw new RowError(`prompt${mistake.pointer}`, mistake.rule, mistake.message, mistake.value);
    if (messages.length > limits.messages) throw new RowError('prompt/messages', 'maxItems', `must be at most ${limits.messages} messages`, messages.length);
    for (const [index, { content, reasoning, toolCalls }] of messages.entries()) {
      length(`prompt/messages/${index}/content`, content ?? '', 0, limits.content);
      length(`prompt/messages/${index}/reasoning`, reasoning ?? '', 0, limits.content);
      checkFunctions(`prompt/messages/${index}/toolCalls`, toolCalls);
    }
  }
  for (const completion of completions) {
    length('completion', completion.text, 0, limits.content);
    length('completion/reasoning', completion.reasoning ?? '', 0, limits.content);
    checkFunctions('completion/toolCalls', completion.toolCalls);
    length('completion/source', completion.source, 1, limits.name);
  }
  for (const { labelerExternalId } of [...ratings, ...preferences]) length('labeler', labelerExternalId ?? '', 1, limits.name);
  for (const [what, line] of [['prompt', prompt], ...completions.map((completion) => ['completion', completion] as const)] as const) {
    const json = JSON.stringify(line);
    if (json.length > limits.line) throw new RowError(what, 'lineLength', `must be at most ${limits.line} characters as JSON`, json.length);
    // NUL and halves of surrogate pairs, which are always escaped in JSON.
    if (/\\u(0000|d[89a-f])/.test(json) && !isStorable(line)) throw new RowError(what, 'isStorable', 'must not contain NUL characters or lone surrogates');
  }
}

function checkFunctions(field: string, list: readonly { function: { name: string } }[] | undefined): void {
  const wrong = list?.find(({ function: { name } }) => !functionName.test(name));
  if (wrong) throw new RowError(field, 'functionName', `must name functions of letters, digits, '_', '.' and '-', at most 128`, wrong.function.name);
}

function length(field: string, text: string, least: number, most: number): void {
  if (text.length < least || text.length > most) throw new RowError(field, 'length', `must have ${least} to ${most} characters`, text.length);
}

function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return storableText(value) === value;
  return value === null || typeof value !== 'object' || Object.values(value).every(isStorable);
}
