// The labeler's page in a real browser against a real API: sign in by link, rate, rank and compare, undo, skip, reload.
// `npm test` builds the page before it tests.
import request from 'supertest';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from '../support/browser.js';
import { checked, done, LabelPages, shown, textsOf } from '../support/label-page.js';

const browser: Browser | null = await openBrowser();
if (!browser) console.warn('label page: SKIPPED, there is no Chromium for this system (Linux on x64 brings its own)');

describe.skipIf(!browser)('the label page', () => {
  let pages: LabelPages;
  beforeAll(async () => {
    pages = await LabelPages.start(browser!);
  });
  afterEach(() => pages.closePages());
  afterAll(() => pages.close());

  test('rates by keyboard, with a reason and a flag; the texts are text', async () => {
    const batch = await pages.given('rating', 'rate', { '<b>first</b> & prompt': ['<img src=x onerror="document.title=1">'] });
    const page = await pages.open(batch.link);
    await shown(page, '<b>first</b> & prompt');
    await shown(page, '<img src=x onerror="document.title=1">');
    expect(new URL(page.url()).hash).toBe('');
    expect(await page.title()).toBe('Plumbline labeling');
    await page.keyboard.press('Enter');
    expect(await pages.ratingsOf(batch)).toEqual([]);
    await page.getByLabel('Something here is unsafe').check();
    await page.getByLabel('Why? (optional)').fill('it is 4 of 5');
    await page.getByRole('heading', { level: 1 }).click();
    await page.keyboard.press('4');
    await page.keyboard.press('Enter');
    await done(page, 1);
    await page.getByText('Nothing left for you here').waitFor();
    const [rating] = await pages.ratingsOf(batch);
    expect(rating).toMatchObject({ score: 4, rationale: 'it is 4 of 5', flags: ['unsafe'] });
    expect(rating.time_spent_ms).toBeGreaterThan(0);
    expect(pages.mistakes).toEqual([]);
  });

  test('undo brings the last answer back; sending it again supersedes', async () => {
    const batch = await pages.given('undoing', 'rate', { 'a prompt': ['one', 'two', 'three'] });
    const page = await pages.open(batch.link);
    for (const count of [1, 2]) {
      await page.getByRole('radio', { name: 'level 2' }).waitFor();
      await page.keyboard.press('2');
      await page.keyboard.press('Enter');
      await done(page, count);
    }
    await page.keyboard.press('u');
    await page.getByRole('button', { name: 'Send correction' }).waitFor();
    expect(await checked(page, 'level 2')).toBe(true);
    await page.keyboard.press('5');
    await page.getByRole('button', { name: 'Send correction' }).click();
    await shown(page, 'Corrected.');
    const ratings = await pages.ratingsOf(batch);
    expect(ratings.map(({ score }) => score)).toEqual([2, 2, 5]);
    expect(ratings[2].supersedes_id).not.toBeNull();
    await done(page, 2);
  });

  test('undo reaches the answer that completed the batch', async () => {
    const batch = await pages.given('undoing the last', 'rate', { 'only prompt': ['only answer'] });
    const page = await pages.open(batch.link);
    await page.getByRole('radio', { name: 'level 2' }).waitFor();
    await page.keyboard.press('2');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing left for you here').waitFor();
    const state = async () => (await request(pages.t.http).get(`/v1/labeling-batches/${batch.batchId}`).set(pages.t.admin)).body.state as string;
    await expect.poll(state).toBe('completed');
    await page.keyboard.press('u');
    await page.getByRole('button', { name: 'Send correction' }).waitFor();
    await page.keyboard.press('5');
    await page.keyboard.press('Enter');
    await shown(page, 'Corrected.');
    const ratings = await pages.ratingsOf(batch);
    expect(ratings.map(({ score }) => score)).toEqual([2, 5]);
    expect(ratings[1].supersedes_id).not.toBeNull();
  });

  test('ranks side by side with ties, question after question', async () => {
    const batch = await pages.given('ranking', 'rank', { 'rank these': ['x', 'y', 'z'] });
    const page = await pages.open(batch.link);
    await shown(page, 'rank these');
    const texts = await textsOf(page);
    for (const place of ['2', '1', '2']) await page.keyboard.press(place);
    await page.keyboard.press('Enter');
    await done(page, 1);
    const rank = await pages.ranksOf(batch);
    expect(rank.get(texts[1])).toBe(1);
    expect(rank.get(texts[0])).toBe(rank.get(texts[2]));
    expect(rank.get(texts[0])).toBeGreaterThan(1);
  });

  test('compares two, and skips with a reason', async () => {
    const batch = await pages.given('comparing', 'compare', { 'which?': ['left', 'right'], 'or which?': ['red', 'blue'] });
    const page = await pages.open(batch.link);
    await page.getByText('Which answer is better?').waitFor();
    await page.keyboard.press('s');
    await page.getByRole('button', { name: 'I do not read this language' }).click();
    await shown(page, 'Skipped.');
    await page.getByText('Which answer is better?').waitFor();
    const texts = await textsOf(page);
    await page.getByRole('radio', { name: 'Answer B' }).check();
    await page.getByRole('button', { name: 'Send', exact: false }).first().click();
    await done(page, 1);
    const rank = await pages.ranksOf(batch);
    expect([...rank].filter(([, place]) => place === 1)).toEqual([[texts[1], 1]]);
    expect(await pages.tasksOf(batch, 'skipped')).toEqual([{ reason: 'I do not read this language' }]);
  });

  test('asks by dimension, with the criterion and its anchors in sight as text', async () => {
    const criterion = await pages.post('/criteria', { name: 'two dimensions' });
    const anchors = [{ prompt: 'Where does Ivy live?', completion: '<i>Ivy</i> lives in Oslo.', explanation: 'right and short' }];
    const version = await pages.post(`/criteria/${criterion.id}/versions`, {
      instructions: 'Does it help?',
      scale: [1, 2, 3].map((value) => ({ value, label: `step ${value}`, description: `what step ${value} is`, ...(value === 3 && { anchors }) })),
      dimensions: [
        { name: 'helpful', weight: 1, instructions: 'Does it do what was asked?' },
        { name: 'honest', weight: 3, instructions: 'Is it true?' },
      ],
      publish: true,
    });
    const batch = await pages.given('dimensions', 'rate', { 'Where is Bo?': ['In Rome.'] }, { criterionVersionId: version.id });
    const page = await pages.open(batch.link);
    await shown(page, 'Where is Bo?');
    for (const text of ['Does it help?', 'Does it do what was asked?', 'Is it true?', 'right and short']) await shown(page, text);
    expect(await page.locator('tbody tr').allTextContents()).toEqual([
      'step 1what step 1 is',
      'step 2what step 2 is',
      'step 3what step 3 isWhere does Ivy live? <i>Ivy</i> lives in Oslo.right and short',
    ]);
    expect(await page.locator('fieldset.question legend').allTextContents()).toEqual(['helpful', 'honest']);
    for (const key of ['3', '1', 'Enter']) await page.keyboard.press(key);
    await done(page, 1);
    expect(await pages.ratingsOf(batch)).toMatchObject([{ dimension_scores: { helpful: 3, honest: 1 }, score: 1.5 }]);
  });

  test('lets a labeler of several batches choose, with the price', async () => {
    const vendorId = await pages.t.givenVendor('two batches');
    const key = await pages.t.vendorKey(vendorId);
    await pages.batch('first of two', 'rate', { 'of the first': ['a'] }, { vendorIds: [vendorId] });
    await pages.batch('second of two', 'rate', { 'of the second': ['a'] }, { vendorIds: [vendorId], priceNote: '5 cents' });
    const labeler = await pages.post('/labelers', { externalId: 'chooser' }, key);
    const session = await pages.post(`/labelers/${labeler.id}/sessions`, {}, key);
    const page = await pages.open(pages.origin + session.path);
    await page.getByRole('heading', { name: 'Choose a batch' }).waitFor();
    expect(await page.getByRole('button').allTextContents()).toEqual(['second of two (5 cents)', 'first of two']);
    await page.getByRole('button', { name: 'second of two' }).click();
    await shown(page, 'of the second');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('second of two');
  });

  test('takes up what the labeler held when the page is loaded again, and gives it back on leaving', async () => {
    const batch = await pages.given('reloading', 'rate', { 'again?': ['one', 'two', 'three'] });
    const page = await pages.open(batch.link);
    await shown(page, 'again?');
    const held = async () => (await pages.tasksOf(batch, 'leased')).length;
    await expect.poll(held).toBe(3);
    await page.reload();
    await shown(page, 'again?');
    expect(await held()).toBe(3);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Your answers are saved', { exact: false }).waitFor();
    expect(await held()).toBe(0);
  });

  test('says what is the matter with a link, and keeps the answer when a request does not come through', async () => {
    const broken = await pages.open(`${pages.origin}/label/#plk_this_key_is_not_one_of_ours`);
    await broken.getByText('This link is no longer valid', { exact: false }).waitFor();
    const bare = await pages.open(`${pages.origin}/label/`);
    await bare.getByText('Open the link that you were given', { exact: false }).waitFor();
    const batch = await pages.given('offline', 'rate', { 'still there?': ['yes'] });
    const page = await pages.open(batch.link);
    await shown(page, 'still there?');
    await page.keyboard.press('3');
    await page.context().setOffline(true);
    await page.keyboard.press('Enter');
    await page.getByText('The server could not be reached', { exact: false }).waitFor();
    expect(await checked(page, 'level 3')).toBe(true);
    await page.context().setOffline(false);
    await page.keyboard.press('Enter');
    await done(page, 1);
    expect((await pages.ratingsOf(batch)).map(({ score }) => score)).toEqual([3]);
  });
});
