import { Injectable } from '@nestjs/common';
import { PublishedVersions } from './published-versions.js';
import type { Names, References } from './references.js';
import { ReferencesRepository } from './references.repository.js';

/** Looks up what judgements refer to, for a vendor or for the owner. */
@Injectable()
export class ReferencesService {
  constructor(
    private readonly rows: ReferencesRepository,
    private readonly published: PublishedVersions,
  ) {}

  async find(names: Names, vendorId: string | null): Promise<References> {
    const [completions, completionsByExternalId, labelers, labelersByExternalId, versions] = await Promise.all([
      this.rows.completions(names.completions, 'id', vendorId),
      this.rows.completions(names.completionsByExternalId, 'externalId', vendorId),
      this.rows.labelers(names.labelers, 'id', vendorId),
      this.rows.labelers(names.labelersByExternalId, 'externalId', vendorId),
      this.published.get(names.versions, vendorId),
    ]);
    return { completions, completionsByExternalId, labelers, labelersByExternalId, versions };
  }
}
