// The labeler's page as the tests of it see it: a served API, batches with a link for a labeler, pages of a real browser.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import request from 'supertest';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { givenCriterionVersion, givenLabeler, givenPrompt, withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from './app.js';

export interface GivenBatch {
  batchId: string;
  labelerId: string;
  link: string;
}

export interface SentRating {
  text: string;
  score: number;
  dimension_scores: Record<string, number> | null;
  rationale: string | null;
  flags: string[];
  time_spent_ms: number;
  supersedes_id: string | null;
}

export const desktop = { width: 1280, height: 900 };
export const phone = { width: 375, height: 700 };

export class LabelPages {
  private readonly opened: Page[] = [];
  /** What pages threw or wrote to the console as errors. */
  readonly mistakes: string[] = [];

  private constructor(
    readonly t: TestApp,
    readonly origin: string,
    private readonly version: string,
    private readonly browser: Browser,
  ) {}

  static async start(browser: Browser): Promise<LabelPages> {
    const t = await createTestApp();
    const origin = `http://127.0.0.1:${(t.http.address() as AddressInfo).port}`;
    return new LabelPages(t, origin, await givenCriterionVersion(t), browser);
  }

  async post(path: string, body: object, key = this.t.admin) {
    return (await request(this.t.http).post(`/v1${path}`).set(key).send(body).expect(201)).body;
  }

  /** A batch over prompts that have these completions; on a scale of five levels unless `fields` name a version. */
  async batch(name: string, mode: string, prompts: Record<string, string[]>, fields: object = {}): Promise<string> {
    const completionIds: string[] = [];
    for (const [text, completions] of Object.entries(prompts)) {
      completionIds.push(...(await givenPrompt(this.t, text, completions.map((c) => ({ text: c })))).completionIds);
    }
    const { id } = await this.post('/labeling-batches', { name, mode, criterionVersionId: this.version, completionIds, ...fields });
    return id as string;
  }

  /** Such a batch, and a labeler with a link to it. */
  async given(name: string, mode: string, prompts: Record<string, string[]>, fields: object = {}): Promise<GivenBatch> {
    const batchId = await this.batch(name, mode, prompts, fields);
    const labelerId = await givenLabeler(this.t, `labeler of ${name}`);
    const session = await this.post(`/labelers/${labelerId}/sessions`, { labelingBatchId: batchId });
    return { batchId, labelerId, link: this.origin + session.path };
  }

  async open(link: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({ viewport: desktop, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => this.mistakes.push(error.message));
    page.on('console', (message) => message.type() === 'error' && this.mistakes.push(message.text()));
    this.opened.push(page);
    await page.goto(link);
    return page;
  }

  /** In the order in which they came. */
  ratingsOf({ labelerId }: GivenBatch): Promise<SentRating[]> {
    return withSql(this.t, async (sql) => {
      const { rows } = await sql.query<SentRating>(
        `SELECT c.text, r.score, r.dimension_scores, r.rationale, r.flags, r.time_spent_ms, r.supersedes_id
         FROM ratings r JOIN completions c ON c.id = r.completion_id WHERE r.labeler_id = $1 ORDER BY r.id`,
        [labelerId],
      );
      return rows;
    });
  }

  /** Place of each completion, by its text, in the rankings and comparisons that this labeler sent. */
  ranksOf({ labelerId }: GivenBatch): Promise<Map<string, number>> {
    return withSql(this.t, async (sql) => {
      const { rows } = await sql.query<{ text: string; rank: number }>(
        `SELECT c.text, r.rank FROM preferences p JOIN preference_ranks r ON r.preference_id = p.id
         JOIN completions c ON c.id = r.completion_id WHERE p.labeler_id = $1`,
        [labelerId],
      );
      return new Map(rows.map(({ text, rank }) => [text, rank]));
    });
  }

  tasksOf({ labelerId }: GivenBatch, state: string): Promise<{ reason: string | null }[]> {
    return withSql(this.t, async (sql) => {
      return (await sql.query<{ reason: string | null }>('SELECT reason FROM labeling_tasks WHERE labeler_id = $1 AND state = $2', [labelerId, state])).rows;
    });
  }

  async closePages(): Promise<void> {
    this.mistakes.length = 0;
    await Promise.all(this.opened.splice(0).map((page) => page.context().close()));
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.t.close();
  }
}

export const shown = (page: Page, text: string) => page.getByText(text, { exact: true }).waitFor();
export const done = (page: Page, count: number) => page.locator('header strong', { hasText: String(count) }).waitFor();
/** Of the completions, in the order shown. */
export const textsOf = (page: Page) => page.locator('.completions .text').allTextContents();
export const checked = (page: Page, name: string) => page.getByRole('radio', { name }).isChecked();

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe has to say about the page as it stands. */
export async function violations(page: Page): Promise<string[]> {
  // Evaluated by the debugger, which the page's content security policy does not bind.
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } };
    return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
  });
}
