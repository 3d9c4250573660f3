import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import { Labeler } from './labeler.entity.js';

@Injectable()
export class LabelersRepository {
  constructor(@InjectRepository(Labeler) private readonly rows: Repository<Labeler>) {}

  async insert(labeler: Omit<Labeler, 'createdAt'>): Promise<Labeler> {
    await this.rows.insert(labeler);
    return this.rows.findOneByOrFail({ id: labeler.id });
  }

  /** @param vendorId whose labelers are seen; null sees all */
  find(vendorId: string | null, id: string): Promise<Labeler | null> {
    return this.rows.findOneBy({ id, ...(vendorId !== null && { vendorId }) });
  }

  /** External ids are unique per vendor; null names the labelers that belong to none. */
  findByExternalId(vendorId: string | null, externalId: string): Promise<Labeler | null> {
    return this.rows.findOneBy({ vendorId: vendorId ?? IsNull(), externalId });
  }

  page(viewer: string | null, request: PageRequest, { externalId, vendorId }: { externalId?: string; vendorId?: string }): Promise<Labeler[]> {
    const query = this.rows.createQueryBuilder('labeler').orderBy('labeler.id').limit(request.limit + 1);
    if (viewer !== null) query.andWhere('labeler.vendorId = :viewer', { viewer });
    if (vendorId !== undefined) query.andWhere('labeler.vendorId = :vendorId', { vendorId });
    if (request.after) query.andWhere('labeler.id > :after', { after: request.after });
    if (externalId !== undefined) query.andWhere('labeler.externalId = :externalId', { externalId });
    return query.getMany();
  }
}
