// How the API looks from outside, apart from its routes: prefix, validation, problem documents, limits,
// security headers, body parsers. The API process and the HTTP tests both build the application here.
import fastifyHelmet from '@fastify/helmet';
import fastifyRateLimit from '@fastify/rate-limit';
import type { DynamicModule, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import { withLowerCaseIds } from '#src/common/is-uuid.js';
import { ProblemFilter } from '#src/common/problem.filter.js';
import { ProblemException } from '#src/common/problem.js';
import { validationPipe } from '#src/common/validation.js';
import type { Config } from '#src/config/config.js';
import { METRICS, type Metrics } from '#src/health/metrics.js';
import { serveDocs } from './docs.js';
import { serveLabelPage } from './label-page.js';

export async function createHttpApp(
  module: DynamicModule,
  config: Config,
  logger: LoggerService | false,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: config.bodyLimitBytes,
    genReqId: () => randomUUID(),
    return503OnClosing: true,
    forceCloseConnections: 'idle',
  });
  // Nest's own parser would buffer these; routes that take them read `request.body` as a stream.
  const fastify = adapter.getInstance();
  for (const type of ['application/x-ndjson', 'application/octet-stream']) {
    fastify.addContentTypeParser(type, { bodyLimit: config.uploadLimitBytes }, (_request: unknown, payload: unknown, done: (e: null, body: unknown) => void) => done(null, payload));
  }
  fastify.addHook('preValidation', (request, _reply, done) => {
    request.params = withLowerCaseIds(request.params as Record<string, unknown>);
    done();
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger,
    abortOnError: false,
    bufferLogs: false,
  });
  app.setGlobalPrefix('v1', { exclude: ['healthz', 'readyz', 'metrics'] });
  app.useGlobalPipes(validationPipe());
  app.useGlobalFilters(new ProblemFilter());
  app.enableShutdownHooks();
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: [`'self'`],
        styleSrc: [`'self'`, `'unsafe-inline'`],
        imgSrc: [`'self'`, 'data:'],
        // Whether there is TLS is the proxy's affair; a browser told to upgrade could not load a page without it.
        upgradeInsecureRequests: null,
      },
    },
  });
  await app.register(fastifyRateLimit, {
    max: config.rateLimitPerMinute,
    timeWindow: '1 minute',
    // By key where there is one, so that vendors behind one address do not slow one another.
    keyGenerator: (request) => request.headers.authorization ?? request.ip,
    allowList: (request) => request.url === '/healthz' || request.url === '/readyz',
    errorResponseBuilder: (_request, context) =>
      new ProblemException({
        status: 429,
        code: 'rate_limited',
        title: 'Too many requests',
        detail: `this key may send ${context.max} requests in a minute; try again in ${context.after}`,
      }),
  });
  measureRequests(app);
  serveDocs(app);
  await serveLabelPage(app);
  return app;
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
