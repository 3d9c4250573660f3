// The row types of TRL (huggingface.co/docs/trl/dataset_formats): preference, prompt-completion and prompt-only, each as texts or
// as lists of messages, with the prompt in a column of its own or as the common beginning of both answers.
import type { Conversation } from '#src/common/conversation.js';
import { answerOf, commonTurns, messageList, promptOf, readMessages, readTools } from '../messages.js';
import { given, isObject, labelerColumns, labelerOf, numberOf, optionalText, prefer, RowError, sample, textOf, type Answer, type Format, type Row, type Sample } from '../sample.js';

export const trlPreference: Format = {
  name: 'trl-preference',
  title: 'TRL preference rows',
  example: {
    prompt: [{ role: 'user', content: 'What colour is the sky?' }],
    chosen: [{ role: 'assistant', content: 'Blue.' }],
    rejected: [{ role: 'assistant', content: 'Green.' }],
  },
  becomes: 'a prompt, two completions and a preference',
  columns: ['prompt', 'chosen', 'rejected', 'tools', 'chosen_model', 'rejected_model', 'chosen-model', 'rejected-model', 'rationale', ...labelerColumns, 'score_chosen', 'score_rejected'],
  recognises: (row) => given(row.chosen) && row.rejected !== undefined && !isObject(row.chosen),
  read: readPreference,
};

export const trlCompletion: Format = {
  name: 'prompt-completion',
  title: 'Prompt-completion rows, as in TRL; with a label or a score where there is one',
  example: { prompt: 'What colour is the sky?', completion: 'Blue.', label: true },
  becomes: 'a prompt and a completion; `label` (true or false) a rating of 1 or 0, `score` a rating',
  columns: ['prompt', 'completion', 'response', 'tools', 'label', 'score', 'rating', 'model', 'rationale', ...labelerColumns],
  recognises: (row) => given(row.prompt) && (row.completion !== undefined || row.response !== undefined),
  read: readCompletion,
};

export const trlPrompt: Format = {
  name: 'prompt-only',
  title: 'Prompts alone',
  example: { prompt: 'What colour is the sky?' },
  becomes: 'a prompt',
  columns: ['prompt', 'tools'],
  recognises: (row) => given(row.prompt),
  read: (row) => sample(readPrompt(row)),
};

/** @param row has `chosen` and `rejected`, and may have `prompt` */
function readPreference(row: Row): Sample {
  const sources = ['chosen', 'rejected'].map((side) => optionalText(row, `${side}_model`, `${side}-model`));
  const [chosen, rejected] = [messageList(row.chosen), messageList(row.rejected)];
  const { prompt, answers } = chosen && rejected ? fromMessages(row, chosen, rejected) : fromTexts(row);
  const made = sample(prompt, answers.map((answer, side) => ({ ...answer, ...(sources[side] !== undefined && { source: sources[side] }) })));
  const rationale = optionalText(row, 'rationale');
  // Binarized data has pairs of equal scores, whose order was drawn by chance.
  const tied = given(row.score_chosen) && given(row.score_rejected) && Number(row.score_chosen) === Number(row.score_rejected);
  prefer(made, [0, 1], tied ? null : 0, { ...labelerOf(row), ...(rationale !== undefined && { rationale }) });
  if (given(row.score_chosen) && !tied) made.leftOut.push('score_chosen and score_rejected: the preference says which is better');
  return made;
}

function fromMessages(row: Row, chosenList: Row[], rejectedList: Row[]): { prompt: Sample['prompt']; answers: Answer[] } {
  const chosen = readMessages(chosenList, '/chosen');
  const rejected = readMessages(rejectedList, '/rejected');
  const common = commonTurns(chosen, rejected);
  const tools = readTools(row.tools);
  const answers = [answerOf(chosen.slice(common), '/chosen'), answerOf(rejected.slice(common), '/rejected')];
  const apart = messageList(row.prompt);
  // UltraFeedback's binarized form has whole conversations in `chosen`, and the first question in `prompt` again.
  const own = apart ? readMessages(apart, '/prompt') : common === 0 && typeof row.prompt === 'string' ? [{ role: 'user' as const, content: row.prompt }] : [];
  const turns = startsWith(chosen.slice(0, common), own) ? chosen.slice(0, common) : [...own, ...chosen.slice(0, common)];
  if (turns.length === 0) throw new RowError('/prompt', 'prompt', 'chosen and rejected begin with nothing in common, and there is no prompt', row.prompt);
  return { prompt: promptOf(turns, tools), answers };
}

function startsWith(turns: readonly object[], beginning: readonly object[]): boolean {
  return beginning.length <= turns.length && beginning.every((turn, index) => JSON.stringify(turn) === JSON.stringify(turns[index]));
}

function fromTexts(row: Row): { prompt: Sample['prompt']; answers: Answer[] } {
  const [chosen, rejected] = [textOf(row, 'chosen'), textOf(row, 'rejected')];
  if (given(row.prompt)) return { prompt: readPrompt(row), answers: [{ text: chosen }, { text: rejected }] };
  const end = commonWords(chosen, rejected);
  if (end === 0) throw new RowError('/prompt', 'prompt', 'chosen and rejected begin with nothing in common, and there is no prompt', row.prompt);
  return { prompt: chosen.slice(0, end), answers: [{ text: chosen.slice(end) }, { text: rejected.slice(end) }] };
}

/** Where two texts begin to differ, back at the last white space: an answer begins with a whole word. */
function commonWords(a: string, b: string): number {
  let end = 0;
  while (end < a.length && end < b.length && a[end] === b[end]) end++;
  while (end > 0 && !/\s/.test(a[end] ?? '')) end--;
  return end;
}

function readPrompt(row: Row): string | Conversation {
  const list = messageList(row.prompt);
  const tools = readTools(row.tools);
  if (list) return promptOf(readMessages(list, '/prompt'), tools);
  return tools ? promptOf([{ role: 'user', content: textOf(row, 'prompt') }], tools) : textOf(row, 'prompt');
}

function readCompletion(row: Row): Sample {
  const field = row.completion !== undefined ? 'completion' : 'response';
  const list = messageList(row[field]);
  const source = optionalText(row, 'model');
  const answer = list ? answerOf(readMessages(list, `/${field}`), `/${field}`) : { text: textOf(row, field) };
  const made = sample(readPrompt(row), [{ ...answer, ...(source !== undefined && { source }) }]);
  const scored = ['label', 'score', 'rating'].find((name) => given(row[name]));
  if (!scored) return made;
  const score = scored === 'label' ? labelOf(row.label) : numberOf(row[scored], `/${scored}`);
  const rationale = optionalText(row, 'rationale');
  made.ratings.push({ completion: 0, scores: { '': score }, ...labelerOf(row), ...(rationale !== undefined && { rationale }) });
  return made;
}

function labelOf(value: unknown): number {
  if (value === true || value === false) return Number(value);
  const word = ['false', 'true'].indexOf(String(value).toLowerCase());
  return word >= 0 ? word : numberOf(value, '/label');
}
