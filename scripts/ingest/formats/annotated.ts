// Exports of annotation tools, whose fields and questions have the names that their users gave them. Which field is the prompt
// and which are answers is told by names, or by `--map prompt=theirs`; what was said is read by its shape.
import { answerOf, messageList, promptOf, readMessages } from '../messages.js';
import { given, isObject, prefer, RowError, sample, type Answer, type Row, type Sample } from '../sample.js';

/** What one person said to one question about a row. */
export interface Said {
  question: string;
  /** The field that it was said of, where that is known. */
  target?: string;
  value: unknown;
}

export interface Fields {
  made: Sample;
  /** Name of the field of each completion. */
  names: string[];
}

const promptNames = ['prompt', 'instruction', 'question', 'input', 'query', 'messages', 'conversation', 'chat', 'dialogue'];
const answerName = /^(response|completion|answer|output|generation|reply|candidate|chosen|rejected|model)[-_ ]?([0-9]+|[a-z])?$/i;
const reasonName = /rationale|reason|comment|explan|justif|feedback/i;

/** Forms of names that are told apart by nothing but their spelling. */
const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

export function readFields(fields: Row, at: string): Fields {
  const names = Object.keys(fields);
  const prompt = promptNames.map((wanted) => names.find((name) => name.toLowerCase() === wanted)).find((name) => name !== undefined && given(fields[name]));
  if (prompt === undefined) {
    const rule = `must have a prompt: a field of the name ${promptNames.slice(0, 5).join(', ')} or another that --map prompt=NAME tells`;
    throw new RowError(at, 'prompt', rule, names.join(', '));
  }
  const answers = names.filter((name) => name !== prompt && answerName.test(name) && given(fields[name]));
  const list = messageList(fields[prompt]);
  const question = list ? promptOf(readMessages(list, `${at}/${prompt}`)) : text(fields[prompt], `${at}/${prompt}`);
  const made = sample(question, answers.map((name) => readAnswer(fields[name], `${at}/${name}`)));
  for (const name of names) if (name !== prompt && !answers.includes(name)) made.leftOut.push(`field ${name}`);
  return { made, names: answers };
}

function readAnswer(value: unknown, at: string): Answer {
  const list = messageList(value);
  return list ? answerOf(readMessages(list, at), at) : { text: text(value, at) };
}

function text(value: unknown, at: string): string {
  if (typeof value === 'string') return value;
  throw new RowError(at, 'string', 'must be a text or a list of messages', value);
}

/** Adds what one person said: numbers are ratings, of dimensions named after their questions; orders and choices are preferences. */
export function judge({ made, names }: Fields, said: readonly Said[], labeler?: string): void {
  const reasons = said.filter(({ question, value }) => reasonName.test(question) && typeof value === 'string' && value !== '').map(({ value }) => value as string);
  const by = { ...(labeler !== undefined && { labeler }), ...(reasons.length > 0 && { rationale: reasons.join('\n\n') }) };
  const scores = new Map<number, Record<string, number>>();
  for (const { question, target, value } of said) {
    if (typeof value === 'number') {
      const completion = rated(names, question, target);
      if (completion < 0) made.leftOut.push(`answers to ${question}: of which completion is not known`);
      else scores.set(completion, { ...scores.get(completion), [dimension(question, names[completion])]: value });
    } else if (names.length >= 2 && isRanking(value)) {
      rank(made, names, value, by);
    } else if (names.length === 2 && choice(value, names) !== undefined) {
      prefer(made, [0, 1], choice(value, names)!, by);
    } else if (!reasonName.test(question)) {
      made.leftOut.push(`answers to ${question}: no number, order or choice between two completions`);
    }
  }
  for (const [completion, byDimension] of scores) made.ratings.push({ completion, scores: byDimension, ...by });
}

function rated(names: readonly string[], question: string, target?: string): number {
  if (names.length === 1) return 0;
  const named = (name: string) => (target !== undefined && plain(name) === plain(target)) || plain(question).includes(plain(name));
  return names.filter(named).length === 1 ? names.findIndex(named) : -1;
}

/** `helpfulness of response-1` is the same dimension as `helpfulness of response-2`. */
function dimension(question: string, field: string): string {
  const rest = question.toLowerCase().replace(field.toLowerCase(), '').replace(/\b(of|for)\b/g, '');
  const name = rest.replace(/[^a-z0-9]+/g, '_').replace(/^[_0-9]+|_+$/g, '');
  return (name || 'rating').slice(0, 60);
}

interface Ranked {
  value: string;
  rank: number;
}

const isRanking = (value: unknown): value is Ranked[] =>
  Array.isArray(value) && value.length >= 2 && value.every((item) => isObject(item) && typeof item.value === 'string' && typeof item.rank === 'number');

/** Every two of an order, as a preference each. */
function rank(made: Sample, names: readonly string[], ranking: readonly Ranked[], by: { labeler?: string; rationale?: string }): void {
  const placed = ranking.map((item) => ({ completion: indexOf(item.value, names), rank: item.rank }));
  if (placed.some(({ completion }) => completion === undefined)) {
    made.leftOut.push('rankings of something else than completions');
    return;
  }
  for (const [i, a] of placed.entries()) {
    for (const b of placed.slice(i + 1)) {
      const preferred = a.rank === b.rank ? null : a.rank < b.rank ? a.completion! : b.completion!;
      prefer(made, [a.completion!, b.completion!], preferred, by);
    }
  }
}

/** Which completion a word names: by its field, or as left and right, first and second, A and B. */
function indexOf(word: string, names: readonly string[]): number | undefined {
  const exact = names.findIndex((name) => plain(name) === plain(word));
  if (exact >= 0) return exact;
  const spoken = [['left', 'first', 'a', '1'], ['right', 'second', 'b', '2']].findIndex((words) => words.includes(plain(word)));
  return spoken >= 0 && spoken < names.length ? spoken : undefined;
}

function choice(value: unknown, names: readonly string[]): number | null | undefined {
  const word: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (typeof word !== 'string') return undefined;
  return ['tie', 'equal', 'both', 'same', 'none', 'neither'].includes(plain(word)) ? null : indexOf(word, names);
}
