// Bodies as they come in: of which type, in which encoding, and how fast. JSON is read here; NDJSON and files are handed on
// as streams to the routes that take them.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Transform, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { decodeUtf8, readJson } from '#src/common/json.js';
import { ProblemException, shorten, unsupportedMediaType } from '#src/common/problem.js';
import { validationProblem } from '#src/common/validation.js';
import type { Config } from '#src/config/config.js';

const json = 'application/json';
const streamed = ['application/x-ndjson', 'application/octet-stream'];
const decoders: Record<string, () => Transform> = { gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate, br: createBrotliDecompress };

/** A client that sends less than this counts as stalled. */
const leastBytesPerSecond = 100;

export function readBodies(fastify: FastifyInstance, config: Config): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(json, { parseAs: 'buffer', bodyLimit: config.bodyLimitBytes }, (_request, bytes, done) => {
    try {
      done(null, jsonBody(bytes as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  for (const type of streamed) {
    fastify.addContentTypeParser(type, { bodyLimit: config.uploadLimitBytes }, (_request, payload, done) => done(null, payload));
  }
  fastify.addHook('preParsing', (request, _reply, payload, done) => {
    if (request.is404 || !hasBody(request)) return done(null, payload);
    try {
      checkType(request.headers['content-type']);
      done(null, decoded(request.headers['content-encoding'], payload as Readable, config.slowBodySeconds));
    } catch (error) {
      done(error as Error);
    }
  });
  // A client that keeps sending after the response gets some time to finish, because it reads the response only then; the time is limited.
  fastify.addHook('onResponse', (request, _reply, done) => {
    const { raw } = request;
    if (!raw.complete && !raw.destroyed) {
      raw.unpipe();
      raw.resume();
      const timer = setTimeout(() => raw.socket.destroy(), 5_000).unref();
      raw.once('close', () => clearTimeout(timer));
    }
    done();
  });
}

function hasBody({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** @throws ProblemException 400 `not_utf8`, `malformed_request`, 422 `validation_failed` */
function jsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  const text = decodeUtf8(bytes);
  if (text === undefined) {
    throw new ProblemException({ status: 400, code: 'not_utf8', title: 'The request could not be read', detail: 'the body is not valid UTF-8' });
  }
  const { value, error } = readJson(text);
  if (error?.rule === 'json') {
    throw new ProblemException({ status: 400, code: 'malformed_request', title: 'The request could not be read', detail: `the body is not JSON: ${error.message}`, errors: [error] });
  }
  if (error) throw validationProblem([error]);
  return value;
}

/** @throws ProblemException 415 `unsupported_media_type`, `unsupported_charset` */
function checkType(given: string | undefined): void {
  const [type, ...parameters] = (given ?? '').split(';').map((part) => part.trim().toLowerCase());
  if (type !== json && !streamed.includes(type)) {
    throw unsupportedMediaType(`${json} (bulk routes: ${streamed[0]}, uploads: ${streamed[1]})`, given ?? 'no content-type', [json, ...streamed].join(', '));
  }
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length).replace(/^"(.*)"$/, '$1');
  if (charset === undefined || charset === 'utf-8' || charset === 'utf8') return;
  const detail = `bodies must be UTF-8, got charset '${shorten(charset)}'`;
  throw new ProblemException({ status: 415, code: 'unsupported_charset', title: 'The character set is not supported', detail, headers: { accept: `${type}; charset=utf-8` } });
}

/** The decoded body. Size limits count decoded bytes, so that a small body cannot expand into a large one. */
function decoded(given: string | undefined, payload: Readable, slowBodySeconds: number): Readable {
  const encoding = given?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && !Object.hasOwn(decoders, encoding)) {
    const detail = `content-encoding must be gzip, deflate or br, got '${shorten(encoding)}'`;
    throw new ProblemException({ status: 415, code: 'unsupported_encoding', title: 'The content encoding is not supported', detail, headers: { 'accept-encoding': 'gzip, deflate, br, identity' } });
  }
  const meter = new Meter(payload, slowBodySeconds);
  if (encoding === 'identity') return meter;
  const decoder = decoders[encoding]().on('error', () => undefined);
  meter.once('error', (error) => decoder.destroy(error));
  // Fastify compares this with `content-length`.
  Object.defineProperty(decoder, 'receivedEncodedLength', { get: () => meter.received });
  return meter.pipe(decoder);
}

/** Passes a body through and aborts stalled clients. Active clients have no time limit: large uploads may take hours. */
class Meter extends Transform {
  received = 0;
  private counted = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(payload: Readable, private readonly seconds: number) {
    super();
    // The reader of the body gets the error; there may be no reader.
    this.on('error', () => undefined);
    this.timer = setInterval(() => this.check(), seconds * 1000).unref();
    this.once('close', () => clearInterval(this.timer));
    payload.once('error', (error) => this.destroy(error));
    payload.once('close', () => clearInterval(this.timer));
    payload.pipe(this);
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    this.received += chunk.length;
    done(null, chunk);
  }

  private check(): void {
    const bytes = this.received - this.counted;
    this.counted = this.received;
    // Buffered bytes wait for the reader, not for the client.
    if (bytes >= this.seconds * leastBytesPerSecond || this.readableLength > 0 || this.writableEnded) return;
    const detail = `the body must arrive at ${leastBytesPerSecond} bytes per second or faster, got ${bytes} bytes in ${this.seconds} seconds`;
    this.destroy(new ProblemException({ status: 408, code: 'request_timeout', title: 'The request arrived too slowly', detail, headers: { connection: 'close' } }));
  }
}
