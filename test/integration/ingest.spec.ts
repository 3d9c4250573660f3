// `npm run ingest` against a running API: what lands, that a repeat changes nothing, and that nothing is sent when a row is wrong.
import { parquetWriteFile } from 'hyparquet-writer';
import { execFile } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Plumbline } from '#sdk/client.js';
import { newId } from '#src/common/id.js';
import { formats } from '../../scripts/ingest/formats/index.js';
import { ingest, type IngestOptions } from '../../scripts/ingest/ingest.js';
import { withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
let client: Plumbline;
let dir: string;
/** Whether the API takes preferences in bulk. */
let preferencesInBulk: boolean;
beforeAll(async () => {
  t = await createTestApp();
  client = new Plumbline({ baseUrl: await t.app.getUrl(), apiKey: t.adminKey });
  dir = mkdtempSync(join(tmpdir(), 'ingest-'));
  const response = await fetch(`${await t.app.getUrl()}/v1/preference-judgements/bulk`, { method: 'POST', headers: { ...t.admin, 'content-type': 'application/x-ndjson' }, body: '' });
  preferencesInBulk = ![404, 405].includes(response.status);
  if (!preferencesInBulk) console.error('SKIPPED: POST /v1/preference-judgements/bulk is missing, so that ingest of preferences is not tested');
});
afterAll(async () => {
  rmSync(dir, { recursive: true });
  await t.close();
});

function file(name: string, content: string | object[]): string {
  const path = join(dir, newId(), name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : content.map((row) => JSON.stringify(row)).join('\n'));
  return path;
}

async function run(path: string, options: IngestOptions = {}) {
  const said: string[] = [];
  const complained: string[] = [];
  const code = await ingest(path, options, { client: () => client, say: (line) => said.push(line), complain: (line) => complained.push(line) });
  return { code, said: said.join('\n'), complained: complained.join('\n') };
}

const rows = <T = unknown>(sql: string): Promise<T[]> => withSql(t, async (sqlClient) => (await sqlClient.query(sql)).rows as T[]);
const count = async (table: string): Promise<number> => Number((await rows<{ n: string }>(`SELECT count(*) AS n FROM ${table}`))[0].n);
const counts = () => Promise.all(['prompts', 'completions', 'ratings', 'preferences', 'labelers', 'criterion_versions', 'prompt_sets'].map(count));

const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

describe('preferences', () => {
  const hh = [
    {
      chosen: '\n\nHuman: Where is the mill?\n\nAssistant: North.\n\nHuman: How far?\n\nAssistant: Two miles.',
      rejected: '\n\nHuman: Where is the mill?\n\nAssistant: North.\n\nHuman: How far?\n\nAssistant: No idea.',
    },
  ];
  const trl = [{ prompt: [user('hi')], chosen: [assistant('a')], rejected: [assistant('b')] }];

  it('case 20 and case 63: HH-RLHF dialogues land as conversations with a preference, and again change nothing', async (context) => {
    context.skip(!preferencesInBulk, 'POST /v1/preference-judgements/bulk is missing');
    const path = file('train.jsonl', hh);
    const first = await run(path, { name: 'mills' });
    expect([first.code, first.complained]).toEqual([0, '']);
    const prompt = (await rows<{ id: string; conversation: unknown }>(`SELECT p.id, p.conversation FROM prompts p WHERE p.text LIKE '%the mill?%'`))[0];
    expect(prompt.conversation).toEqual({ messages: [user('Where is the mill?'), assistant('North.'), user('How far?')] });
    const { data } = await client.ok(client.http.GET('/v1/preferences', { params: { query: { promptId: prompt.id } } }));
    const [preference] = data;
    const texts = await Promise.all(preference.ranking.map(async ([id]) => (await client.ok(client.http.GET('/v1/completions/{id}', { params: { path: { id } } }))).text));
    expect(texts).toEqual(['Two miles.', 'No idea.']);
    const labeler = await client.ok(client.http.GET('/v1/labelers', { params: { query: { externalId: 'mills' } } }));
    expect(labeler.data).toEqual([expect.objectContaining({ id: preference.labelerId, displayName: 'imported: mills', simulated: false })]);
    const before = await counts();
    const second = await run(path, { name: 'mills' });
    expect(second.said).toContain('preferences       0 created, 1 there already, 0 failed');
    expect(await counts()).toEqual(before);
  });

  it('case 20 and case 63: TRL rows of messages and of texts, in a folder of JSON Lines', async (context) => {
    context.skip(!preferencesInBulk, 'POST /v1/preference-judgements/bulk is missing');
    const path = file('train.jsonl', trl);
    writeFileSync(join(dirname(path), 'test.jsonl'), JSON.stringify({ prompt: 'The sky is', chosen: ' blue', rejected: ' green', annotator: 'ann-1' }));
    const { code, said } = await run(dirname(path), { name: 'skies' });
    expect(code).toBe(0);
    expect(said).toContain('TRL preference rows (trl-preference), 2 files');
    expect(said).toContain('preferences       2 created');
    expect(await rows(`SELECT l.external_id FROM preferences p JOIN labelers l ON l.id = p.labeler_id WHERE l.external_id IN ('skies', 'ann-1') ORDER BY 1`)).toEqual([{ external_id: 'ann-1' }, { external_id: 'skies' }]);
  });

  it('case 20: a dry run says what it understood, and sends nothing', async () => {
    const before = await counts();
    const { code, said } = await run(file('hh.jsonl', [{ ...hh[0], source: 'web' }]), { dryRun: true, name: 'mills' });
    expect(code).toBe(0);
    expect(said).toMatchInlineSnapshot(`
      "HH-RLHF dialogues (hh), hh.jsonl
      each row becomes  a prompt (a conversation where there are several turns), two completions and a preference
      columns           chosen, rejected
      rows              1
      prompts           1
      completions       2
      ratings           0
      preferences       1
      criterion         'mills', levels 0 to 1
      labelers          mills
      left out          column source (1)
      nothing was sent (--dry-run)"
    `);
    expect(await counts()).toEqual(before);
  });
});

describe('ratings', () => {
  it('UltraFeedback: a criterion of four dimensions, in Parquet', async () => {
    const said = (Rating: string) => ({ Rating, Rationale: 'because' });
    const completions = ['7', '8'].map((response, index) => ({
      model: `m-${index}`,
      response,
      annotations: { instruction_following: said('5'), honesty: said('4'), truthfulness: said('3'), helpfulness: said(index === 0 ? '4' : 'N/A') },
    }));
    const path = file('train.parquet', '');
    parquetWriteFile({
      filename: path,
      columnData: [
        { name: 'source', data: ['web'], type: 'STRING' },
        { name: 'instruction', data: ['Name a prime.'], type: 'STRING' },
        { name: 'completions', data: [completions], type: 'JSON' },
      ],
    });
    const { code, said: told } = await run(path);
    expect(code).toBe(0);
    expect(told).toContain('ratings without a number for helpfulness (1)');
    expect(told).toContain('column source (1)');
    expect(await rows(`SELECT r.dimension_scores, r.score, r.rationale, l.external_id, c.source FROM ratings r JOIN labelers l ON l.id = r.labeler_id JOIN completions c ON c.id = r.completion_id WHERE l.external_id = 'ultrafeedback'`)).toEqual([
      expect.objectContaining({ dimension_scores: { instruction_following: 5, honesty: 4, truthfulness: 3, helpfulness: 4 }, source: 'm-0' }),
    ]);
  });

  it('HelpSteer2: five attributes, each row a rating; again, nothing is new', async () => {
    const scores = { helpfulness: 4, correctness: 4, coherence: 4, complexity: 1, verbosity: 0 };
    const path = file('train.json', JSON.stringify([{ prompt: 'Name a square.', response: '9', ...scores }, { prompt: 'Name a square.', response: '8', ...scores, correctness: 0 }]));
    expect((await run(path)).said).toContain("criterion         'helpsteer2', levels 0 to 4, of helpfulness, correctness, coherence, complexity, verbosity");
    const before = await counts();
    expect((await run(path)).said).toContain('ratings           0 created, 2 there already, 0 failed');
    expect(await counts()).toEqual(before);
  });

  it('a CSV with other names: mapped, scored, by labelers of its own, under a criterion that is there', async () => {
    const path = file('mine.csv', 'question,reply,stars,worker\nq?,a,1,w-1\nq?,b,3,w-2\n');
    await expect(run(path)).rejects.toThrow('mine.csv line 2 has the columns question, reply, stars, worker: no known format');
    const map = 'prompt=question,completion=reply,score=stars,labeler=worker';
    expect((await run(path, { map, criterion: 'stars' })).said).toContain("criterion         'stars', levels 1 to 3");
    expect(await rows(`SELECT r.score, l.external_id, l.display_name FROM ratings r JOIN labelers l ON l.id = r.labeler_id WHERE l.external_id LIKE 'w-%' ORDER BY 1`)).toEqual([
      { score: 1, external_id: 'w-1', display_name: 'imported: w-1' },
      { score: 3, external_id: 'w-2', display_name: 'imported: w-2' },
    ]);
    const versions = await count('criterion_versions');
    const more = file('more.csv', 'prompt,completion,score\nr?,a,2\n');
    expect((await run(more, { criterion: 'stars' })).code).toBe(0);
    expect(await count('criterion_versions')).toBe(versions);
    const before = await counts();
    await expect(run(file('off.csv', 'prompt,completion,score\nr?,a,2\nr?,b,7\n'), { criterion: 'stars' })).rejects.toThrow("criterion 'stars' has the levels 1, 2, 3, and the data the score 7");
    expect(await counts()).toEqual(before);
    await expect(run(path, { map: 'prompt=frage' })).rejects.toThrow();
  });

  it('KTO labels are ratings of 0 and 1; prompts alone have no criterion', async () => {
    const kto = await run(file('kto.jsonl', [{ prompt: [user('k')], completion: [assistant('a')], label: true }, { prompt: [user('k')], completion: [assistant('b')], label: false }]));
    expect(kto.said).toContain('ratings           2 created');
    const alone = await run(file('prompts.jsonl', [{ prompt: 'only this' }]));
    expect(alone.code).toBe(0);
    expect(alone.said).not.toContain('criterion');
  });
});

describe('conversations', () => {
  it('case 20: ShareGPT with a system message and tool calls', async () => {
    const row = {
      conversations: [{ from: 'human', value: 'Rain in Oslo?' }, { from: 'function_call', value: '{"name": "rain", "arguments": {}}' }, { from: 'observation', value: 'no' }, { from: 'gpt', value: 'No rain.' }],
      system: 'Be brief.',
      tools: '[{"name": "rain"}]',
    };
    expect((await run(file('chats.json', JSON.stringify([row])))).code).toBe(0);
    const [{ conversation }] = await rows<{ conversation: { messages: { role: string }[]; tools: unknown } }>(`SELECT p.conversation FROM prompts p JOIN completions c ON c.prompt_id = p.id WHERE c.text = 'No rain.'`);
    expect(conversation.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool']);
    expect(conversation.tools).toEqual([{ type: 'function', function: { name: 'rain' } }]);
  });
});

describe('wrong data', () => {
  const mixed = [{ prompt: 'fine', completion: 'a' }, { prompt: 'wrong', completion: 5 }, { prompt: [{ role: 'boss', content: 'x' }], completion: 'a' }];

  it('one invalid row: its place, field, rule and value, and nothing is sent', async () => {
    const before = await counts();
    const { code, complained } = await run(file('train.jsonl', mixed));
    expect(code).toBe(2);
    expect(complained).toContain('train.jsonl line 2: /completion must be a text, got 5 (string)');
    expect(complained).toContain('train.jsonl line 3: /prompt/0/role must be one of system');
    expect(complained).toContain('nothing was sent');
    expect(await counts()).toEqual(before);
  });

  it('--skip-invalid leaves them out and lists them', async () => {
    const { code, said, complained } = await run(file('train.jsonl', mixed), { skipInvalid: true });
    expect(code).toBe(0);
    expect(said).toContain('rows              3, 2 of them invalid');
    expect(said).toContain('prompts           1 created');
    expect(complained).toContain('line 2');
  });

  it('another data set under the name of one that is there is refused before anything is sent', async () => {
    await run(file('one.jsonl', [{ prompt: 'n1' }]), { name: 'taken' });
    const before = await counts();
    await expect(run(file('two.jsonl', [{ prompt: 'n2' }, { prompt: 'n3' }]), { name: 'taken' })).rejects.toThrow("the prompt set 'taken' is there and has 1 prompts, and the data 2");
    expect(await counts()).toEqual(before);
  });

  it.each([
    ['--format must be one of', 'a.jsonl', { format: 'nope' }],
    ['--map must be as in', 'a.jsonl', { map: 'prompt' }],
    ["has a column 'frage'", 'a.jsonl', { map: 'x=frage' }],
    ['no such file or folder', 'missing/a.jsonl', {}],
  ])('%s', async (message, name, options) => {
    const path = name.startsWith('missing') ? join(dir, name) : file(name, [{ prompt: 'p' }]);
    await expect(run(path, options)).rejects.toThrow(message);
  });
});

describe('the command', () => {
  const command = async (...args: string[]) => {
    const main = fileURLToPath(new URL('../../dist/scripts/ingest/main.js', import.meta.url));
    const url = await t.app.getUrl();
    return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, [main, ...args, '--url', url, '--key', t.adminKey], (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }));
    });
  };

  it('--help lists the formats', async () => {
    const { code, stdout } = await command('--help');
    expect(code).toBe(0);
    for (const { name } of formats) expect(stdout).toContain(`\n  ${name} `);
  });

  it('sends, and ends with 2 where nothing can be sent', async () => {
    const sent = await command(file('cli.jsonl', [{ prompt: 'by command', completion: 'a', label: true }, { prompt: 'by command', completion: 'b', label: false }]));
    expect([sent.code, sent.stderr]).toEqual([0, '']);
    expect(sent.stdout).toMatch(/\ncriterion version [0-9a-f-]{36}\nprompt set {8}[0-9a-f-]{36}\n$/);
    const wrong = await command(file('cli.jsonl', [{ prompt: 5 }]));
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('plumbline: cli.jsonl line 1: /prompt must be a text, got 5 (string)')]);
    const unknown = await command(file('cli.jsonl', [{ frage: 'q' }]));
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('cli.jsonl line 1 has the columns frage: no known format')]);
  });
});

describe('the form of its own', () => {
  const own = {
    'prompts.jsonl': '{"externalId": "own-p", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}]}',
    'completions.jsonl': '{"externalId": "own-c0", "promptExternalId": "own-p", "source": "s", "text": "a"}\n{"externalId": "own-c1", "promptExternalId": "own-p", "source": "s", "text": "b"}',
    'ratings.jsonl': '{"completionExternalId": "own-c0", "labeler": "ann", "score": 1}\n{"completionExternalId": "own-c1", "labeler": "ann", "score": 2, "rationale": "better"}',
  };
  const folder = (mark = '') => {
    const path = join(dir, newId());
    mkdirSync(path);
    for (const [name, content] of Object.entries(own)) writeFileSync(join(path, name), mark + content);
    return path;
  };

  it('case 7: lands with external ids of its own, with byte order marks too, and again changes nothing', async () => {
    const first = await run(folder('\ufeff'), { name: 'own' });
    expect(first.said).toMatch(/criterion version [0-9a-f-]{36}\nprompt set {8}[0-9a-f-]{36}/);
    expect(await rows(`SELECT external_id, score, rationale FROM ratings WHERE external_id LIKE 'own/%' ORDER BY 1`)).toEqual([
      { external_id: 'own/own-c0/ann', score: 1, rationale: null },
      { external_id: 'own/own-c1/ann', score: 2, rationale: 'better' },
    ]);
    const before = await counts();
    expect((await run(folder(), { name: 'own' })).said).toContain('ratings           0 created, 2 there already, 0 failed');
    expect(await counts()).toEqual(before);
  });

  it('case 62: files that are not UTF-8 are refused by line', async () => {
    const path = folder();
    writeFileSync(join(path, 'prompts.jsonl'), Buffer.from('{"externalId": "lat-p0", "text": "Wo ist das Caf\xe9?"}', 'latin1'));
    const { code, complained } = await run(path);
    expect([code, complained]).toEqual([2, expect.stringContaining("prompts.jsonl line 1: must be UTF-8, and is not after")]);
  });

  it('what the API refuses is told by its place, with exit code 1', async () => {
    const path = folder();
    writeFileSync(join(path, 'completions.jsonl'), '{"externalId": "own-c0", "promptExternalId": "own-p", "source": "s", "text": "another"}\n{"externalId": "own-c1", "promptExternalId": "own-p", "source": "s", "text": "b"}');
    const { code, complained } = await run(path, { name: 'own' });
    expect(code).toBe(1);
    expect(complained).toContain('completions.jsonl line 1: completions: external_id_conflict');
  });
});
