// The caller and its permissions. Every route names its scopes with @RequireScopes or is @Public.
// A route that does neither is open to admins only. Keys of vendors reach only routes that are @OpenToVendors: what
// is new is closed to them until its visible data has been reviewed.
import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Scope } from './scopes.js';

/** The caller, as services see it. */
export interface AuthContext {
  readonly keyId: string;
  readonly scopes: readonly Scope[];
  /** Set when the key belongs to a vendor: it then sees that vendor's rows only. */
  readonly vendorId: string | null;
  /** Set in a labeler session: limits it to this labeler's tasks, and to `labelingBatchId` if set. */
  readonly labelerId?: string | null;
  readonly labelingBatchId?: string | null;
}

export const scopesKey = 'plumbline:scopes';
export const publicKey = 'plumbline:public';
export const vendorsKey = 'plumbline:vendors';
export const labelersKey = 'plumbline:labelers';
export const secretAnswerKey = 'plumbline:secret-answer';

export const RequireScopes = (...scopes: Scope[]) => SetMetadata(scopesKey, scopes);
export const Public = () => SetMetadata(publicKey, true);

/** Keys of vendors may use this route: its service must keep them to their own rows (`auth.vendorId`). */
export const OpenToVendors = () => SetMetadata(vendorsKey, true);

/** Labeler sessions may use this route: its service must restrict them to their own tasks (`auth.labelerId`). */
export const OpenToLabelers = () => SetMetadata(labelersKey, true);

/** The answer holds a secret that is shown once, so it is never kept for an `Idempotency-Key`. */
export const SecretAnswer = () => SetMetadata(secretAnswerKey, true);

export type AuthenticatedRequest = FastifyRequest & { auth?: AuthContext };

export const CurrentAuth = createParamDecorator((_: unknown, context: ExecutionContext): AuthContext => {
  const { auth } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!auth) throw new Error('CurrentAuth was used on a route without authentication');
  return auth;
});
