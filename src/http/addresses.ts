// The address of a request: only what is UTF-8 without NUL gets further, methods that a path does not have are told, and
// so are those that it does.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isStorableText, pointerStep, unstorableMessage } from '#src/common/json.js';
import { ProblemException, shorten } from '#src/common/problem.js';
import { validationProblem } from '#src/common/validation.js';

export function checkAddresses(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    try {
      checkAddress(request);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
}

/** @throws ProblemException 400 `malformed_request`, 422 `validation_failed` */
function checkAddress({ raw, params, query }: FastifyRequest): void {
  if (!isDecodable(raw.url ?? '')) {
    const detail = 'the address is not valid: percent-encode it as UTF-8, a percent sign as %25';
    throw new ProblemException({ status: 400, code: 'malformed_request', title: 'The request could not be read', detail });
  }
  for (const [name, given] of [...Object.entries((params ?? {})), ...Object.entries((query ?? {}))] as [string, unknown][]) {
    const wrong = [name, given].flat().find((text) => typeof text === 'string' && !isStorableText(text)) as string | undefined;
    if (wrong !== undefined) {
      throw validationProblem([{ pointer: `/${pointerStep(name)}`, rule: 'isStorable', message: `${shorten(name)} ${unstorableMessage}`, value: shorten(wrong) }]);
    }
  }
}

function isDecodable(url: string): boolean {
  if (!/^[\x21-\x7e]*$/.test(url)) return false;
  if (!url.includes('%')) return true;
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}

/** OPTIONS on any path, and 405 instead of 404 where the path has other methods. */
export function tellMethods(fastify: FastifyInstance): void {
  const routes: { path: RegExp; methods: string[] }[] = [];
  fastify.addHook('onRoute', ({ url, method }) => {
    // The preflight route of all paths is none of any path.
    if (method === 'OPTIONS') return;
    // A parameter matches one segment, a star everything after it.
    const pattern = url.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/:[A-Za-z]+/g, '[^/]+').replaceAll('*', '.*');
    routes.push({ path: new RegExp(`^${pattern}$`), methods: [method].flat() });
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!request.is404 && request.method !== 'OPTIONS') return done();
    const path = request.url.split('?')[0];
    const methods = new Set(routes.filter((route) => route.path.test(path)).flatMap((route) => route.methods));
    if (methods.size === 0) {
      return done(request.is404 ? undefined : new ProblemException({ status: 404, code: 'route_not_found', title: 'Not found', detail: 'no route has this path' }));
    }
    const allow = [...methods.add('OPTIONS')].sort().join(', ');
    if (request.method === 'OPTIONS') return void reply.status(204).header('allow', allow).send();
    const detail = `this path supports ${allow}, got ${request.method}`;
    done(new ProblemException({ status: 405, code: 'method_not_allowed', title: 'Method not allowed', detail, headers: { allow } }));
  });
}
