import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ownCriterion, type ownKinds, ownLine, ownRows, surveyOwn } from './own.js';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'plumbline-ingest-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const files = {
  'prompts.jsonl': '{"externalId": "p-0", "text": "Wo ist das Café – links?"}\n',
  'completions.jsonl': '{"externalId": "c-0", "promptExternalId": "p-0", "source": "s", "text": "Là-bas."}\n{"externalId": "c-1", "promptExternalId": "p-0", "source": "s", "text": "Gegenüber."}\n',
  'ratings.jsonl': '{"completionExternalId": "c-0", "labeler": "Zoë", "score": 2}\n{"completionExternalId": "c-1", "labeler": "Zoë", "score": 4}\n',
};
const write = (encode: (text: string, name: string) => Buffer) =>
  Object.entries(files).forEach(([name, text]) => writeFileSync(join(dir, name), encode(text, name)));
const rowsOf = async (kind: (typeof ownKinds)[number]) => {
  const rows: unknown[] = [];
  for await (const { row } of ownRows(dir, kind)) rows.push(row);
  return rows;
};
const mistakes = async () => (await surveyOwn(dir)).invalid.map(({ at, error }) => `${at}: ${error.field} ${error.message}`);

it('case 7: a byte order mark before a file is skipped', async () => {
  write((text) => Buffer.from(`\ufeff${text}`));
  writeFileSync(join(dir, 'criterion.json'), '\ufeff{"name":"c","instructions":"i","scale":[]}');
  expect(await rowsOf('prompts')).toEqual([{ externalId: 'p-0', text: 'Wo ist das Café – links?' }]);
  const found = await surveyOwn(dir);
  expect([...found.labelers]).toEqual(['Zoë']);
  expect(ownCriterion(dir, found, 'x')?.name).toBe('c');
});

it.each([
  ['prompts.jsonl', "prompts.jsonl line 1:  must be UTF-8, and is not after '\"p-0\", \"text\": \"Wo ist das Caf'"],
  ['completions.jsonl', 'completions.jsonl line 1:  must be UTF-8'],
  ['ratings.jsonl', 'ratings.jsonl line 1:  must be UTF-8'],
])('case 62: %s in another encoding is refused with its line', async (wrong, message) => {
  write((text, name) => Buffer.from(text.replace('–', '-'), name === wrong ? 'latin1' : 'utf8'));
  expect((await mistakes())[0]).toContain(message);
});

it('case 62: a line alone that is not UTF-8 is named by its number', async () => {
  write((text) => Buffer.from(text));
  const line = '{"externalId": "c-2", "promptExternalId": "p-0", "source": "s", "text": "caf\xe9"}\n';
  writeFileSync(join(dir, 'completions.jsonl'), Buffer.concat([Buffer.from(files['completions.jsonl']), Buffer.from(line, 'latin1')]));
  expect(await mistakes()).toEqual([expect.stringContaining('completions.jsonl line 3:  must be UTF-8, and is not after')]);
});

it('a criterion has a level for each integer between the scores', async () => {
  write((text) => Buffer.from(text));
  const found = await surveyOwn(dir);
  expect(ownCriterion(dir, found, 'mine')).toMatchObject({ name: 'mine', scale: [{ value: 2 }, { value: 3 }, { value: 4 }] });
  expect(ownLine('ratings', { completionExternalId: 'c', labeler: 'l', score: 2, rationale: 'so', theirs: 1 }, 'mine', 'v')).toEqual({
    completionExternalId: 'c',
    labelerExternalId: 'l',
    criterionVersionId: 'v',
    externalId: 'mine/c/l',
    score: 2,
    rationale: 'so',
  });
});

it('wrong fields are named; conversations and scores by dimension pass', async () => {
  writeFileSync(join(dir, 'prompts.jsonl'), '{"externalId": "p", "messages": []}\n{"externalId": 1, "text": ""}\n{"externalId": "q"}\n');
  writeFileSync(join(dir, 'completions.jsonl'), '{"externalId": "c", "promptExternalId": "p", "source": "s"}\n[]\n{');
  writeFileSync(join(dir, 'ratings.jsonl'), '{"completionExternalId": "c", "labeler": "l", "dimensionScores": {"a": 1}}\n{"completionExternalId": "c", "labeler": "l"}\n');
  expect(await mistakes()).toEqual([
    'prompts.jsonl line 2: externalId must be a string',
    'prompts.jsonl line 3: text must be a string',
    'completions.jsonl line 1: text must be a string',
    'completions.jsonl line 2:  must be a JSON object',
    expect.stringContaining('completions.jsonl line 3:  must be JSON'),
    'ratings.jsonl line 2: score must be a number',
  ]);
});
