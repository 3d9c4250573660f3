import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ProblemException } from '#src/common/problem.js';
import { ApiKeysService } from './api-keys.service.js';
import { publicKey, scopesKey, vendorsKey, type AuthenticatedRequest } from './auth.js';
import { allows, type Scope } from './scopes.js';

/** Global: no key, no answer; a key without the route's scopes, or of a vendor where vendors have no business, neither. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly apiKeys: ApiKeysService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(publicKey, targets)) return true;
    const wanted = this.reflector.getAllAndOverride<Scope[] | undefined>(scopesKey, targets) ?? ['admin'];
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const secret = bearer(request.headers.authorization);
    const auth = secret ? await this.apiKeys.authenticate(secret) : null;
    if (!auth) throw unauthorized(secret === undefined);
    if (!allows(auth.scopes, wanted)) throw missingScope(wanted);
    if (auth.vendorId !== null && !this.reflector.getAllAndOverride<boolean | undefined>(vendorsKey, targets)) throw ownersOnly();
    request.auth = auth;
    return true;
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
