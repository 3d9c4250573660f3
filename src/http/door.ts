// Checks of every request before its body is read: rate limits of its address and its key, and authentication.
import fastifyRateLimit, { normalizeIP, type CreateRateLimitOptions } from '@fastify/rate-limit';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { AuthenticatedRequest } from '#src/auth/auth.js';
import { Doorkeeper } from '#src/auth/doorkeeper.js';
import { logContext } from '#src/common/log-context.js';
import { ProblemException } from '#src/common/problem.js';
import type { Config } from '#src/config/config.js';

type Counted = Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>;

const healthChecks = ['/healthz', '/readyz'];

/**
 * Requests with a valid key count for this key, whatever its header looks like; all others for their address, so that
 * strangers can try a bounded number of keys. An address that is over its limit is not even looked up, save for keys that were valid
 * a while ago: whoever shares the address with a stranger works on.
 */
export async function keepDoor(app: NestFastifyApplication, config: Config): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  await fastify.register(fastifyRateLimit, { global: false, max: config.rateLimitPerMinute, timeWindow: '1 minute' });
  const limiter = (keyGenerator: CreateRateLimitOptions['keyGenerator']) => fastify.createRateLimit({ keyGenerator, cache: 50_000 } as CreateRateLimitOptions);
  const byAddress = limiter((request) => normalizeIP(request.ip));
  const byKey = limiter((request) => (request as AuthenticatedRequest).auth!.keyId);
  const doorkeeper = app.get(Doorkeeper, { strict: false });

  fastify.addHook('onRequest', async (request: AuthenticatedRequest, reply) => {
    const route = request.routeOptions.url ?? '';
    if (request.method === 'OPTIONS' || healthChecks.includes(route)) return;
    if (request.is404 || !needsKey(route)) return admit(reply, await byAddress(request), 'this address');
    if (!doorkeeper.knows(request)) {
      const before = await byAddress(request, { increment: false });
      if (!before.isAllowed && before.remaining === 0) admit(reply, { ...before, isExceeded: true }, 'this address');
    }
    try {
      request.auth = await doorkeeper.identify(request);
    } catch (refused) {
      if (refused instanceof ProblemException) admit(reply, await byAddress(request), 'this address');
      throw refused;
    }
    const context = logContext.getStore();
    if (context) context.keyId = request.auth.keyId;
    admit(reply, await byKey(request), 'this key');
  });
}

function needsKey(route: string): boolean {
  return route.startsWith('/v1/') || route === '/metrics';
}

function admit(reply: FastifyReply, counted: Counted, whose: string): void {
  if (counted.isAllowed) return;
  const { isExceeded, max, remaining, ttlInSeconds } = counted;
  void reply.headers({ 'x-ratelimit-limit': max, 'x-ratelimit-remaining': remaining, 'x-ratelimit-reset': ttlInSeconds });
  if (!isExceeded) return;
  throw new ProblemException({
    status: 429,
    code: 'rate_limited',
    title: 'Too many requests',
    detail: `${whose} may send ${max} requests per minute; retry in ${ttlInSeconds} seconds`,
    headers: { 'retry-after': String(ttlInSeconds) },
  });
}
