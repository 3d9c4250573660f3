import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ProblemException } from '#src/common/problem.js';
import { Refusals } from './audit/refusals.js';
import { labelersKey, publicKey, scopesKey, vendorsKey, type AuthenticatedRequest } from './auth.js';
import { Doorkeeper } from './doorkeeper.js';
import { allows, type Scope } from './scopes.js';

/** Global: no key, no answer; a key without the route's scopes, or of a vendor where vendors have no business, neither. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly doorkeeper: Doorkeeper,
    private readonly refusals: Refusals,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(publicKey, targets)) return true;
    const wanted = this.reflector.getAllAndOverride<Scope[] | undefined>(scopesKey, targets) ?? ['admin'];
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    // The door in front of the routes has mostly asked already.
    const auth = request.auth ?? (await this.doorkeeper.identify(request));
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
}

function missingScope(wanted: readonly Scope[]): ProblemException {
  return new ProblemException({
    status: 403,
    code: 'scope_missing',
    title: 'The API key does not allow this request',
    detail: `the API key must have the scope ${wanted.join(' and ')}`,
  });
}

function ownersOnly(): ProblemException {
  return new ProblemException({
    status: 403,
    code: 'not_for_vendors',
    title: 'The API key does not allow this request',
    detail: 'this route is not open to vendor keys',
  });
}

function notForLabelers(): ProblemException {
  return new ProblemException({
    status: 403,
    code: 'not_for_labelers',
    title: 'The session does not allow this request',
    detail: "this route is not open to labeler sessions",
  });
}
