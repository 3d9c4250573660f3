import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface SeenRequest {
  path: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
  at: number;
}

export type Answer = (request: SeenRequest, response: ServerResponse, number: number) => void | Promise<void>;

/** A server of OpenAI's form on loopback, over real HTTP; what it answers is set per test. */
export class FakeEndpoint {
  readonly seen: SeenRequest[] = [];
  /** Most requests that were open at once. */
  busiest = 0;
  answer: Answer = (request, response) => choices(response, Array.from({ length: Number(request.body.n) }, (_, i) => `answer ${i}`));
  private open = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<FakeEndpoint> {
    const server = createServer();
    const fake = new FakeEndpoint(server);
    server.on('request', (request, response) => {
      fake.busiest = Math.max(fake.busiest, ++fake.open);
      response.on('close', () => fake.open--);
      const handle = async (): Promise<void> => {
        const body = (await json(request)) as Record<string, unknown>;
        const seen = { path: request.url!, headers: request.headers, body, at: Date.now() };
        fake.seen.push(seen);
        await fake.answer(seen, response, fake.seen.length);
      };
      // A client that gave up leaves nothing to answer.
      handle().catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get openNow(): number {
    return this.open;
  }

  reset(answer?: Answer): void {
    this.seen.length = 0;
    this.busiest = 0;
    this.answer = answer ?? ((request, response) => choices(response, Array.from({ length: Number(request.body.n) }, (_, i) => `answer ${i}`)));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** A chat answer with these texts. */
export function choices(response: ServerResponse, texts: string[], usage?: object): void {
  const body = {
    choices: texts.map((content, index) => ({ index, message: { role: 'assistant', content }, finish_reason: 'stop' })),
    usage: usage ?? { prompt_tokens: 7, completion_tokens: 3 * texts.length },
  };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function refuse(response: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ error: { message } }));
}
