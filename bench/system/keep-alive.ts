// Requests over kept connections by node:http, which costs the machine less than fetch: the load comes from
// the same cores that serve it.
import { Agent, request } from 'node:http';

export interface Answer {
  status: number;
  text: string;
}

export class KeepAliveClient {
  private readonly agent: Agent;

  constructor(
    private readonly server: { url: string; authorization: string },
    connections: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  send(method: 'GET' | 'POST', path: string, body?: string): Promise<Answer> {
    const headers: Record<string, string | number> = { authorization: this.server.authorization };
    if (body !== undefined) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = Buffer.byteLength(body);
    }
    return new Promise((resolve, reject) => {
      const sent = request(this.server.url + path, { method, headers, agent: this.agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

/** `count` calls of `work`, `connections` at a time; seconds for all of them. */
export async function closedLoop(count: number, connections: number, work: (i: number) => Promise<void>): Promise<number> {
  let next = 0;
  const started = performance.now();
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: connections }, lane));
  return (performance.now() - started) / 1000;
}

/**
 * Calls at a fixed rate, whether answers come or not; latency in ms counts from when a call was due, so that
 * waiting behind a slow answer is not forgotten.
 */
export async function openLoop(perSecond: number, seconds: number, work: () => Promise<void>): Promise<number[]> {
  const count = Math.round(perSecond * seconds);
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  const started = performance.now();
  for (let i = 0; i < count; i++) {
    const due = started + (1000 * i) / perSecond;
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    pending.push(work().then(() => void latencies.push(performance.now() - due)));
  }
  await Promise.all(pending);
  return latencies;
}
