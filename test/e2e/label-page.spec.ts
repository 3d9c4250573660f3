// The labeler's page in a real browser against a real API: sign in by link, rate, rank and compare by keyboard, undo,
// skip; on a phone; and what axe has to say. `npm test` builds the page before it tests.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import request from 'supertest';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { givenCriterionVersion, givenLabeler, givenPrompt, withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { openBrowser } from '../support/browser.js';

const browser: Browser | null = await openBrowser();
if (!browser) console.warn('label page: SKIPPED, there is no Chromium for this system (Linux on x64 brings its own)');

let t: TestApp;
let origin: string;
let version: string;
const pages: Page[] = [];

beforeAll(async () => {
  t = await createTestApp();
  await t.app.listen(0, '127.0.0.1');
  origin = `http://127.0.0.1:${(t.http.address() as AddressInfo).port}`;
  version = await givenCriterionVersion(t);
});
afterEach(async () => {
  await Promise.all(pages.splice(0).map((page) => page.context().close()));
});
afterAll(async () => {
  await browser?.close();
  await t.close();
});

interface Given {
  batchId: string;
  labelerId: string;
  link: string;
}

/** A batch over prompts that have these completions, and a labeler with a link. */
async function given(name: string, mode: string, prompts: Record<string, string[]>, fields: object = {}): Promise<Given> {
  const completionIds: string[] = [];
  for (const [text, completions] of Object.entries(prompts)) {
    completionIds.push(...(await givenPrompt(t, text, completions.map((c) => ({ text: c })))).completionIds);
  }
  const post = (path: string, body: object) => request(t.http).post(`/v1${path}`).set(t.admin).send(body).expect(201);
  const { body: batch } = await post('/labeling-batches', { name, mode, criterionVersionId: version, completionIds, ...fields });
  const labelerId = await givenLabeler(t, `labeler of ${name}`);
  const { body: session } = await post(`/labelers/${labelerId}/sessions`, { labelingBatchId: batch.id });
  return { batchId: batch.id, labelerId, link: `${origin}${session.path}` };
}

async function open(link: string, viewport = { width: 1280, height: 900 }): Promise<Page> {
  const context = await browser!.newContext({ viewport, hasTouch: viewport.width < 500 });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const mistakes: string[] = [];
  page.on('pageerror', (error) => mistakes.push(error.message));
  page.on('console', (message) => message.type() === 'error' && mistakes.push(message.text()));
  Object.assign(page, { mistakes });
  pages.push(page);
  await page.goto(link);
  return page;
}

const ratingsOf = ({ labelerId }: Given) =>
  withSql(t, async (sql) => {
    const { rows } = await sql.query(
      `SELECT c.text, r.score, r.rationale, r.flags, r.time_spent_ms, r.supersedes_id FROM ratings r JOIN completions c ON c.id = r.completion_id
       WHERE r.labeler_id = $1 ORDER BY r.id`,
      [labelerId],
    );
    return rows as { text: string; score: number; rationale: string | null; flags: string[]; time_spent_ms: number; supersedes_id: string | null }[];
  });
const shown = (page: Page, text: string) => page.getByText(text, { exact: true }).waitFor();
const done = (page: Page, count: number) => page.locator('header strong', { hasText: String(count) }).waitFor();

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function violations(page: Page): Promise<string[]> {
  // Evaluated by the debugger, which the page's content security policy does not bind.
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } };
    return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
  });
}

describe.skipIf(!browser)('the label page', () => {
  test('rates by keyboard, with a reason and a flag; the texts are text', async () => {
    const batch = await given('rating', 'rate', { '<b>first</b> & prompt': ['<img src=x onerror="document.title=1">'] });
    const page = await open(batch.link);
    await shown(page, '<b>first</b> & prompt');
    await shown(page, '<img src=x onerror="document.title=1">');
    expect(new URL(page.url()).hash).toBe('');
    expect(await page.title()).toBe('Plumbline labeling');
    await page.keyboard.press('Enter');
    expect(await ratingsOf(batch)).toEqual([]);
    await page.getByLabel('Something here is unsafe').check();
    await page.getByLabel('Why? (optional)').fill('it is 4 of 5');
    await page.getByRole('heading', { level: 1 }).click();
    await page.keyboard.press('4');
    await page.keyboard.press('Enter');
    await done(page, 1);
    await page.getByText('Nothing left for you here').waitFor();
    const [rating] = await ratingsOf(batch);
    expect(rating).toMatchObject({ score: 4, rationale: 'it is 4 of 5', flags: ['unsafe'] });
    expect(rating.time_spent_ms).toBeGreaterThan(0);
    expect((page as unknown as { mistakes: string[] }).mistakes).toEqual([]);
  });

  test('undo brings the last answer back; sending it again supersedes', async () => {
    const batch = await given('undoing', 'rate', { 'a prompt': ['one', 'two', 'three'] });
    const page = await open(batch.link);
    for (const count of [1, 2]) {
      await page.getByRole('radio', { name: 'level 2' }).waitFor();
      await page.keyboard.press('2');
      await page.keyboard.press('Enter');
      await done(page, count);
    }
    await page.keyboard.press('u');
    await page.getByRole('button', { name: 'Send correction' }).waitFor();
    expect(await page.getByRole('radio', { name: 'level 2' }).isChecked()).toBe(true);
    await page.keyboard.press('5');
    await page.getByRole('button', { name: 'Send correction' }).click();
    await shown(page, 'Corrected.');
    const ratings = await ratingsOf(batch);
    expect(ratings.map(({ score }) => score)).toEqual([2, 2, 5]);
    expect(ratings[2].supersedes_id).not.toBeNull();
    await done(page, 2);
  });

  test('undo reaches the answer that completed the batch', async () => {
    const batch = await given('undoing the last', 'rate', { 'only prompt': ['only answer'] });
    const page = await open(batch.link);
    await page.getByRole('radio', { name: 'level 2' }).waitFor();
    await page.keyboard.press('2');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing left for you here').waitFor();
    await vi.waitFor(async () => {
      const { body } = await request(t.http).get(`/v1/labeling-batches/${batch.batchId}`).set(t.admin);
      expect(body.state).toBe('completed');
    });
    await page.keyboard.press('u');
    await page.getByRole('button', { name: 'Send correction' }).waitFor();
    await page.keyboard.press('5');
    await page.keyboard.press('Enter');
    await shown(page, 'Corrected.');
    const ratings = await ratingsOf(batch);
    expect(ratings.map(({ score }) => score)).toEqual([2, 5]);
    expect(ratings[1].supersedes_id).not.toBeNull();
  });

  test('ranks side by side with ties, question after question', async () => {
    const batch = await given('ranking', 'rank', { 'rank these': ['x', 'y', 'z'] });
    const page = await open(batch.link);
    await shown(page, 'rank these');
    const texts = await page.locator('.completions .text').allTextContents();
    for (const place of ['2', '1', '2']) await page.keyboard.press(place);
    await page.keyboard.press('Enter');
    await done(page, 1);
    const { rows } = await withSql(t, (sql) =>
      sql.query('SELECT c.text, r.rank FROM preferences p JOIN preference_ranks r ON r.preference_id = p.id JOIN completions c ON c.id = r.completion_id WHERE p.labeler_id = $1', [
        batch.labelerId,
      ]),
    );
    const rank = new Map((rows as { text: string; rank: number }[]).map((row) => [row.text, row.rank]));
    expect(rank.get(texts[1])).toBe(1);
    expect(rank.get(texts[0])).toBe(rank.get(texts[2]));
    expect(rank.get(texts[0])).toBeGreaterThan(1);
  });

  test('compares two, and skips with a reason', async () => {
    const batch = await given('comparing', 'compare', { 'which?': ['left', 'right'], 'or which?': ['red', 'blue'] });
    const page = await open(batch.link);
    await page.getByText('Which answer is better?').waitFor();
    await page.keyboard.press('s');
    await page.getByRole('button', { name: 'I do not read this language' }).click();
    await shown(page, 'Skipped.');
    await page.getByText('Which answer is better?').waitFor();
    const texts = await page.locator('.completions .text').allTextContents();
    await page.getByRole('radio', { name: 'Answer B' }).check();
    await page.getByRole('button', { name: 'Send', exact: false }).first().click();
    await done(page, 1);
    const best = await withSql(t, (sql) =>
      sql.query('SELECT c.text FROM preferences p JOIN preference_ranks r ON r.preference_id = p.id JOIN completions c ON c.id = r.completion_id WHERE p.labeler_id = $1 AND r.rank = 1', [
        batch.labelerId,
      ]),
    );
    expect(best.rows).toEqual([{ text: texts[1] }]);
    const skipped = await withSql(t, (sql) => sql.query(`SELECT reason FROM labeling_tasks WHERE labeler_id = $1 AND state = 'skipped'`, [batch.labelerId]));
    expect(skipped.rows).toEqual([{ reason: 'I do not read this language' }]);
  });

  test('takes up what the labeler held when the page is loaded again, and gives it back on leaving', async () => {
    const batch = await given('reloading', 'rate', { 'again?': ['one', 'two', 'three'] });
    const page = await open(batch.link);
    await shown(page, 'again?');
    const held = () => withSql(t, async (sql) => (await sql.query(`SELECT FROM labeling_tasks WHERE labeler_id = $1 AND state = 'leased'`, [batch.labelerId])).rowCount);
    await expect.poll(held).toBe(3);
    await page.reload();
    await shown(page, 'again?');
    expect(await held()).toBe(3);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Your answers are saved', { exact: false }).waitFor();
    expect(await held()).toBe(0);
  });

  test('says what is the matter with a link, and keeps the answer when a request does not come through', async () => {
    const broken = await open(`${origin}/label/#plk_this_key_is_not_one_of_ours`);
    await broken.getByText('This link is no longer valid', { exact: false }).waitFor();
    const bare = await open(`${origin}/label/`);
    await bare.getByText('Open the link that you were given', { exact: false }).waitFor();
    const batch = await given('offline', 'rate', { 'still there?': ['yes'] });
    const page = await open(batch.link);
    await shown(page, 'still there?');
    await page.keyboard.press('3');
    await page.context().setOffline(true);
    await page.keyboard.press('Enter');
    await page.getByText('The server could not be reached', { exact: false }).waitFor();
    expect(await page.getByRole('radio', { name: 'level 3' }).isChecked()).toBe(true);
    await page.context().setOffline(false);
    await page.keyboard.press('Enter');
    await done(page, 1);
    expect((await ratingsOf(batch)).map(({ score }) => score)).toEqual([3]);
  });

  test.each([
    ['desktop', 1280, 900],
    ['phone', 375, 700],
  ])('has nothing for axe to say, and nothing to scroll sideways, on a %s', async (_, width, height) => {
    for (const mode of ['rate', 'rate-side-by-side', 'rank', 'compare']) {
      const batch = await given(`axe ${mode} ${width}`, mode, { [`look at ${mode} ${width}`]: ['a '.repeat(200), 'b'.repeat(300)] });
      const page = await open(batch.link, { width, height });
      await shown(page, `look at ${mode} ${width}`);
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
      await page.context().close();
    }
  });
});
