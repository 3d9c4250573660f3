// The second pass: lines go through the bulk routes, some at a time, so that memory does not grow with the data.
import type { Plumbline, Schemas } from '#sdk/client.js';
import type { StageProgress } from '../terminal/progress.js';
import { IngestError } from './rows.js';

const routes = {
  prompts: '/v1/prompts/bulk',
  completions: '/v1/completions/bulk',
  ratings: '/v1/ratings/bulk',
  preferences: '/v1/preference-judgements/bulk',
} as const;
export type Kind = keyof typeof routes;
export const kinds = Object.keys(routes) as Kind[];

interface Totals {
  created: number;
  duplicates: number;
  failed: number;
}

const batchLines = 2000;
const batchCharacters = 4_194_304;
const keptFailures = 20;
/** As many as one prompt set takes. */
const promptsOfSet = 100_000;

interface Waiting {
  at: string[];
  json: string[];
}

const nothing = (): Record<Kind, Waiting> => ({
  prompts: { at: [], json: [] },
  completions: { at: [], json: [] },
  ratings: { at: [], json: [] },
  preferences: { at: [], json: [] },
});

export class Sender {
  readonly totals = Object.fromEntries(kinds.map((kind) => [kind, { created: 0, duplicates: 0, failed: 0 }])) as Record<Kind, Totals>;
  /** The first of those that were refused, in words. */
  readonly failures: string[] = [];
  readonly promptSetIds: string[] = [];
  private waiting = nothing();
  private lines = 0;
  private characters = 0;
  private sent = 0;
  private inFlight: Promise<void> = Promise.resolve();
  private members = new Set<string>();

  constructor(
    private readonly client: Plumbline,
    /** Of the prompt set. */
    private readonly name: string,
    private readonly progress: StageProgress,
    /** Rows in all. */
    private readonly rows: number,
  ) {}

  /** @param at the place that a refusal names */
  add(kind: Kind, at: string, line: object): void {
    const json = JSON.stringify(line);
    this.waiting[kind].at.push(at);
    this.waiting[kind].json.push(json);
    this.lines++;
    this.characters += json.length;
    if (kind === 'prompts') this.members.add((line as { externalId: string }).externalId);
  }

  /** Call it after each row; what a line refers to goes with it or before it. */
  async rowDone(): Promise<void> {
    this.sent++;
    if (this.lines < batchLines && this.characters < batchCharacters && this.members.size < promptsOfSet) return;
    await this.flush();
    this.progress.update(this.sent, this.rows);
    if (this.members.size >= promptsOfSet) await this.makeSet();
  }

  async finish(): Promise<void> {
    await this.flush();
    await this.inFlight;
    if (this.members.size > 0) await this.makeSet();
  }

  /** One batch is on its way while the next is read. */
  private async flush(): Promise<void> {
    await this.inFlight;
    const batch = this.waiting;
    this.waiting = nothing();
    [this.lines, this.characters] = [0, 0];
    this.inFlight = this.post(batch);
    // It is awaited before the next one, or at the end.
    this.inFlight.catch(() => undefined);
  }

  private async post(batch: Record<Kind, Waiting>): Promise<void> {
    for (const kind of kinds) {
      const { at, json } = batch[kind];
      if (json.length === 0) continue;
      const response = await this.client.raw('POST', routes[kind], { body: json.join('\n'), contentType: 'application/x-ndjson' });
      const result = (await response.json()) as Schemas['BulkResult'];
      const totals = this.totals[kind];
      totals.created += result.created;
      totals.duplicates += result.duplicates;
      totals.failed += result.failed;
      if (result.failed > 0) this.keepFailures(kind, at, result.items);
    }
  }

  private keepFailures(kind: Kind, at: readonly string[], items: readonly Schemas['BulkItemResult'][]): void {
    for (const { line, status, code, errors } of items) {
      if (status !== 'failed' || this.failures.length >= keptFailures) continue;
      const why = errors?.map((error) => `${error.pointer} ${error.message}`).join('; ') ?? '';
      this.failures.push(`${at[line - 1]}: ${kind}: ${code} ${why}`);
    }
  }

  private async makeSet(): Promise<void> {
    await this.inFlight;
    const externalIds = [...this.members];
    this.members = new Set();
    const number = this.promptSetIds.length + 1;
    const name = number === 1 ? this.name : `${this.name} (${number})`;
    const found = await findPromptSet(this.client, name);
    if (found) checkPromptSet(found, externalIds.length);
    const { id } = found ?? (await this.client.ok(this.client.http.POST('/v1/prompt-sets', { body: { name, externalIds } })));
    this.promptSetIds.push(id);
  }
}

/** Before anything is sent: a prompt set never changes, so one of that name must be the same. */
export async function checkName(client: Plumbline, name: string, prompts: number | undefined): Promise<void> {
  const found = await findPromptSet(client, name);
  if (found) checkPromptSet(found, Math.min(prompts ?? promptsOfSet, promptsOfSet));
}

function checkPromptSet({ name, promptCount }: Schemas['PromptSetDto'], prompts: number): void {
  if (promptCount !== prompts) throw new IngestError(`the prompt set '${name}' is there and has ${promptCount} prompts, and the data ${prompts}: give another --name`);
}

async function findPromptSet(client: Plumbline, name: string): Promise<Schemas['PromptSetDto'] | undefined> {
  for await (const set of client.pages((cursor) => client.http.GET('/v1/prompt-sets', { params: { query: { cursor } } }))) {
    if (set.name === name) return set;
  }
  return undefined;
}
