/**
 * One POST to a URL given by a client: the checked address is the one connected to,
 * redirects are not followed, answers are read up to a bound, and there is a deadline.
 */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { storableText } from '#src/common/text.js';
import { AddressRefusedError, guardedLookup, literalAddress, mayConnect, type Resolver } from '#src/common/network-address.js';

export interface PostOptions {
  allowPrivate: boolean;
  timeoutMs: number;
  /** Ends the attempt at once. */
  signal?: AbortSignal;
  resolver?: Resolver;
}

export interface PostResult {
  /** Null if there was no response; `error` then has the reason. */
  status: number | null;
  error: string | null;
  /** Time until the response began or the attempt failed. */
  latencyMs: number;
  /** The beginning of the answer's body. */
  response: string | null;
}

/** The log keeps no more; the rest of an answer is not read. */
const maxResponseBytes = 1024;

/** Never rejects. */
export async function post(url: URL, headers: Record<string, string>, body: string, options: PostOptions): Promise<PostResult> {
  const started = performance.now();
  const latency = () => Math.round(performance.now() - started);
  const deadline = new Deadline(options.timeoutMs, options.signal);
  try {
    const response = await send(url, headers, body, deadline.signal, options);
    const latencyMs = latency();
    return { status: response.statusCode!, error: null, latencyMs, response: await beginning(response) };
  } catch (error) {
    return { status: null, error: deadline.passed ? 'timeout' : reason(error), latencyMs: latency(), response: null };
  } finally {
    deadline.clear();
  }
}

function send(url: URL, headers: Record<string, string>, body: string, signal: AbortSignal, options: PostOptions): Promise<IncomingMessage> {
  const literal = literalAddress(url);
  // Sockets connect to literal addresses without a lookup.
  if (literal !== undefined && !mayConnect(literal, options.allowPrivate)) return Promise.reject(new AddressRefusedError(literal, literal));
  const lookup = guardedLookup(options.allowPrivate, options.resolver);
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    // A socket of its own: a pooled one was checked for another delivery.
    const sent: ClientRequest = request(url, { method: 'POST', headers, agent: false, lookup, signal }, resolve);
    sent.on('error', reject).end(body);
  });
}

/** The bytes received when the response ends, is long enough or stalls. */
function beginning(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const done = () => {
      response.destroy();
      resolve(storableText(Buffer.concat(chunks).subarray(0, maxResponseBytes).toString()));
    };
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= maxResponseBytes) done();
    });
    response.once('end', done).once('close', done).once('error', done);
  });
}

/** Does not reveal the resolved address, which would let clients map an internal network. */
function reason(error: unknown): string {
  if (error instanceof AddressRefusedError) return 'address_refused';
  const { code, name } = error as { code?: string; name?: string };
  return `connection_failed: ${code ?? name}`;
}

/**
 * In a worker that computes, the event loop may stand still past the deadline while the answer waits in the socket:
 * the timer then gives it the turn of the loop in which sockets are read.
 */
class Deadline {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  passed = false;

  constructor(ms: number, private readonly outer?: AbortSignal) {
    this.timer = setTimeout(() => setImmediate(() => setImmediate(() => this.end())), ms);
  }

  get signal(): AbortSignal {
    return this.outer ? AbortSignal.any([this.controller.signal, this.outer]) : this.controller.signal;
  }

  clear(): void {
    clearTimeout(this.timer);
  }

  private end(): void {
    this.passed = true;
    this.controller.abort();
  }
}
