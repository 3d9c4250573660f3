import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A receiver of webhooks on loopback, over real HTTP; how it answers is set per test. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  /** Status and text of an answer; undefined leaves the sender waiting. */
  answer: (received: Received, number: number) => [number, string] | undefined = () => [204, ''];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<WebhookReceiver> {
    const server = createServer();
    const receiver = new WebhookReceiver(server);
    server.on('request', (request, response) => {
      void text(request).then((body) => {
        const received = { path: request.url!, headers: request.headers, body };
        receiver.received.push(received);
        const answer = receiver.answer(received, receiver.received.length);
        if (answer) response.writeHead(answer[0], { location: '/elsewhere' }).end(answer[1]);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  url(path = '/hook'): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${path}`;
  }

  of(path: string): Received[] {
    return this.received.filter((one) => one.path === path);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
