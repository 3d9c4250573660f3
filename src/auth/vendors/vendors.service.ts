// The companies that label, as the owner keeps them. A vendor sees itself; another one is not there for it.
import { Injectable } from '@nestjs/common';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { conflict, notFound, type ProblemException } from '#src/common/problem.js';
import { Database } from '#src/database/database.js';
import { brokenUnique } from '#src/database/errors.js';
import { AuditService } from '../audit/audit.service.js';
import type { AuthContext } from '../auth.js';
import type { Vendor } from './vendor.entity.js';
import type { CreateVendorDto, UpdateVendorDto, VendorsQuery } from './vendors.dto.js';
import { VendorsRepository } from './vendors.repository.js';

@Injectable()
export class VendorsService {
  constructor(
    private readonly database: Database,
    private readonly vendors: VendorsRepository,
    private readonly audit: AuditService,
  ) {}

  async create(auth: AuthContext, { name }: CreateVendorDto): Promise<Vendor> {
    return this.named(name, () =>
      this.database.transaction(async (tx) => {
        const vendor = await this.vendors.insert(tx, { id: newId(), name });
        await this.audit.record(tx, auth, { action: 'vendor.created', resource: { type: 'vendor', id: vendor.id }, detail: { name } });
        return vendor;
      }),
    );
  }

  async list(auth: AuthContext, query: VendorsQuery): Promise<Page<Vendor>> {
    const request = pageRequest(query);
    return toPage(await this.vendors.page(auth.vendorId, request, query.name), request, (vendor) => vendor.id);
  }

  async get(auth: AuthContext, id: string): Promise<Vendor> {
    const vendor = await this.vendors.find(auth.vendorId, id);
    if (!vendor) throw notFound('vendor', id);
    return vendor;
  }

  /** An update without changes is not recorded. */
  async update(auth: AuthContext, id: string, dto: UpdateVendorDto): Promise<Vendor> {
    await this.get(auth, id);
    return this.named(dto.name, () =>
      this.database.transaction(async (tx) => {
        const before = await this.vendors.lock(tx, id);
        if (!before) throw notFound('vendor', id);
        const suspendedAt = dto.suspended ? (before.suspendedAt ?? new Date()) : null;
        const after = { ...before, name: dto.name ?? before.name, ...(dto.suspended !== undefined && { suspendedAt }) };
        const detail = changes(before, after);
        if (Object.keys(detail).length === 0) return before;
        await this.vendors.update(tx, after);
        await this.audit.record(tx, auth, { action: 'vendor.updated', resource: { type: 'vendor', id }, detail });
        return after;
      }),
    );
  }

  private async named<T>(name: string | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!brokenUnique(error) || name === undefined) throw error;
      throw await this.nameTaken(name);
    }
  }

  private async nameTaken(name: string): Promise<ProblemException> {
    const message = `vendor ${(await this.vendors.findByName(name))?.id} already has this name`;
    return conflict('vendor_exists', message, [{ pointer: '/name', rule: 'unique', message, value: name }]);
  }
}

function changes(before: Vendor, after: Vendor): Record<string, unknown> {
  return {
    ...(before.name !== after.name && { name: after.name, nameBefore: before.name }),
    ...((before.suspendedAt === null) !== (after.suspendedAt === null) && { suspended: after.suspendedAt !== null }),
  };
}
