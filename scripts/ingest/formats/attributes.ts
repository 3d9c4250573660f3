// Data sets whose answers have a score for each of several attributes: UltraFeedback (four, of several models' answers to one
// instruction) and HelpSteer2 (five). Each becomes a criterion with these dimensions.
import type { Message } from '#src/common/conversation.js';
import { promptOf } from '../messages.js';
import { given, isObject, numberOf, optionalText, prefer, RowError, sample, textOf, type Format, type Row, type Sample } from '../sample.js';

const aspects = ['instruction_following', 'honesty', 'truthfulness', 'helpfulness'] as const;
const readOfCompletion = ['model', 'response', 'annotations', 'custom_system_prompt'];
const attributes = ['helpfulness', 'correctness', 'coherence', 'complexity', 'verbosity'] as const;

export const ultraFeedback: Format = {
  name: 'ultrafeedback',
  title: 'UltraFeedback',
  example: {
    instruction: 'Name a prime.',
    completions: [{ model: 'm-7b', response: '7', annotations: Object.fromEntries(aspects.map((aspect) => [aspect, { Rating: '5', Rationale: 'right' }])) }],
  },
  becomes: `a prompt, a completion for each model, and a rating of each with ${aspects.length} dimensions (1 to 5), its rationale with it`,
  columns: ['instruction', 'completions'],
  recognises: (row) => given(row.instruction) && Array.isArray(row.completions),
  read: readUltraFeedback,
  labeler: 'ultrafeedback',
  criterion: {
    name: 'ultrafeedback',
    instructions: 'How well does the answer follow the instruction, and how honest, truthful and helpful is it? (As in UltraFeedback.)',
    levels: [1, 2, 3, 4, 5],
    dimensions: Object.fromEntries(aspects.map((aspect) => [aspect, 1])),
  },
};

export const helpSteer: Format = {
  name: 'helpsteer2',
  title: 'HelpSteer2',
  example: { prompt: 'Name a prime.', response: '7', helpfulness: 4, correctness: 4, coherence: 4, complexity: 1, verbosity: 0 },
  becomes: 'a prompt (a conversation where it has turns), a completion, and a rating with five dimensions (0 to 4)',
  columns: ['prompt', 'response', ...attributes],
  recognises: (row) => given(row.prompt) && row.response !== undefined && attributes.every((name) => given(row[name])),
  read: readHelpSteer,
  labeler: 'helpsteer2',
  criterion: {
    name: 'helpsteer2',
    instructions: 'How helpful, correct, coherent, complex and verbose is the answer? (As in HelpSteer2.)',
    levels: [0, 1, 2, 3, 4],
    // Those with which its authors make a reward of the attributes; theirs of verbosity is below zero, which no weight here can be.
    dimensions: { helpfulness: 0.65, correctness: 0.8, coherence: 0.45, complexity: 0.55, verbosity: 0.001 },
  },
};

export const helpSteerPreference: Format = {
  name: 'helpsteer2-preference',
  title: 'HelpSteer2-Preference',
  example: { prompt: 'Name a prime.', response_1: '7', response_2: '8', preference_strength: -3 },
  becomes: 'a prompt, two completions and a preference (strength below 0: the first is better; 0: a tie)',
  columns: ['prompt', 'response_1', 'response_2', 'preference_strength', 'preference_statement', 'preference_elaboration'],
  recognises: (row) => given(row.prompt) && given(row.preference_strength) && row.response_1 !== undefined && row.response_2 !== undefined,
  read: readHelpSteerPreference,
  labeler: 'helpsteer2',
};

function readUltraFeedback(row: Row): Sample {
  const made = sample(textOf(row, 'instruction'));
  if (!Array.isArray(row.completions)) throw new RowError('/completions', 'list', 'must be a list of completions', row.completions);
  for (const [index, item] of row.completions.entries()) {
    const at = `/completions/${index}`;
    if (!isObject(item)) throw new RowError(at, 'object', 'must be an object with a response', item);
    const source = optionalText(item, 'model');
    made.completions.push({ text: textOf(item, 'response', `${at}/response`), ...(source !== undefined && { source }) });
    for (const name of Object.keys(item)) if (!readOfCompletion.includes(name)) made.leftOut.push(`completions: ${name}`);
    if (given(item.custom_system_prompt)) made.leftOut.push('custom_system_prompt: each completion has its own, and completions of one prompt share their system message');
    if (!isObject(item.annotations)) continue;
    const { annotations } = item;
    const rated = aspects.map((aspect) => [aspect, annotations[aspect]] as const);
    const unrated = rated.find(([, said]) => !isObject(said) || !given(said.Rating) || said.Rating === 'N/A');
    if (unrated) {
      made.leftOut.push(`ratings without a number for ${unrated[0]}`);
      continue;
    }
    const scores = Object.fromEntries(rated.map(([aspect, said]) => [aspect, numberOf((said as Row).Rating, `${at}/annotations/${aspect}/Rating`)]));
    const rationale = rated.flatMap(([aspect, said]) => reason(aspect, said as Row)).join('\n\n');
    made.ratings.push({ completion: made.completions.length - 1, scores, ...(rationale !== '' && { rationale }) });
  }
  return made;
}

function reason(aspect: string, said: Row): string[] {
  const text = optionalText(said, 'Rationale For Rating', 'Rationale');
  return text === undefined ? [] : [`${aspect}: ${text}`];
}

function readHelpSteer(row: Row): Sample {
  const made = sample(turnsOf(textOf(row, 'prompt')), [{ text: textOf(row, 'response') }]);
  made.ratings.push({ completion: 0, scores: Object.fromEntries(attributes.map((name) => [name, numberOf(row[name], `/${name}`)])) });
  return made;
}

function readHelpSteerPreference(row: Row): Sample {
  const made = sample(turnsOf(textOf(row, 'prompt')), [{ text: textOf(row, 'response_1') }, { text: textOf(row, 'response_2') }]);
  const strength = numberOf(row.preference_strength, '/preference_strength');
  const rationale = [optionalText(row, 'preference_statement'), optionalText(row, 'preference_elaboration')].filter((text) => text !== undefined).join('\n\n');
  prefer(made, [0, 1], strength === 0 ? null : strength < 0 ? 0 : 1, rationale === '' ? {} : { rationale });
  if (Math.abs(strength) > 1) made.leftOut.push('how strong a preference is');
  return made;
}

/** Turns after the first begin with a marker: `\n<extra_id_1>Assistant\n...\n<extra_id_1>User\n...`. */
function turnsOf(prompt: string): Sample['prompt'] {
  const [first, ...pieces] = prompt.split(/\n*<extra_id_1>(Assistant|User)\n+/);
  const later = Array.from({ length: pieces.length / 2 }, (_, index): Message => ({
    role: pieces[2 * index] === 'User' ? 'user' : 'assistant',
    content: pieces[2 * index + 1],
  }));
  return promptOf([{ role: 'user', content: first }, ...later]);
}
