import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import { ApiKey } from './api-key.entity.js';

@Injectable()
export class ApiKeysRepository {
  constructor(@InjectRepository(ApiKey) private readonly rows: Repository<ApiKey>) {}

  async insert(key: Omit<ApiKey, 'createdAt'>): Promise<ApiKey> {
    await this.rows.insert(key);
    return this.rows.findOneByOrFail({ id: key.id });
  }

  /** Does nothing when a key with the same hash is there already. */
  async insertOnce(key: Omit<ApiKey, 'createdAt'>): Promise<boolean> {
    const done = await this.rows.createQueryBuilder().insert().values(key).orIgnore().returning('id').execute();
    return (done.raw as unknown[]).length > 0;
  }

  findValid(hash: Buffer): Promise<ApiKey | null> {
    return this.rows
      .createQueryBuilder('key')
      .where('key.hash = :hash', { hash })
      .andWhere('key.revoked_at IS NULL')
      .andWhere('(key.expires_at IS NULL OR key.expires_at > now())')
      .getOne();
  }

  page(request: PageRequest): Promise<ApiKey[]> {
    const query = this.rows.createQueryBuilder('key').orderBy('key.id').limit(request.limit + 1);
    if (request.after) query.where('key.id > :after', { after: request.after });
    return query.getMany();
  }

  async revoke(id: string): Promise<boolean> {
    const done = await this.rows.update({ id }, { revokedAt: () => 'coalesce(revoked_at, now())' });
    return done.affected === 1;
  }

  async touch(id: string): Promise<void> {
    await this.rows.update({ id }, { lastUsedAt: () => 'now()' });
  }

  async anyAdmin(): Promise<boolean> {
    return this.rows
      .createQueryBuilder('key')
      .where(`'admin' = ANY(key.scopes)`)
      .andWhere('key.revoked_at IS NULL')
      .getExists();
  }
}
