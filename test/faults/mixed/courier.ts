// Requests as a client of a system that breaks would send them: each with a key of its own, again and again until it is answered.
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  status: number;
  body: unknown;
}

export class Courier {
  /** Requests that were sent more than once. */
  repeated = 0;
  /** Answers of 4xx that a repeat does not explain, in words. */
  readonly refused: string[] = [];
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly apiKey: string,
  ) {}

  /** No request is begun after this, and none is repeated. */
  close(): void {
    this.closed = true;
  }

  /**
   * The answer, however often it had to be asked for; undefined when the drill ended before there was one.
   *
   * @param key of Idempotency-Key: what makes the repeats one request
   */
  async post(path: string, body: object | string, key: string): Promise<Answer | undefined> {
    const bulk = typeof body === 'string';
    const headers = { 'content-type': bulk ? 'application/x-ndjson' : 'application/json', 'idempotency-key': key };
    const answer = await this.send('POST', path, headers, bulk ? body : JSON.stringify(body));
    if (answer && answer.status >= 400 && answer.status !== 409) this.refused.push(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`);
    return answer;
  }

  async get(path: string): Promise<Answer | undefined> {
    return this.send('GET', path, {}, undefined);
  }

  private async send(method: string, path: string, headers: Record<string, string>, body: string | undefined): Promise<Answer | undefined> {
    for (let attempt = 0; !this.closed; attempt++) {
      if (attempt === 1) this.repeated++;
      if (attempt > 0) await sleep(250);
      const answer = await this.once(method, path, headers, body);
      if (answer) return answer;
    }
    return undefined;
  }

  /** Undefined where trying again is right: no answer, an error of the server, or the same request still on its way. */
  private async once(method: string, path: string, headers: Record<string, string>, body: string | undefined): Promise<Answer | undefined> {
    try {
      const init = { method, headers: { authorization: `Bearer ${this.apiKey}`, ...headers }, body, signal: AbortSignal.timeout(20_000) };
      const response = await fetch(this.url + path, init);
      const answer = { status: response.status, body: await response.json().catch(() => undefined) };
      const code = (answer.body as { code?: string } | undefined)?.code ?? '';
      const again = answer.status >= 500 || answer.status === 429 || code.startsWith('idempotency');
      return again ? undefined : answer;
    } catch {
      return undefined;
    }
  }
}
