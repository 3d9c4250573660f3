// The client that the quickstart, ingest, benchmarks and tests use, and that anyone may. Types come from
// openapi.json (schema.gen.ts); this file adds what a document cannot say: errors as exceptions, waiting for
// jobs, pages as iterators, NDJSON bodies.
import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './schema.gen.js';

export type Schemas = components['schemas'];
export type Job = Schemas['JobDto'];
export type Problem = Schemas['Problem'];

/** The API answered with a problem document. Branch on `problem.code`. */
export class PlumblineError extends Error {
  override readonly name = 'PlumblineError';

  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.detail ?? problem.title}`);
  }
}

/** A job that was waited for ended as `failed` or `cancelled`. */
export class JobNotSucceededError extends Error {
  override readonly name = 'JobNotSucceededError';

  constructor(readonly job: Job) {
    const why = job.error as { detail?: string; title?: string } | null | undefined;
    super(`job ${job.id} (${job.type}) ${job.state}${why ? `: ${why.detail ?? why.title}` : ''}`);
  }
}

export interface PlumblineOptions {
  /** Such as `http://127.0.0.1:3000`. */
  baseUrl: string;
  /** `plk_...` */
  apiKey: string;
  fetch?: typeof fetch;
}

type FetchResult<T> = { data?: T; error?: unknown; response: Response };

export class Plumbline {
  /** Every route by its path, typed: `client.http.GET('/v1/jobs/{id}', ...)`. Wrap calls in `ok`. */
  readonly http: Client<paths>;
  private readonly options: PlumblineOptions;

  constructor(options: PlumblineOptions) {
    this.options = { ...options, baseUrl: options.baseUrl.replace(/\/$/, '') };
    this.http = createClient<paths>({
      baseUrl: this.options.baseUrl,
      headers: { Authorization: `Bearer ${options.apiKey}` },
      ...(options.fetch && { fetch: options.fetch }),
    });
  }

  /** The body of an answer; a problem document becomes a `PlumblineError`. */
  async ok<T>(call: Promise<FetchResult<T>>): Promise<T> {
    const { data, error, response } = await call;
    if (error !== undefined) throw new PlumblineError(asProblem(error, response));
    return data as T;
  }

  /**
   * Waits until a job is over, by long polls.
   *
   * @throws JobNotSucceededError when it failed or was cancelled
   */
  async waitForJob(id: string, options: { onProgress?: (job: Job) => void; signal?: AbortSignal } = {}): Promise<Job> {
    for (;;) {
      const job = await this.ok(
        this.http.GET('/v1/jobs/{id}', {
          params: { path: { id } },
          headers: { Prefer: 'wait=2' },
          signal: options.signal,
        }),
      );
      options.onProgress?.(job);
      if (job.state === 'succeeded') return job;
      if (job.terminal) throw new JobNotSucceededError(job);
    }
  }

  /** Every item of a collection: `pages((cursor) => client.http.GET(path, { params: { query: { cursor } } }))`. */
  async *pages<T>(
    fetchPage: (cursor: string | undefined) => Promise<FetchResult<{ data: T[]; nextCursor: string | null }>>,
  ): AsyncGenerator<T> {
    for (let cursor: string | undefined; ; ) {
      const page = await this.ok(fetchPage(cursor));
      yield* page.data;
      if (page.nextCursor === null) return;
      cursor = page.nextCursor;
    }
  }

  /** Posts lines as NDJSON; each line has its own result, so only the answer tells what landed. */
  async bulk(path: BulkPath | (string & {}), lines: readonly object[]): Promise<Schemas['BulkResult']> {
    const body = lines.map((line) => JSON.stringify(line)).join('\n');
    return (await this.raw('POST', path, { body, contentType: 'application/x-ndjson' }).then((r) => r.json())) as Schemas['BulkResult'];
  }

  /** Uploads bytes as an artifact, at once or in parts. */
  async upload(content: Uint8Array | Iterable<Uint8Array>, query: { kind: string; fileName: string; mediaType?: string }): Promise<Schemas['ArtifactDto']> {
    const path = `/v1/artifacts?${new URLSearchParams({ mediaType: 'application/octet-stream', ...query }).toString()}`;
    return (await this.raw('POST', path, { body: content instanceof Uint8Array ? content : streamOf(content), contentType: 'application/octet-stream' }).then((r) => r.json())) as Schemas['ArtifactDto'];
  }

  /** A request beyond JSON in and JSON out, with the same errors. */
  async raw(method: string, path: string, init: { body?: string | Uint8Array | ReadableStream<Uint8Array>; contentType?: string } = {}): Promise<Response> {
    const send = this.options.fetch ?? fetch;
    const response = await send(this.options.baseUrl + path, {
      method,
      body: init.body as RequestInit['body'],
      // What a body that is sent while it is made must declare.
      ...(init.body instanceof ReadableStream && { duplex: 'half' }),
      headers: {
        Authorization: `Bearer ${this.options.apiKey}`,
        ...(init.contentType && { 'content-type': init.contentType }),
      },
    });
    if (response.ok) return response;
    const text = await response.text();
    throw new PlumblineError(asProblem(safeJson(text) ?? text, response));
  }
}

export type BulkPath = '/v1/prompts/bulk' | '/v1/completions/bulk' | '/v1/ratings/bulk' | '/v1/rankings/bulk' | '/v1/preference-judgements/bulk';

function streamOf(parts: Iterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = parts[Symbol.iterator]();
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const next = iterator.next();
    if (next.done) controller.close();
    else controller.enqueue(next.value);
  };
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

function asProblem(error: unknown, response: Response): Problem {
  if (typeof error === 'object' && error !== null && 'code' in error) return error as Problem;
  return {
    type: 'about:blank',
    code: `http_${response.status}`,
    title: response.statusText || `HTTP ${response.status}`,
    status: response.status,
    detail: typeof error === 'string' ? error.slice(0, 200) : undefined,
  };
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
