// A cursor belongs to the list that gave it: to its path and its filters. Services know only the key inside.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { canonicalJson, sha256 } from '#src/common/hash.js';
import { invalidCursor } from '#src/common/pagination.js';

export function bindCursors(fastify: FastifyInstance): void {
  fastify.addHook('preHandler', (request, _reply, done) => {
    const query = request.query as Record<string, unknown> | undefined;
    if (typeof query?.cursor !== 'string') return done();
    const [key, list] = query.cursor.split('.');
    if (list !== listOf(request)) return done(invalidCursor(query.cursor));
    query.cursor = key;
    done();
  });
  fastify.addHook('preSerialization', (request, _reply, payload, done) => {
    const page = payload as { nextCursor?: unknown } | null;
    if (typeof page !== 'object' || typeof page?.nextCursor !== 'string') return done(null, payload);
    done(null, { ...page, nextCursor: `${page.nextCursor}.${listOf(request)}` });
  });
}

/** The same for all pages of a list: how many items a page has may change on the way. */
function listOf(request: FastifyRequest): string {
  const filters = Object.entries((request.query ?? {})).filter(([name]) => name !== 'cursor' && name !== 'limit');
  return sha256(canonicalJson([request.url.split('?')[0], Object.fromEntries(filters)])).slice(0, 12);
}
