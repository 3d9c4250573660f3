// The labeler's page without a mouse: whatever can be done there is done with keys alone.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { givenCriterionVersion } from '../factories/ratings.js';
import { openBrowser } from '../support/browser.js';
import { checked, done, LabelPages, shown, textsOf } from '../support/label-page.js';

const browser: Browser | null = await openBrowser();
if (!browser) console.warn('label page by keyboard: SKIPPED, there is no Chromium for this system (Linux on x64 brings its own)');

async function press(page: Page, ...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

/** Goes on from field to field, as somebody without a mouse does. */
async function tabTo(page: Page, name: string): Promise<void> {
  const focused = () => page.evaluate(() => (document.activeElement?.closest('label, button') as HTMLElement | null)?.innerText ?? '');
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab');
    if ((await focused()).startsWith(name)) return;
  }
  throw new Error(`no field named ${name} within 40 tabs`);
}

/** The legend of the question that digits answer. */
const current = (page: Page) => page.locator('fieldset[data-current=true] legend').textContent();

describe.skipIf(!browser)('the label page by keyboard', () => {
  let pages: LabelPages;
  beforeAll(async () => {
    pages = await LabelPages.start(browser!);
  });
  afterEach(() => pages.closePages());
  afterAll(() => pages.close());

  test('rates side by side: digits, j and k, and a flag and a reason for one of the answers', async () => {
    const batch = await pages.given('side by side', 'rate-side-by-side', { 'both?': ['this', 'that'] });
    const page = await pages.open(batch.link);
    await shown(page, 'both?');
    const [a, b] = await textsOf(page);
    await press(page, '2');
    await expect.poll(() => current(page)).toContain('answer B');
    await press(page, '4', 'k');
    await expect.poll(() => current(page)).toContain('answer A');
    // Around the corner, and back.
    await press(page, 'k');
    await expect.poll(() => current(page)).toContain('answer B');
    await press(page, 'j', '5');
    await tabTo(page, 'Answer B is unsafe');
    await press(page, 'Space');
    await tabTo(page, 'Why? Answer B');
    await page.keyboard.type('b is 4, s and u are letters here');
    await press(page, 'Control+Enter');
    await done(page, 1);
    const ratings = new Map((await pages.ratingsOf(batch)).map((rating) => [rating.text, rating]));
    expect(ratings.get(a)).toMatchObject({ score: 5, flags: [], rationale: null });
    expect(ratings.get(b)).toMatchObject({ score: 4, flags: ['unsafe'], rationale: 'b is 4, s and u are letters here' });
    expect(pages.mistakes).toEqual([]);
  });

  test('an unclear prompt is said once and recorded with both', async () => {
    const batch = await pages.given('unclear', 'rate-side-by-side', { 'what?': ['this', 'that'] });
    const page = await pages.open(batch.link);
    await shown(page, 'what?');
    await press(page, '1', '2');
    await tabTo(page, 'The prompt is unclear');
    await press(page, 'Space', 'Enter');
    await done(page, 1);
    expect((await pages.ratingsOf(batch)).map(({ flags }) => flags)).toEqual([['prompt_unclear'], ['prompt_unclear']]);
  });

  test('compares: the second, then neither', async () => {
    const batch = await pages.given('by keys', 'compare', { 'which?': ['left', 'right'], 'or which?': ['red', 'blue'] });
    const page = await pages.open(batch.link);
    await page.getByText('Which answer is better?').waitFor();
    const [worse, better] = await textsOf(page);
    await press(page, '2', 'Enter');
    await done(page, 1);
    await expect.poll(() => textsOf(page)).not.toContain(better);
    const tied = await textsOf(page);
    await press(page, '3', 'Enter');
    await done(page, 2);
    const rank = await pages.ranksOf(batch);
    expect([rank.get(better), rank.get(worse)]).toEqual([1, 2]);
    expect(tied.map((text) => rank.get(text))).toEqual([1, 1]);
  });

  test('skips out of a dialog that Escape closes, and opens the last answer again', async () => {
    const batch = await pages.given('skipping', 'rate', { 'skip?': ['one', 'two', 'three'] });
    const page = await pages.open(batch.link);
    await page.getByRole('radio', { name: 'level 1' }).waitFor();
    const focused = page.getByRole('dialog').locator(':focus');
    await press(page, 's');
    await focused.waitFor();
    await press(page, 'Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await pages.tasksOf(batch, 'skipped')).toEqual([]);
    await press(page, 's');
    await focused.waitFor();
    // Digits and letters answer nothing behind the dialog.
    await press(page, '3', 'Tab', 'Enter');
    await shown(page, 'Skipped.');
    expect(await pages.tasksOf(batch, 'skipped')).toEqual([{ reason: 'I do not read this language' }]);
    expect(await page.getByRole('radio', { checked: true }).count()).toBe(0);
    await press(page, '2', 'Enter');
    await done(page, 1);
    await press(page, 'u');
    await page.getByRole('button', { name: 'Send correction' }).waitFor();
    await press(page, '3', 'Enter');
    await shown(page, 'Corrected.');
    expect((await pages.ratingsOf(batch)).map(({ score }) => score)).toEqual([2, 3]);
  });

  test('levels beyond the tenth are chosen by arrows', async () => {
    const criterionVersionId = await givenCriterionVersion(pages.t, 12);
    const batch = await pages.given('twelve levels', 'rate', { 'how good?': ['very'] }, { criterionVersionId });
    const page = await pages.open(batch.link);
    await shown(page, 'how good?');
    await press(page, '0');
    expect(await checked(page, 'level 10')).toBe(true);
    await tabTo(page, 'level 10');
    await press(page, 'ArrowRight', 'ArrowRight');
    expect(await checked(page, 'level 12')).toBe(true);
    await press(page, 'Enter');
    await done(page, 1);
    expect((await pages.ratingsOf(batch)).map(({ score }) => score)).toEqual([12]);
  });
});
