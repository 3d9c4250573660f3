import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Not, Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { ApiKey } from './api-key.entity.js';
import { Vendor } from './vendors/vendor.entity.js';

export type NewApiKey = Omit<ApiKey, 'createdAt'>;

/** Whose key it must be; what is undefined may be any. */
export interface KeyOf {
  vendorId?: string;
  labelerId?: string;
}

@Injectable()
export class ApiKeysRepository {
  constructor(@InjectRepository(ApiKey) private readonly rows: Repository<ApiKey>) {}

  async insert(tx: Transaction, key: NewApiKey): Promise<ApiKey> {
    await tx.insert(ApiKey, key);
    return tx.findOneByOrFail(ApiKey, { id: key.id });
  }

  /** Does nothing if a key with the same hash exists. */
  async insertOnce(tx: Transaction, key: NewApiKey): Promise<boolean> {
    const done = await tx.createQueryBuilder().insert().into(ApiKey).values(key).orIgnore().returning('id').execute();
    return (done.raw as unknown[]).length > 0;
  }

  /** The key of this hash, and why it is refused, where it is. */
  async findByHash(hash: Buffer): Promise<{ key: ApiKey; refused: 'revoked' | 'expired' | 'suspended' | null } | null> {
    const { entities, raw } = await this.rows
      .createQueryBuilder('key')
      .leftJoin(Vendor, 'vendor', 'vendor.id = key.vendor_id')
      .addSelect(
        `CASE WHEN key.revoked_at IS NOT NULL THEN 'revoked' WHEN key.expires_at <= now() THEN 'expired'
              WHEN vendor.suspended_at IS NOT NULL THEN 'suspended' END`,
        'refused',
      )
      .where('key.hash = :hash', { hash })
      .getRawAndEntities<{ refused: 'revoked' | 'expired' | 'suspended' | null }>();
    return entities.length === 0 ? null : { key: entities[0], refused: raw[0].refused };
  }

  /** @param vendorId whose key it must be; undefined finds any */
  find(id: string, vendorId: string | undefined): Promise<ApiKey | null> {
    return this.rows.findOneBy({ id, ...(vendorId !== undefined && { vendorId }) });
  }

  lock(tx: Transaction, id: string, { vendorId, labelerId }: KeyOf): Promise<ApiKey | null> {
    const where = { id, ...(vendorId !== undefined && { vendorId }), ...(labelerId !== undefined && { labelerId }) };
    return tx.findOne(ApiKey, { where, lock: { mode: 'pessimistic_write' } });
  }

  page(request: PageRequest, vendorId: string | undefined): Promise<ApiKey[]> {
    // Sessions of labelers are many and short-lived; they are listed by labeler.
    const query = this.rows.createQueryBuilder('key').where('key.labeler_id IS NULL').orderBy('key.id').limit(request.limit + 1);
    if (request.after) query.andWhere('key.id > :after', { after: request.after });
    if (vendorId !== undefined) query.andWhere('key.vendor_id = :vendorId', { vendorId });
    return query.getMany();
  }

  /** Sessions of a labeler, the latest first. */
  sessionPage(labelerId: string, request: PageRequest): Promise<ApiKey[]> {
    const query = this.rows.createQueryBuilder('key').where({ labelerId }).orderBy('key.id', 'DESC').limit(request.limit + 1);
    if (request.after) query.andWhere('key.id < :after', { after: request.after });
    return query.getMany();
  }

  async revoke(tx: Transaction, id: string): Promise<void> {
    await tx.update(ApiKey, { id }, { revokedAt: () => 'now()' });
  }

  /** The old key ends after the grace period, or when it would have, whichever is sooner. */
  async succeed(tx: Transaction, id: string, successorId: string, graceSeconds: number): Promise<void> {
    const expiresAt = () => `least(expires_at, now() + make_interval(secs => ${graceSeconds}))`;
    await tx.update(ApiKey, { id }, { successorId, expiresAt });
  }

  async touch(id: string): Promise<void> {
    await this.rows.update({ id }, { lastUsedAt: () => 'now()' });
  }

  /** The making of admin keys at boot is one process's at a time. */
  async lockAdmins(tx: Transaction): Promise<void> {
    await tx.query('LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE');
  }

  /** Keys of the environment, other than this one, that are not revoked. */
  othersFromEnvironment(tx: Transaction, id: string): Promise<ApiKey[]> {
    return tx.findBy(ApiKey, { id: Not(id), fromEnvironment: true, revokedAt: IsNull() });
  }

  async replaceFromEnvironment(tx: Transaction, id: string, successorId: string): Promise<void> {
    await tx.update(ApiKey, { id }, { revokedAt: () => 'now()', successorId });
  }

  async reinstate(tx: Transaction, id: string): Promise<void> {
    await tx.update(ApiKey, { id }, { revokedAt: null, successorId: null });
  }

  /** Whether there is an admin key that works. */
  anyAdmin(tx: Transaction): Promise<boolean> {
    return tx
      .createQueryBuilder(ApiKey, 'key')
      .where(`'admin' = ANY(key.scopes)`)
      .andWhere('key.revoked_at IS NULL AND (key.expires_at IS NULL OR key.expires_at > now())')
      .getExists();
  }
}
