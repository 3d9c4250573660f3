import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ProblemException } from '#src/common/problem.js';
import { ApiKeysService } from './api-keys.service.js';
import { Refusals } from './audit/refusals.js';
import { labelersKey, publicKey, scopesKey, vendorsKey, type AuthContext, type AuthenticatedRequest } from './auth.js';
import { allows, type Scope } from './scopes.js';

/** Global: no key, no answer; a key without the route's scopes, or of a vendor where vendors have no business, neither. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly apiKeys: ApiKeysService,
    private readonly refusals: Refusals,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(publicKey, targets)) return true;
    const wanted = this.reflector.getAllAndOverride<Scope[] | undefined>(scopesKey, targets) ?? ['admin'];
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const auth = await this.authenticate(request);
    const isOpen = (key: string) => this.reflector.getAllAndOverride<boolean | undefined>(key, targets) === true;
    const closedTo = auth.vendorId !== null && !isOpen(vendorsKey) ? 'vendor' : auth.labelerId && !isOpen(labelersKey) ? 'labeler' : null;
    if (!allows(auth.scopes, wanted) || closedTo) {
      const detail = { method: request.method, route: request.routeOptions.url, ...(closedTo ? { reason: closedTo } : { scopes: wanted }) };
      this.refusals.count({ keyId: auth.keyId, vendorId: auth.vendorId }, { action: 'access.refused', resource: null, detail });
      throw closedTo === 'vendor' ? ownersOnly() : closedTo === 'labeler' ? notForLabelers() : missingScope(wanted);
    }
    request.auth = auth;
    return true;
  }

  /** @throws ProblemException 401, the same one for every reason: a stranger learns nothing about keys */
  private async authenticate(request: AuthenticatedRequest): Promise<AuthContext> {
    const secret = bearer(request.headers.authorization);
    if (secret === undefined) throw unauthorized(true);
    const found = await this.apiKeys.authenticate(secret);
    if (found.auth) return found.auth;
    const detail = { reason: found.reason, address: request.ip };
    this.refusals.count(found.key ?? { address: request.ip }, { action: 'authentication.failed', resource: null, detail });
    throw unauthorized(false);
  }
}

function bearer(header: string | undefined): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,512})$/i.exec(header ?? '')?.[1];
}

function unauthorized(missing: boolean): ProblemException {
  return new ProblemException({
    status: 401,
    code: missing ? 'api_key_missing' : 'api_key_invalid',
    title: 'A valid API key is needed',
    detail: missing
      ? 'send the header Authorization: Bearer <API key>'
      : 'the API key is unknown, expired or revoked',
    headers: { 'www-authenticate': 'Bearer' },
  });
}

function missingScope(wanted: readonly Scope[]): ProblemException {
  return new ProblemException({
    status: 403,
    code: 'scope_missing',
    title: 'The API key may not do this',
    detail: `this route needs the scope ${wanted.join(' and ')}`,
  });
}

function ownersOnly(): ProblemException {
  return new ProblemException({
    status: 403,
    code: 'not_for_vendors',
    title: 'The API key may not do this',
    detail: 'this route is not open to the keys of vendors',
  });
}

function notForLabelers(): ProblemException {
  return new ProblemException({
    status: 403,
    code: 'not_for_labelers',
    title: 'The session may not do this',
    detail: "this route is not open to labelers' sessions",
  });
}
