/** Security-relevant actions. A reader treats one that it does not know as one more act. */
export const auditActions = [
  'api_key.created',
  'api_key.rotated',
  'api_key.revoked',
  'vendor.created',
  'vendor.updated',
  'authentication.failed',
  'access.refused',
  'criterion_version.published_with_override',
  'policy.promoted',
  'webhook_endpoint.created',
  'webhook_endpoint.updated',
  'webhook_endpoint.deleted',
  'webhook_endpoint.enabled',
  'webhook_endpoint.disabled',
  'webhook_endpoint.secret_rotated',
] as const;

export type AuditAction = (typeof auditActions)[number];

/** `system` is Plumbline itself; `anonymous` had no valid key. */
export const actorTypes = ['api_key', 'anonymous', 'system'] as const;
export type ActorType = (typeof actorTypes)[number];
