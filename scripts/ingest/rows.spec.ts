import { parquetWriteFile } from 'hyparquet-writer';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bareName, readRows } from './rows.js';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'plumbline-rows-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function read(name: string, content?: string | Buffer): Promise<string[]> {
  if (content !== undefined) writeFileSync(join(dir, name), content);
  const seen: string[] = [];
  for await (const { at, row, error } of readRows(join(dir, name))) seen.push(`${at}: ${row ? JSON.stringify(row) : error!.rule}`);
  return seen;
}

const rows = [{ prompt: 'Où?\nLà', n: 1 }, { prompt: '"', n: 2 }];
const array = JSON.stringify(rows);
const lines = rows.map((row) => JSON.stringify(row)).join('\n');
const two = (name: string, place = 'row', first = 1) => rows.map((row, index) => `${name} ${place} ${first + index}: ${JSON.stringify(row)}`);

describe('containers', () => {
  it.each([
    ['a.jsonl', lines],
    ['a.ndjson', `\ufeff${lines}\r\n`],
    ['a.json', lines],
    ['a.jsonl.gz', gzipSync(`${lines}\n`)],
  ])('%s of JSON Lines', async (name, content) => {
    expect(await read(name, content)).toEqual(two(name, 'line'));
  });

  it.each([
    ['an array', array],
    ['an array with a mark and white space', `\ufeff \n${JSON.stringify(rows, null, 2)}\n`],
    ['a list in an object', `{"version": 2, "tags": ["x"], "data": ${array}, "more": [{"no": 1}]}`],
    ['a list in an object, pretty', JSON.stringify({ info: { a: [1] }, data: rows }, null, 2)],
  ])('JSON: %s', async (_, content) => {
    expect(await read('a.json', content)).toEqual(two('a.json'));
  });

  it('a list in an object on one long line, and long lines of objects', async () => {
    const long = rows.map((row) => ({ ...row, more: 'x'.repeat(200_000) }));
    const seen = long.map((row) => JSON.stringify(row));
    expect(await read('a.json', `{"data": ${JSON.stringify(long)}}`)).toEqual(seen.map((row, index) => `a.json row ${index + 1}: ${row}`));
    expect(await read('b.json', `${seen.join('\n')}\n`)).toEqual(seen.map((row, index) => `b.json line ${index + 1}: ${row}`));
  });

  it('a lone row of a known format is a line', async () => {
    const row = '{"prompt":"p","chosen":[{"role":"assistant","content":"a"}],"rejected":[]}';
    expect(await read('a.json', row)).toEqual([`a.json line 1: ${row}`]);
  });

  it('CSV and TSV, cells of several lines too; places are lines of the file', async () => {
    expect(await read('a.csv', '\ufeffprompt,n\r\n"Où?\nLà",1\r\n\r\n"""",2\r\n')).toEqual([
      'a.csv line 2: {"prompt":"Où?\\nLà","n":"1"}',
      expect.stringContaining('{"prompt":"\\"","n":"2"}'),
    ]);
    expect(await read('a.tsv', 'prompt\tn\nx\t1')).toEqual(['a.tsv line 2: {"prompt":"x","n":"1"}']);
  });

  it('Parquet: texts, lists of structs, 64-bit integers, several row groups', async () => {
    const content = [[{ role: 'user', content: 'Où?', name: null }], [{ role: 'user', content: 'q' }, { role: 'assistant', content: 'a' }], []];
    parquetWriteFile({
      filename: join(dir, 'a.parquet'),
      rowGroupSize: 2,
      columnData: [
        { name: 'prompt', data: ['x', 'y', 'z'], type: 'STRING' },
        { name: 'n', data: [1n, 2n, 3n], type: 'INT64' },
        { name: 'messages', data: content, type: 'JSON' },
      ],
    });
    expect(await read('a.parquet')).toEqual(
      ['x', 'y', 'z'].map((prompt, index) => `a.parquet row ${index + 1}: ${JSON.stringify({ prompt, n: index + 1, messages: content[index].map(({ role, content: text }) => ({ role, content: text })) })}`),
    );
  });
});

describe('what cannot be read', () => {
  it('a wrong line is an error in its place', async () => {
    const content = Buffer.concat([Buffer.from('{"a":1}\n[1]\n{"a"\n'), Buffer.from('{"a":"caf\xe9"}\n', 'latin1'), Buffer.from('{"a":2}')]);
    expect(await read('a.jsonl', content)).toEqual(['a.jsonl line 1: {"a":1}', 'a.jsonl line 2: object', 'a.jsonl line 3: json', 'a.jsonl line 4: utf8', 'a.jsonl line 5: {"a":2}']);
  });

  it.each([
    ['a.json', '[{"a":1},{"a":', 'a.json after row 1: must be JSON, and ends in the middle'],
    ['a.json', '[{"a":1},}', 'a.json after row'],
    ['a.csv', 'a,b\n1\n', 'a.csv: must be CSV'],
    ['a.parquet', 'PAR1 no', 'a.parquet: must be Parquet'],
    ['a.jsonl.gz', 'not gzip', 'incorrect header check'],
    ['a.xml', '<a/>', 'a.xml: must end with .jsonl'],
  ])('%s %s', async (name, content, message) => {
    await expect(read(name, content)).rejects.toThrow(message);
  });

  it.each(['a.csv', 'a.json'])('case 62: %s in another encoding', async (name) => {
    const content = name === 'a.csv' ? 'prompt\nok\ncaf\xe9\n' : '[{"prompt":"caf\xe9"}]';
    await expect(read(name, Buffer.from(content, 'latin1'))).rejects.toThrow("must be UTF-8, and is not after '");
  });
});

it.each([
  ['x/train.jsonl.gz', 'train'],
  ['train-00000-of-00001.parquet', 'train-00000-of-00001'],
])('the bare name of %s', (path, name) => expect(bareName(path)).toBe(name));
