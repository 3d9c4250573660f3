import { Injectable } from '@nestjs/common';
import { AuditService, type Actor } from '#src/auth/audit/audit.service.js';
import type { AuthContext } from '#src/auth/auth.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { conflict, notFound, unprocessable } from '#src/common/problem.js';
import { Database, type Transaction } from '#src/database/database.js';
import { brokenUnique } from '#src/database/errors.js';
import { EventsService } from '#src/events/events.service.js';
import type { CreatePolicyDto } from './policies.dto.js';
import { PoliciesRepository } from './policies.repository.js';
import type { PolicyAlias, Policy } from './policy.entity.js';
import { PolicyVersionsRepository } from './policy-versions.repository.js';

@Injectable()
export class PoliciesService {
  constructor(
    private readonly policies: PoliciesRepository,
    private readonly versions: PolicyVersionsRepository,
    private readonly database: Database,
    private readonly events: EventsService,
    private readonly audit: AuditService,
  ) {}

  /** @throws ProblemException 409 `policy_name_taken` */
  async create({ name, description }: CreatePolicyDto): Promise<Policy> {
    try {
      return await this.policies.insert({ id: newId(), name, description: description ?? null });
    } catch (error) {
      if (!brokenUnique(error)) throw error;
      throw conflict('policy_name_taken', `another policy has the name '${name}'`);
    }
  }

  async get(id: string): Promise<Policy> {
    const policy = await this.policies.find(id);
    if (!policy) throw notFound('policy', id);
    return policy;
  }

  async list(query: PageQuery): Promise<Page<Policy>> {
    const request = pageRequest(query);
    return toPage(await this.policies.page(request), request, (policy) => policy.id);
  }

  /** Points the alias at a version, wherever it pointed before. Where it pointed there already, nothing happens. */
  async putAlias(auth: AuthContext, policyId: string, alias: string, policyVersionId: string): Promise<PolicyAlias> {
    await this.get(policyId);
    requireAlias(alias, '/alias');
    const version = await this.versions.find(policyVersionId);
    if (version?.policyId !== policyId) {
      const message = 'the policy has no version with this id';
      throw unprocessable('unknown_policy_version', '/policyVersionId', 'exists', message, policyVersionId);
    }
    const before = await this.policies.findAlias(policyId, alias);
    if (before?.policyVersionId === version.id) return before;
    return this.database.transaction((tx) => this.promote(tx, auth, policyId, alias, version.id));
  }

  /** The same in the caller's transaction, for a version known to belong to the policy; emits an event and an audit entry. */
  async promote(tx: Transaction, actor: Actor, policyId: string, alias: string, policyVersionId: string): Promise<PolicyAlias> {
    const promoted = await this.policies.putAlias(policyId, alias, policyVersionId, tx);
    await this.events.emit(tx, { type: 'policy.promoted', data: { policyId, policyVersionId, alias }, vendorIds: [] });
    await this.audit.record(tx, actor, {
      action: 'policy.promoted',
      resource: { type: 'policy', id: policyId },
      detail: { alias, policyVersionId },
    });
    return promoted;
  }

  async getAlias(policyId: string, alias: string): Promise<PolicyAlias> {
    await this.get(policyId);
    const found = await this.policies.findAlias(policyId, alias);
    if (!found) throw notFound('policy_alias', alias);
    return found;
  }

  /** All of them: a policy has few. */
  async listAliases(policyId: string): Promise<Page<PolicyAlias>> {
    await this.get(policyId);
    return { data: await this.policies.listAliases(policyId), nextCursor: null, hasMore: false };
  }
}

export const aliasPattern = /^[a-z][a-z0-9_-]{0,62}$/;

/** @throws ProblemException 422 `invalid_alias` */
export function requireAlias(alias: string, pointer: string): void {
  if (aliasPattern.test(alias)) return;
  const message = 'an alias must have 1 to 63 characters of a-z, 0-9, - and _, and start with a letter';
  throw unprocessable('invalid_alias', pointer, 'matches', message, alias);
}
