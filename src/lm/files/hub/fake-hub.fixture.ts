/**
 * A small server that answers like the Hub for one repository: the revision, the list of files, and files
 * with ranges, redirecting large ones to another address as the Hub's storage does. Its faults are fields.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

export const commit = 'c'.repeat(40);

export class FakeHub {
  files: Record<string, Uint8Array> = {};
  /** Those stored as large files: redirected, hashed with sha256. */
  large = new Set<string>();
  /** Every request as `METHOD path [range]`, with the token it carried. */
  requests: { line: string; authorization: string | undefined }[] = [];
  /** Statuses given to the next requests whose path holds a text, in turn. */
  failures: { path: string; status: number; headers?: Record<string, string> }[] = [];
  /** Cuts the connection after so many bytes of a large file, once for each entry. */
  cuts: number[] = [];
  /** Changes what the list of files says. */
  list: (entries: Record<string, unknown>[]) => unknown[] = (entries) => entries;
  /** Changes what a file's body is. */
  body: (name: string, bytes: Uint8Array) => Uint8Array = (_, bytes) => bytes;
  sha: unknown = commit;
  ranges = true;
  private readonly servers: Server[] = [];
  private storage = '';

  async start(): Promise<string> {
    const listen = async (answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> => {
      const server = createServer(answer);
      this.servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    };
    this.storage = await listen((request, response) => this.answer(request, response, true));
    return listen((request, response) => this.answer(request, response, false));
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); })));
  }

  private answer(request: IncomingMessage, response: ServerResponse, isStorage: boolean): void {
    const path = decodeURIComponent(new URL(request.url!, 'http://x').pathname);
    const { range, authorization } = request.headers;
    this.requests.push({ line: `${isStorage ? 'storage ' : ''}${path}${range ? ` ${range}` : ''}`, authorization });
    const failure = this.failures.findIndex((wanted) => path.includes(wanted.path));
    if (failure >= 0) {
      const [{ status, headers }] = this.failures.splice(failure, 1);
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{"error":"no"}');
      return;
    }
    if (path.startsWith('/api/models/tiny/model/revision/')) return json(response, { _id: '1', id: 'tiny/model', sha: this.sha, lastModified: '2026-01-01' });
    if (path.startsWith(`/api/models/tiny/model/tree/`)) return json(response, this.list(this.entries()));
    const name = path.replace(/^.*\/resolve\/[0-9a-f]{40}\//, '');
    const bytes = Object.hasOwn(this.files, name) ? this.body(name, this.files[name]) : undefined;
    if (!bytes) return void response.writeHead(404).end();
    if (this.large.has(name) && !isStorage) {
      return void response.writeHead(302, { location: `${this.storage}${request.url}`, 'x-linked-size': bytes.length, 'x-linked-etag': `"${sha256(bytes)}"` }).end();
    }
    this.send(response, bytes, range, isStorage);
  }

  private entries(): Record<string, unknown>[] {
    return Object.entries(this.files).map(([path, bytes]) => ({
      type: 'file',
      path,
      size: bytes.length,
      oid: createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex'),
      ...(this.large.has(path) ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 120 } } : {}),
    }));
  }

  private send(response: ServerResponse, bytes: Uint8Array, range: string | undefined, isStorage: boolean): void {
    const from = this.ranges && range ? Number(/^bytes=(\d+)-$/.exec(range)![1]) : 0;
    if (from >= bytes.length && from > 0) return void response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    response.writeHead(from > 0 ? 206 : 200, {
      etag: '"x"',
      'content-length': bytes.length - from,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    const cut = isStorage ? this.cuts.shift() : undefined;
    if (cut === undefined) return void response.end(bytes.subarray(from));
    response.write(bytes.subarray(from, from + cut), () => setTimeout(() => response.destroy(), 20));
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
