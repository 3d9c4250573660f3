import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { ProblemException, unsupportedMediaType } from './problem.js';

/**
 * The body of a request as a stream, bounded. The content-type parser passes such bodies through unread.
 *
 * @param mediaType the one media type that the route takes
 * @param limitBytes a declared length above it is refused before anything is read, a longer body when it
 *   gets there
 * @throws ProblemException 415 `unsupported_media_type`, 413 `body_too_large`
 */
export function bodyStream(request: FastifyRequest, mediaType: string, limitBytes: number): Readable {
  const given = (request.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
  if (given !== mediaType) throw unsupportedMediaType(mediaType, given);
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw bodyTooLarge(limitBytes);
  // Fastify leaves out the parser when the body is empty.
  if (!(request.body instanceof Readable)) return Readable.from([]);
  return Readable.from(bounded(request.body, limitBytes), { objectMode: false });
}

async function* bounded(body: Readable, limitBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  // Destroying the request would close the connection before the answer is on it.
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length;
    if (bytes > limitBytes) throw bodyTooLarge(limitBytes);
    yield chunk as Buffer;
  }
}

function bodyTooLarge(limitBytes: number): ProblemException {
  return new ProblemException({
    status: 413,
    code: 'body_too_large',
    title: 'The body is too large',
    detail: `the body must have at most ${limitBytes} bytes`,
    headers: { connection: 'close' },
  });
}
