/**
 * One connection pool to one address of a policy's endpoint or of a reward server: posts JSON, checks every address it
 * connects to, tries again what may go better. Redirects are not followed: they could lead anywhere.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { cut } from '#src/common/text.js';
import { AddressRefusedError, guardedLookup, literalAddress, mayConnect } from '#src/common/network-address.js';
import type { Config } from '#src/config/config.js';
import { EndpointError } from './endpoint-error.js';

type EndpointConfig = Pick<Config, 'allowPrivateEndpoints' | 'endpointKeys'>;

export interface EndpointTarget {
  url: URL;
  /** Environment variable of the worker that holds the key; null: no key is sent. */
  apiKeyEnv: string | null;
  /** Maximum number of parallel requests. */
  maxConcurrency: number;
  /** Timeout of one request, in seconds. */
  timeoutSeconds: number;
  /** In addition to the headers of every request. */
  headers?: Readonly<Record<string, string>>;
}

const maxAttempts = 6;
/** Far above any real response. */
const maxAnswerBytes = 64 * 1024 * 1024;

export class EndpointClient {
  private readonly url: URL;
  private readonly agent: HttpAgent;
  private readonly secret: string | undefined;

  /** @throws EndpointError `endpoint_key_missing`, `endpoint_key_origin`, `endpoint_address_private` */
  constructor(
    private readonly endpoint: EndpointTarget,
    { allowPrivateEndpoints, endpointKeys }: EndpointConfig,
  ) {
    this.url = endpoint.url;
    this.secret = secretFor(endpoint, this.url, endpointKeys);
    const literal = literalAddress(this.url);
    if (literal !== undefined && !mayConnect(literal, allowPrivateEndpoints))
      throw new EndpointError('endpoint_address_private', new AddressRefusedError(literal, literal).message);
    const options = { keepAlive: true, maxSockets: endpoint.maxConcurrency, lookup: guardedLookup(allowPrivateEndpoints) };
    this.agent = this.url.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  }

  /**
   * The body of a 200 answer. Rejects with the signal's reason when it aborts, also between attempts.
   *
   * @throws EndpointError
   */
  async post(body: object, signal?: AbortSignal): Promise<string> {
    const text = JSON.stringify(body);
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      try {
        return await this.attempt(text, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof EndpointError) || !error.retriable || attempt === maxAttempts) throw error;
        await sleep(retryDelay(attempt, error), undefined, { signal }).catch((reason: unknown) => {
          signal?.throwIfAborted();
          throw reason;
        });
      }
    }
  }

  dispose(): void {
    this.agent.destroy();
  }

  private async attempt(text: string, signal?: AbortSignal): Promise<string> {
    const timeout = AbortSignal.timeout(this.endpoint.timeoutSeconds * 1000);
    try {
      const response = await this.send(text, signal ? AbortSignal.any([signal, timeout]) : timeout);
      const body = await readBody(response);
      if (response.statusCode === 200) return body;
      throw this.refusal(response, body);
    } catch (error) {
      if (error instanceof EndpointError) throw error;
      if (error instanceof AddressRefusedError) throw new EndpointError('endpoint_address_private', error.message);
      const why = timeout.aborted ? `no answer within ${this.endpoint.timeoutSeconds} s` : (error as Error).message;
      throw new EndpointError('endpoint_unavailable', `${this.url.origin}: ${why}`, true);
    }
  }

  private send(text: string, signal: AbortSignal): Promise<IncomingMessage> {
    const request = this.url.protocol === 'https:' ? httpsRequest : httpRequest;
    const headers = {
      ...this.endpoint.headers,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      accept: 'application/json',
      ...(this.secret !== undefined && { authorization: `Bearer ${this.secret}` }),
    };
    return new Promise((resolve, reject) => {
      request(this.url, { method: 'POST', headers, agent: this.agent, signal }, resolve).on('error', reject).end(text);
    });
  }

  private refusal({ statusCode = 0, headers }: IncomingMessage, body: string): EndpointError {
    const retriable = statusCode === 408 || statusCode === 429 || statusCode >= 500;
    const code = retriable ? 'endpoint_unavailable' : 'endpoint_refused';
    const message = `${this.url.href} answered ${statusCode}: ${cut(this.withoutSecret(serverMessage(body)), 300)}`;
    // Too long, or against the server's rules; 401, 403, 404 and others are about every prompt.
    return new EndpointError(code, message, retriable, headers['retry-after'], [400, 413, 422].includes(statusCode));
  }

  /** Some servers repeat the key they refuse. */
  private withoutSecret(text: string): string {
    return this.secret === undefined ? text : text.replaceAll(this.secret, '***');
  }
}

function secretFor({ apiKeyEnv }: EndpointTarget, url: URL, keys: EndpointConfig['endpointKeys']): string | undefined {
  if (apiKeyEnv === null) return undefined;
  const key = Object.hasOwn(keys, apiKeyEnv) ? keys[apiKeyEnv] : undefined;
  if (!key) throw new EndpointError('endpoint_key_missing', `the environment variable ${apiKeyEnv} is not set in this worker`);
  if (key.origin === url.origin) return key.secret;
  throw new EndpointError('endpoint_key_origin', `${apiKeyEnv} holds the key of a different origin, not of ${url.origin}`);
}

async function readBody(response: IncomingMessage): Promise<string> {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxAnswerBytes) return;
    response.destroy(new EndpointError('endpoint_answer_unreadable', `the endpoint's response exceeds ${maxAnswerBytes} bytes`));
  });
  return (await buffer(response)).toString();
}

/** OpenAI's `{error: {message}}`, or the text as it is. */
function serverMessage(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } | string };
    const message = typeof error === 'string' ? error : error?.message;
    return typeof message === 'string' ? message : body;
  } catch {
    return body;
  }
}

/** How long to wait before asking a busy or broken server again. */
const [firstMs, longestMs, longestAskedMs] = [500, 30_000, 300_000];

/**
 * Milliseconds after failed attempt number `attempt` (from 1): doubling, half of it by chance so that clients
 * do not come back together. What a `Retry-After` header asks for (seconds, or an HTTP date; RFC 9110, 10.2.3)
 * is waited instead, up to five minutes.
 */
export function retryDelay(
  attempt: number,
  { retryAfter, now = Date.now(), random = Math.random() }: { retryAfter?: string; now?: number; random?: number } = {},
): number {
  const asked = retryAfter === undefined ? undefined : askedFor(retryAfter.trim(), now);
  if (asked !== undefined) return Math.min(asked, longestAskedMs);
  return Math.min(firstMs * 2 ** (attempt - 1), longestMs) * (0.5 + 0.5 * random);
}

function askedFor(value: string, now: number): number | undefined {
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
