// The keys of one vendor, for the owner and for the vendor itself.
import { Injectable } from '@nestjs/common';
import type { Page, PageQuery } from '#src/common/pagination.js';
import { ProblemException } from '#src/common/problem.js';
import type { ApiKey } from '../api-key.entity.js';
import type { CreatedApiKeyDto, CreateVendorApiKeyDto, RotateApiKeyDto } from '../api-keys.dto.js';
import { ApiKeysService } from '../api-keys.service.js';
import type { AuthContext } from '../auth.js';
import { allows, type Scope } from '../scopes.js';
import { VendorsService } from './vendors.service.js';

@Injectable()
export class VendorKeysService {
  constructor(
    private readonly vendors: VendorsService,
    private readonly keys: ApiKeysService,
  ) {}

  async create(auth: AuthContext, vendorId: string, dto: CreateVendorApiKeyDto): Promise<CreatedApiKeyDto> {
    await this.vendors.get(auth, vendorId);
    refuseMoreThanOwn(auth, dto.scopes);
    return this.keys.create(dto, vendorId, auth);
  }

  async list(auth: AuthContext, vendorId: string, query: PageQuery): Promise<Page<ApiKey>> {
    await this.vendors.get(auth, vendorId);
    return this.keys.list(query, vendorId);
  }

  async revoke(auth: AuthContext, vendorId: string, keyId: string): Promise<void> {
    await this.vendors.get(auth, vendorId);
    await this.keys.revoke(auth, keyId, vendorId);
  }

  async rotate(auth: AuthContext, vendorId: string, keyId: string, dto: RotateApiKeyDto): Promise<CreatedApiKeyDto> {
    await this.vendors.get(auth, vendorId);
    const { scopes } = await this.keys.get(keyId, vendorId);
    refuseMoreThanOwn(auth, scopes);
    return this.keys.rotate(auth, keyId, dto, vendorId);
  }
}

/** A vendor's key could otherwise make itself a key that may do more. */
function refuseMoreThanOwn(auth: AuthContext, scopes: readonly Scope[]): void {
  const missing = auth.vendorId === null ? [] : scopes.filter((scope) => !allows(auth.scopes, [scope]));
  if (missing.length === 0) return;
  const message = `your API key lacks ${missing.join(', ')}: it can grant only scopes that it has`;
  throw new ProblemException({
    status: 403,
    code: 'scope_not_held',
    title: 'The API key does not allow this request',
    detail: message,
    errors: [{ pointer: '/scopes', rule: 'held', message, value: missing.join() }],
  });
}
