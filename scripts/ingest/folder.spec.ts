import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readFolder } from './folder.js';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'plumbline-ingest-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const files = {
  'prompts.jsonl': '{"externalId": "p-0", "text": "Wo ist das Café – links?"}\n',
  'completions.jsonl': '{"externalId": "c-0", "promptExternalId": "p-0", "source": "s", "text": "Là-bas."}\n{"externalId": "c-1", "promptExternalId": "p-0", "source": "s", "text": "Gegenüber."}\n',
  'ratings.jsonl': '{"completionExternalId": "c-0", "labeler": "Zoë", "score": 2}\n',
};
const write = (encode: (text: string, name: string) => Buffer) =>
  Object.entries(files).forEach(([name, text]) => writeFileSync(join(dir, name), encode(text, name)));

it('case 7: a byte order mark before a file is skipped', () => {
  write((text) => Buffer.from(`\ufeff${text}`));
  writeFileSync(join(dir, 'criterion.json'), '\ufeff{"name":"c","instructions":"i","scale":[]}');
  const folder = readFolder(dir);
  expect(folder.prompts).toEqual([{ externalId: 'p-0', text: 'Wo ist das Café – links?' }]);
  expect(folder.ratings[0].labeler).toBe('Zoë');
  expect(folder.criterion?.name).toBe('c');
});

it.each([
  ['prompts.jsonl', "prompts.jsonl line 1: must be UTF-8, and is not after '\"p-0\", \"text\": \"Wo ist das Caf'"],
  ['completions.jsonl', 'completions.jsonl line 1: must be UTF-8'],
  ['ratings.jsonl', 'ratings.jsonl line 1: must be UTF-8'],
])('case 62: %s in another encoding is refused with its line', (wrong, message) => {
  write((text, name) => Buffer.from(text.replace('–', '-'), name === wrong ? 'latin1' : 'utf8'));
  expect(() => readFolder(dir)).toThrow(message);
});

it('case 62: a line alone that is not UTF-8 is named by its number', () => {
  write((text) => Buffer.from(text));
  const line = '{"externalId": "c-2", "promptExternalId": "p-0", "source": "s", "text": "caf\xe9"}\n';
  writeFileSync(join(dir, 'completions.jsonl'), Buffer.concat([Buffer.from(files['completions.jsonl']), Buffer.from(line, 'latin1')]));
  expect(() => readFolder(dir)).toThrow("completions.jsonl line 3: must be UTF-8, and is not after");
});
