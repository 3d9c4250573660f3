// Everything the page says to the API, through the generated client.
import { Plumbline, PlumblineError, type Schemas } from '#sdk/client.js';
import type { Criterion, Submission, Task } from './task.js';

export type Batch = Schemas['SessionBatchDto'];
export interface Claimed {
  criterion: Criterion;
  tasks: Task[];
}

/** How long a task stays with a labeler who has closed the page, in seconds. */
const ttlSeconds = 900;
/** In hand and in waiting, so that the next task is there at once. */
const tasksAhead = 3;

export class LabelingApi {
  private readonly client: Plumbline;

  constructor(apiKey: string) {
    this.client = new Plumbline({ baseUrl: location.origin, apiKey });
  }

  /** The batches that are open to whoever was given the link. */
  async openBatches(): Promise<Batch[]> {
    return (await this.client.ok(this.client.http.GET('/v1/labeler-session'))).batches;
  }

  /** What the labeler holds already, after a reload of the page, and new tasks up to the number kept ahead. */
  async start(batchId: string): Promise<Claimed> {
    const path = { id: batchId };
    const query = { state: 'leased' as const, limit: 100 };
    const held = (await this.client.ok(this.client.http.GET('/v1/labeling-batches/{id}/tasks', { params: { path, query } }))).data;
    const { criterion, tasks } = await this.claim(batchId, Math.max(1, tasksAhead - held.length));
    return { criterion, tasks: [...held, ...tasks] };
  }

  claim(batchId: string, k: number): Promise<Claimed> {
    const body = { k, ttlSeconds };
    return this.client.ok(this.client.http.POST('/v1/labeling-batches/{id}/tasks/claim', { params: { path: { id: batchId } }, body }));
  }

  submit(id: string, body: Submission): Promise<unknown> {
    return this.client.ok(this.client.http.POST('/v1/tasks/{id}/submit', { params: { path: { id } }, body }));
  }

  correct(id: string, body: Submission): Promise<unknown> {
    return this.client.ok(this.client.http.POST('/v1/tasks/{id}/correct', { params: { path: { id } }, body }));
  }

  skip(id: string, reason: string): Promise<unknown> {
    return this.client.ok(this.client.http.POST('/v1/tasks/{id}/skip', { params: { path: { id } }, body: { reason } }));
  }

  heartbeat(id: string): Promise<unknown> {
    return this.client.ok(this.client.http.POST('/v1/tasks/{id}/heartbeat', { params: { path: { id } }, body: { ttlSeconds } }));
  }

  release(id: string): Promise<unknown> {
    return this.client.ok(this.client.http.POST('/v1/tasks/{id}/release', { params: { path: { id } } }));
  }
}

/** The API answered that this cannot be, whatever is tried again; undefined for a failure of the way there. */
export function problemOf(error: unknown): Schemas['Problem'] | undefined {
  return error instanceof PlumblineError ? error.problem : undefined;
}
