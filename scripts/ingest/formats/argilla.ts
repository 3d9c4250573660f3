// Argilla: records as its SDK exports them (`fields` and `responses`, of version 2 by question and of version 1 by person), and as
// it pushes them to the Hub: a column a field, and a question `QUESTION.responses` and `QUESTION.responses.users` (version 2) or a
// list of what each person said (version 1).
import { isObject, type Format, type Row, type Sample } from '../sample.js';
import { judge, readFields, type Said } from './annotated.js';

const notFields = ['id', 'status', '_server_id', 'metadata', 'vectors', 'suggestions'];
const flatResponses = /^(.+)\.responses$/;

export const argilla: Format = {
  name: 'argilla',
  title: 'Argilla records',
  example: {
    fields: { instruction: 'Name a prime.', 'response-1': '7', 'response-2': '8' },
    responses: { ranking: [{ value: [{ value: 'response-1', rank: 1 }, { value: 'response-2', rank: 2 }], user_id: 'u-1' }] },
  },
  becomes: 'a prompt, a completion a field, a rating for each rating question (a dimension each, where there are several), a preference for every two of a ranking; drafts and suggestions are left out',
  columns: ['id', 'status', '_server_id', 'fields', 'responses'],
  reads: (column) => /\.responses(\.users|\.status)?$/.test(column) || !(column.includes('.') || notFields.includes(column)),
  recognises: (row) => (isObject(row.fields) && 'responses' in row) || Object.entries(row).some(([name, value]) => flatResponses.test(name) || isAnswers(value)),
  read: readRecord,
};

/** A question's column of version 1. */
const isAnswers = (value: unknown): value is Row[] => Array.isArray(value) && value.length > 0 && value.every((item) => isObject(item) && 'user_id' in item && 'value' in item);

interface Person {
  id: string;
  said: Said[];
}

function readRecord(row: Row): Sample {
  const flat = !isObject(row.fields);
  const fields = readFields(flat ? flatFields(row) : (row.fields as Row), flat ? '' : '/fields');
  const people = new Map<string, Person>();
  const answers = flat ? flatAnswers(row) : Array.isArray(row.responses) ? answersByPerson(row.responses) : answersByQuestion(row.responses);
  for (const { user, status, question, value } of answers) {
    if (status !== undefined && status !== null && status !== 'submitted') {
      fields.made.leftOut.push(`answers that are ${JSON.stringify(status)}`);
      continue;
    }
    if (!people.has(user)) people.set(user, { id: user, said: [] });
    people.get(user)!.said.push({ question, value: ranksOf(question, value) });
  }
  for (const { id, said } of people.values()) judge(fields, said, id === '' ? undefined : id);
  return fields.made;
}

/** A ranking as a list of value and rank: version 2 has the values alone, best first, and the Hub has lists of both. */
function ranksOf(question: string, value: unknown): unknown {
  if (isObject(value) && Array.isArray(value.value) && Array.isArray(value.rank)) {
    const { rank } = value;
    return value.value.map((of: unknown, index) => ({ value: of, rank: (rank as unknown[])[index] }));
  }
  // Otherwise it may be several labels, in no order.
  const ordered = /rank|order|prefer/i.test(question) && Array.isArray(value) && value.every((of) => typeof of === 'string');
  return ordered ? value.map((of, index) => ({ value: of, rank: index + 1 })) : value;
}

interface Answered {
  user: string;
  status: unknown;
  question: string;
  value: unknown;
}

const userOf = (id: unknown): string => (typeof id === 'string' || typeof id === 'number' ? String(id) : '');

function answersByQuestion(responses: unknown): Answered[] {
  if (!isObject(responses)) return [];
  return Object.entries(responses).flatMap(([question, list]) =>
    (Array.isArray(list) ? list : []).filter(isObject).map((answer) => ({ user: userOf(answer.user_id), status: answer.status, question, value: answer.value })),
  );
}

function answersByPerson(responses: readonly unknown[]): Answered[] {
  return responses.filter(isObject).flatMap((person) =>
    Object.entries(isObject(person.values) ? person.values : {}).map(([question, answer]) => ({
      user: userOf(person.user_id),
      status: person.status,
      question,
      value: isObject(answer) ? answer.value : answer,
    })),
  );
}

const flatFields = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([name, value]) => !name.includes('.') && !notFields.includes(name) && !name.endsWith('-suggestion') && !isAnswers(value) && !(Array.isArray(value) && value.length === 0)));

function flatAnswers(row: Row): Answered[] {
  return Object.keys(row).flatMap((name) => {
    const question = flatResponses.exec(name)?.[1];
    const values = row[name];
    if (isAnswers(values)) return values.map(({ user_id, status, value }) => ({ user: userOf(user_id), status, question: name, value }));
    if (question === undefined || !Array.isArray(values)) return [];
    const at = (suffix: string, index: number): unknown => (row[`${name}.${suffix}`] as unknown[] | null | undefined)?.[index];
    return values.map((value: unknown, index) => ({ user: userOf(at('users', index)), status: at('status', index), question, value }));
  });
}
