import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { Vendor } from './vendor.entity.js';

@Injectable()
export class VendorsRepository {
  constructor(@InjectRepository(Vendor) private readonly rows: Repository<Vendor>) {}

  async insert(tx: Transaction, vendor: Pick<Vendor, 'id' | 'name'>): Promise<Vendor> {
    await tx.insert(Vendor, vendor);
    return tx.findOneByOrFail(Vendor, { id: vendor.id });
  }

  /** @param viewer the only vendor that is seen; null sees all */
  async find(viewer: string | null, id: string): Promise<Vendor | null> {
    return viewer !== null && viewer !== id ? null : this.rows.findOneBy({ id });
  }

  findByName(name: string): Promise<Vendor | null> {
    return this.rows.findOneBy({ name });
  }

  lock(tx: Transaction, id: string): Promise<Vendor | null> {
    return tx.findOne(Vendor, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  async update(tx: Transaction, vendor: Vendor): Promise<void> {
    await tx.update(Vendor, vendor.id, { name: vendor.name, suspendedAt: vendor.suspendedAt });
  }

  page(viewer: string | null, request: PageRequest, name?: string): Promise<Vendor[]> {
    const query = this.rows.createQueryBuilder('vendor').orderBy('vendor.id').limit(request.limit + 1);
    if (viewer !== null) query.andWhere('vendor.id = :viewer', { viewer });
    if (request.after) query.andWhere('vendor.id > :after', { after: request.after });
    if (name !== undefined) query.andWhere('vendor.name = :name', { name });
    return query.getMany();
  }
}
