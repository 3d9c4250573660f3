/** Permissions of a key. `admin` includes all others. Reading needs the matching `:read` scope. */
export const scopes = [
  'admin',
  'prompts:read',
  'prompts:write',
  'policies:read',
  'policies:write',
  'completions:read',
  'completions:write',
  'criteria:read',
  'criteria:write',
  'ratings:read',
  'ratings:write',
  'labeling:read',
  'labeling:write',
  'tasks:work',
  'pairs:read',
  'pairs:write',
  'reward-models:read',
  'reward-models:write',
  'training:read',
  'training:write',
  'artifacts:read',
  'artifacts:write',
  'jobs:read',
  'jobs:write',
  'vendors:read',
  'vendors:write',
  'webhooks:read',
  'webhooks:write',
] as const;

export type Scope = (typeof scopes)[number];

/**
 * What a vendor's key may do, always within its own vendor. Prompts and completions are not among them: a vendor
 * reads those that are leased to it in its tasks, and no others.
 */
export const vendorScopes = [
  'labeling:read',
  'tasks:work',
  'ratings:read',
  'ratings:write',
  'criteria:read',
  'vendors:read',
  'vendors:write',
  'webhooks:read',
  'webhooks:write',
] as const satisfies readonly Scope[];

export type VendorScope = (typeof vendorScopes)[number];

export function allows(granted: readonly Scope[], wanted: readonly Scope[]): boolean {
  return granted.includes('admin') || wanted.every((scope) => granted.includes(scope));
}
