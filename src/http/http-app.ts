// How the API looks from outside, apart from its routes: prefix, validation, problem documents, limits,
// security headers, body parsers. The API process and the HTTP tests both build the application here.
import fastifyHelmet from '@fastify/helmet';
import type { DynamicModule, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { withLowerCaseIds } from '#src/common/is-uuid.js';
import { ProblemFilter } from '#src/common/problem.filter.js';
import { RequestPipe } from '#src/common/validation.js';
import type { Config } from '#src/config/config.js';
import { METRICS, type Metrics } from '#src/health/metrics.js';
import { checkAddresses, tellMethods } from './addresses.js';
import { readBodies } from './bodies.js';
import { serveDocs, serveLabelPage } from './served-pages.js';
import { keepDoor } from './door.js';
import { clientError, frameworkErrors, problemsOnly } from './framework-errors.js';
import { logRequests, requestId } from './request-log.js';
import { canonicalJson, sha256 } from '#src/common/hash.js';
import { invalidCursor } from '#src/common/pagination.js';

export async function createHttpApp(
  module: DynamicModule,
  config: Config,
  logger: LoggerService | false,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: config.bodyLimitBytes,
    genReqId: requestId,
    trustProxy: trusted(config.trustProxy),
    frameworkErrors: frameworkErrors as never,
    clientErrorHandler: clientError,
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    // Time limit for headers; bodies are limited by their speed.
    http: { headersTimeout: 15_000, connectionsCheckingInterval: 5_000 },
  });
  const fastify: FastifyInstance = adapter.getInstance();
  logRequests(fastify);
  readBodies(fastify, config);
  fastify.addHook('preValidation', (request, _reply, done) => {
    request.params = withLowerCaseIds(request.params as Record<string, unknown>);
    done();
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger,
    abortOnError: false,
    bufferLogs: false,
    bodyParser: false,
  });
  app.setGlobalPrefix('v1', { exclude: ['healthz', 'readyz', 'metrics'] });
  app.useGlobalPipes(new RequestPipe());
  app.useGlobalFilters(new ProblemFilter());
  app.enableShutdownHooks();
  if (config.corsOrigins.length > 0) app.enableCors(corsOptions(config.corsOrigins));
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: [`'self'`],
        styleSrc: [`'self'`, `'unsafe-inline'`],
        imgSrc: [`'self'`, 'data:'],
        // TLS is terminated by the proxy; a page served without TLS would not load if browsers were told to upgrade.
        upgradeInsecureRequests: null,
      },
    },
  });
  checkAddresses(fastify);
  await keepDoor(app, config);
  tellMethods(fastify);
  bindCursors(fastify);
  problemsOnly(fastify);
  measureRequests(app);
  endSlowRequests(fastify, config.shutdownGraceSeconds);
  serveDocs(app);
  await serveLabelPage(app);
  return app;
}

function trusted(proxies: Config['trustProxy']): boolean | string[] | ((address: string, hop: number) => boolean) {
  if (typeof proxies === 'number') return (_address, hop) => hop < proxies;
  return proxies && [...proxies];
}

/** For pages of other origins. Keys are sent in headers, not cookies, so no page can use another page's key. */
function corsOptions(origins: readonly string[]) {
  return {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['etag', 'idempotency-replayed', 'location', 'retry-after', 'x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'x-request-id'],
    maxAge: 7200,
    // The response to OPTIONS also lists the methods of the path.
    preflightContinue: true,
    strictPreflight: false,
  };
}

/** A shutdown waits for requests, but not indefinitely: the process manager would kill the process. */
function endSlowRequests(fastify: FastifyInstance, graceSeconds: number): void {
  fastify.addHook('preClose', (done) => {
    setTimeout(() => fastify.server.closeAllConnections(), graceSeconds * 1000).unref();
    done();
  });
}

function measureRequests(app: NestFastifyApplication): void {
  const { requests } = app.get<Metrics>(METRICS, { strict: false });
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onResponse', (request, reply, done) => {
      const route = request.routeOptions.url ?? 'unknown';
      requests.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
      done();
    });
}

// A cursor belongs to the list that gave it: to its path and its filters. Services know only the key inside.
function bindCursors(fastify: FastifyInstance): void {
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
