// Anthropic's HH-RLHF: whole dialogues as one text each, which differ in their last answer. Others give the prompt apart, as such
// a text too.
import type { Message } from '#src/common/conversation.js';
import { answerOf, commonTurns, promptOf } from '../messages.js';
import { given, prefer, RowError, sample, textOf, type Format, type Row, type Sample } from '../sample.js';

const isDialogue = (value: unknown): value is string => typeof value === 'string' && /^\s*(Human|Assistant):/.test(value);

export const hh: Format = {
  name: 'hh',
  title: 'HH-RLHF dialogues',
  example: { chosen: '\n\nHuman: Where is the mill?\n\nAssistant: North.', rejected: '\n\nHuman: Where is the mill?\n\nAssistant: No idea.' },
  becomes: 'a prompt (a conversation where there are several turns), two completions and a preference',
  columns: ['prompt', 'chosen', 'rejected'],
  recognises: (row) => (isDialogue(row.chosen) && isDialogue(row.rejected)) || (isDialogue(row.prompt) && typeof row.chosen === 'string' && typeof row.rejected === 'string'),
  read: readDialogues,
};

function readDialogues(row: Row): Sample {
  const [chosen, rejected] = [textOf(row, 'chosen'), textOf(row, 'rejected')];
  const made = given(row.prompt) && !isDialogue(chosen) ? withPrompt(textOf(row, 'prompt'), chosen, rejected) : fromDialogues(dialogue(chosen, '/chosen'), dialogue(rejected, '/rejected'));
  prefer(made, [0, 1], 0);
  return made;
}

function fromDialogues(chosen: Message[], rejected: Message[]): Sample {
  const common = commonTurns(chosen, rejected);
  if (common === 0) throw new RowError('/chosen', 'prompt', 'chosen and rejected begin with nothing in common');
  const answers = [answerOf(chosen.slice(common), '/chosen'), answerOf(rejected.slice(common), '/rejected')];
  return sample(promptOf(chosen.slice(0, common)), answers);
}

function withPrompt(prompt: string, chosen: string, rejected: string): Sample {
  const turns = dialogue(prompt, '/prompt');
  // It ends with 'Assistant:', where the answer begins.
  if (turns.at(-1)?.role === 'assistant' && turns.at(-1)?.content === '') turns.pop();
  return sample(promptOf(turns), [{ text: chosen.trim() }, { text: rejected.trim() }]);
}

function dialogue(text: string, at: string): Message[] {
  // The first piece is what stands before the first speaker: nothing.
  const [before, ...pieces] = `\n\n${text.trimStart()}`.split(/\n\n(Human|Assistant):/);
  if (before.trim() !== '' || pieces.length === 0) throw new RowError(at, 'dialogue', "must begin with 'Human:' or 'Assistant:'", text);
  return Array.from({ length: pieces.length / 2 }, (_, index): Message => ({
    role: pieces[2 * index] === 'Human' ? 'user' : 'assistant',
    content: pieces[2 * index + 1].trim(),
  }));
}
