import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { created, repeated, type Posted } from '#src/common/posted.js';
import { conflict, notFound, unprocessable, type ProblemException } from '#src/common/problem.js';
import { brokenForeignKey, brokenUnique } from '#src/database/errors.js';
import type { Labeler } from './labeler.entity.js';
import type { CreateLabelerDto, LabelersQuery } from './labelers.dto.js';
import { LabelersRepository } from './labelers.repository.js';

@Injectable()
export class LabelersService {
  constructor(private readonly labelers: LabelersRepository) {}

  /** @throws ProblemException 409 `labeler_exists` for another labeler under the `externalId` */
  async create(auth: AuthContext, dto: CreateLabelerDto): Promise<Posted<Labeler>> {
    const vendorId = dto.vendorId ?? auth.vendorId;
    // Another vendor is not there for a vendor.
    if (auth.vendorId !== null && vendorId !== auth.vendorId) throw noVendor(dto.vendorId);
    const details = { displayName: dto.displayName ?? null, simulated: dto.simulated ?? false };
    try {
      return created(await this.labelers.insert({ id: newId(), vendorId, externalId: dto.externalId, ...details }));
    } catch (error) {
      if (brokenForeignKey(error)) throw noVendor(dto.vendorId);
      if (!brokenUnique(error)) throw error;
      const existing = await this.labelers.findByExternalId(vendorId, dto.externalId);
      if (existing && existing.displayName === details.displayName && existing.simulated === details.simulated) return repeated(existing);
      throw conflict('labeler_exists', `labeler ${existing?.id} has this external id already`, [
        { pointer: '/externalId', rule: 'unique', message: `taken by labeler ${existing?.id}`, value: dto.externalId },
      ]);
    }
  }

  async list(auth: AuthContext, query: LabelersQuery): Promise<Page<Labeler>> {
    const request = pageRequest(query);
    const rows = await this.labelers.page(auth.vendorId, request, query);
    return toPage(rows, request, (labeler) => labeler.id);
  }

  /** A labeler that the caller may rate through: of its own vendor, or of none where it has none. */
  async findOwn(auth: Pick<AuthContext, 'vendorId'>, name: { id: string } | { externalId: string }): Promise<Labeler | null> {
    if ('externalId' in name) return this.labelers.findByExternalId(auth.vendorId, name.externalId);
    const labeler = await this.labelers.find(auth.vendorId, name.id);
    return labeler?.vendorId === auth.vendorId ? labeler : null;
  }

  async get(auth: AuthContext, id: string): Promise<Labeler> {
    const labeler = await this.labelers.find(auth.vendorId, id);
    if (!labeler) throw notFound('labeler', id);
    return labeler;
  }
}

function noVendor(id: string | undefined): ProblemException {
  return unprocessable('vendor_not_found', '/vendorId', 'exists', 'no such vendor', id);
}
