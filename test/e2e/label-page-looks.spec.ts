// How the labeler's page fits its people: what axe has to say of each of its states, in light and dark, a phone and a
// finger, and its weight.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from '../support/browser.js';
import { checked, desktop, done, LabelPages, phone, shown, violations } from '../support/label-page.js';

const browser: Browser | null = await openBrowser();
if (!browser) console.warn('looks of the label page: SKIPPED, there is no Chromium for this system (Linux on x64 brings its own)');

const onPhone = { viewport: phone, hasTouch: true, isMobile: true };

describe.skipIf(!browser)('the label page', () => {
  let pages: LabelPages;
  beforeAll(async () => {
    pages = await LabelPages.start(browser!);
  });
  afterEach(() => pages.closePages());
  afterAll(() => pages.close());

  test.each([
    ['desktop', { viewport: desktop }],
    ['desktop in the dark', { viewport: desktop, colorScheme: 'dark' as const }],
    ['phone', onPhone],
  ])('has nothing for axe to say, and nothing to scroll sideways, on a %s', async (name, options) => {
    for (const mode of ['rate', 'rate-side-by-side', 'rank', 'compare']) {
      const batch = await pages.given(`axe ${mode} ${name}`, mode, { [`look at ${mode} ${name}`]: ['a '.repeat(200), 'b'.repeat(300)] });
      const page = await pages.open(batch.link, options);
      await shown(page, `look at ${mode} ${name}`);
      // Chosen answers have colors of their own.
      await page.getByRole('radio').first().check();
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
      await page.context().close();
    }
  });

  test.each([
    ['light', 'light' as const],
    ['dark', 'dark' as const],
  ])('axe has nothing to say of dialog, notices, the end, the choice of batches, and a full criterion (%s)', async (name, colorScheme) => {
    const criterion = await pages.post('/criteria', { name: `full ${name}` });
    const anchors = [{ prompt: 'Where does Ivy live?', completion: 'In Oslo.', explanation: 'right and short' }];
    const version = await pages.post(`/criteria/${criterion.id}/versions`, {
      instructions: 'Does it help?',
      scale: [1, 2, 3].map((value) => ({ value, label: `step ${value}`, description: `what step ${value} is`, anchors })),
      dimensions: [{ name: 'helpful', weight: 1, instructions: 'Does it do what was asked?' }, { name: 'honest', weight: 3 }],
      publish: true,
    });
    const batch = await pages.given(`states ${name}`, 'rate', { 'well?': ['yes'] }, { criterionVersionId: version.id });
    const page = await pages.open(batch.link, { colorScheme });
    await shown(page, 'well?');
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('s');
    await page.getByRole('dialog').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    for (const key of ['1', '2']) await page.keyboard.press(key);
    await page.context().setOffline(true);
    await page.keyboard.press('Enter');
    await page.getByText('The server could not be reached', { exact: false }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.context().setOffline(false);
    await page.keyboard.press('Enter');
    await page.getByText('Nothing left for you here').waitFor();
    expect(await violations(page)).toEqual([]);

    const vendorId = await pages.t.givenVendor(`states ${name}`);
    const key = await pages.t.vendorKey(vendorId);
    for (const which of ['one', 'two']) await pages.batch(`${which} ${name}`, 'rate', { [which]: ['a'] }, { vendorIds: [vendorId], priceNote: '5 cents' });
    const labeler = await pages.post('/labelers', { externalId: name }, key);
    const session = await pages.post(`/labelers/${labeler.id}/sessions`, {}, key);
    const choice = await pages.open(pages.origin + session.path, { colorScheme });
    await choice.getByRole('heading', { name: 'Choose a batch' }).waitFor();
    expect(await violations(choice)).toEqual([]);
  });

  test('is answered, skipped and corrected by finger on a phone', async () => {
    const batch = await pages.given('by finger', 'rate', { 'tap?': ['a '.repeat(800), 'b '.repeat(800), 'c '.repeat(800)] });
    const page = await pages.open(batch.link, onPhone);
    const tap = (name: string) => page.getByRole('button', { name }).tap();
    await page.getByRole('radio', { name: 'level 3' }).tap();
    await page.getByLabel('Something here is unsafe').tap();
    await tap('Send');
    await done(page, 1);
    expect(await pages.ratingsOf(batch)).toMatchObject([{ score: 3, flags: ['unsafe'] }]);
    await tap('Undo');
    await page.getByRole('button', { name: 'Send correction' }).waitFor();
    expect(await checked(page, 'level 3')).toBe(true);
    await page.getByRole('radio', { name: 'level 5' }).tap();
    await tap('Send correction');
    await shown(page, 'Corrected.');
    await tap('Skip');
    await tap('I would rather not read this');
    await shown(page, 'Skipped.');
    expect(await pages.tasksOf(batch, 'skipped')).toHaveLength(1);
    expect((await pages.ratingsOf(batch)).map(({ score }) => score)).toEqual([3, 5]);
  });

  test('fingers have 44 pixels to hit, on every button and answer', async () => {
    const batch = await pages.given('sizes', 'rate-side-by-side', { 'big enough?': ['a', 'b'] });
    const page = await pages.open(batch.link, onPhone);
    await shown(page, 'big enough?');
    const small = await page.locator('button, label.option').evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML));
    expect(small).toEqual([]);
  });

  test('says when a batch is due, with the hour', async () => {
    const batch = await pages.given('due', 'rate', { 'in time?': ['yes'] }, { dueAt: '2126-12-04T18:30:00Z' });
    const page = await pages.open(batch.link, { locale: 'en-GB', timezoneId: 'UTC' });
    await shown(page, 'in time?');
    expect(await page.locator('header').textContent()).toContain('due 4 Dec 2126, 18:30');
  });
});

test('the whole page is small', () => {
  const folder = 'dist/web/label/assets';
  const files = readdirSync(folder).map((name) => join(folder, name));
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(50_000);
});
