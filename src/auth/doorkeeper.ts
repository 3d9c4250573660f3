import { Injectable } from '@nestjs/common';
import { ProblemException } from '#src/common/problem.js';
import { ApiKeysService } from './api-keys.service.js';
import { Refusals } from './audit/refusals.js';
import type { AuthContext, AuthenticatedRequest } from './auth.js';

/** Identifies the caller by the key in the header. */
@Injectable()
export class Doorkeeper {
  constructor(
    private readonly apiKeys: ApiKeysService,
    private readonly refusals: Refusals,
  ) {}

  /** @throws ProblemException 401, the same for every reason, so that it reveals nothing about keys */
  async identify(request: AuthenticatedRequest): Promise<AuthContext> {
    const secret = bearer(request.headers.authorization);
    if (secret === undefined) throw unauthorized(true);
    const found = await this.apiKeys.authenticate(secret);
    if (found.auth) return found.auth;
    const detail = { reason: found.reason, address: request.ip };
    this.refusals.count(found.key ?? { address: request.ip }, { action: 'authentication.failed', resource: null, detail });
    throw unauthorized(false);
  }

  /** Whether the key was valid a while ago, which takes no look into the database. */
  knows(request: AuthenticatedRequest): boolean {
    const secret = bearer(request.headers.authorization);
    return secret !== undefined && this.apiKeys.knows(secret);
  }
}

function bearer(header: string | undefined): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,512})$/i.exec(header ?? '')?.[1];
}

function unauthorized(missing: boolean): ProblemException {
  return new ProblemException({
    status: 401,
    code: missing ? 'api_key_missing' : 'api_key_invalid',
    title: 'A valid API key is required',
    detail: missing
      ? 'send the header Authorization: Bearer <API key>'
      : 'the API key is unknown, expired or revoked',
    headers: { 'www-authenticate': 'Bearer' },
  });
}
