// Sign-in of labelers: whoever may make labelers makes a session for one, hands over its link, and the labeler's page
// works with it.
import { Injectable } from '@nestjs/common';
import { ApiKeysService } from '#src/auth/api-keys.service.js';
import type { AuthContext } from '#src/auth/auth.js';
import type { Page, PageQuery } from '#src/common/pagination.js';
import { notFound, ProblemException } from '#src/common/problem.js';
import { LabelersService } from '#src/ratings/labelers.service.js';
import { sessionSeconds, type CreatedLabelerSessionDto, type CreateLabelerSessionDto, type LabelerLinkDto, type LabelerSessionDto } from './labeler-sessions.dto.js';
import { LabelingBatchesRepository } from './labeling-batches.repository.js';
import { LabelingBatchesService } from './labeling-batches.service.js';

@Injectable()
export class LabelerSessionsService {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly labelers: LabelersService,
    private readonly batches: LabelingBatchesRepository,
    private readonly batchesService: LabelingBatchesService,
  ) {}

  /** For labelers of the caller's own vendor. @throws ProblemException 404 `labeler_not_found`, `labeling_batch_not_found` */
  async create(auth: AuthContext, labelerId: string, dto: CreateLabelerSessionDto): Promise<CreatedLabelerSessionDto> {
    const labeler = await this.labelers.findOwn(auth, { id: labelerId });
    if (!labeler) throw notFound('labeler', labelerId);
    const labelingBatchId = dto.labelingBatchId ? (await this.batchesService.find(auth, dto.labelingBatchId)).id : null;
    const expiresAt = new Date(Date.now() + (dto.ttlSeconds ?? sessionSeconds.default) * 1000);
    const session = { labelerId: labeler.id, labelingBatchId, vendorId: labeler.vendorId, expiresAt };
    const { id, secret } = await this.keys.createSession(auth, session);
    return { id, labelerId: labeler.id, labelingBatchId, expiresAt, token: secret, path: `/label#${secret}` };
  }

  /** Those that are over too, the latest first; the owner sees those of all labelers. @throws ProblemException 404 `labeler_not_found` */
  async list(auth: AuthContext, labelerId: string, query: PageQuery): Promise<Page<LabelerLinkDto>> {
    const { id } = await this.labelers.get(auth, labelerId);
    const page = await this.keys.listSessions(id, query);
    const data = page.data.map(({ id, labelingBatchId, prefix, createdAt, expiresAt, revokedAt, lastUsedAt }) => {
      return { id, labelerId, labelingBatchId, prefix, createdAt, expiresAt: expiresAt!, revokedAt, lastUsedAt };
    });
    return { ...page, data };
  }

  /** @throws ProblemException 404 `labeler_not_found`, `labeler_session_not_found` */
  async revoke(auth: AuthContext, labelerId: string, sessionId: string): Promise<void> {
    const { id } = await this.labelers.get(auth, labelerId);
    await this.keys.revokeSession(auth, sessionId, id);
  }

  /** @throws ProblemException 403 `labeler_session_needed` */
  async current(auth: AuthContext): Promise<LabelerSessionDto> {
    if (!auth.labelerId) {
      const detail = 'this route answers to the token of POST /v1/labelers/{id}/sessions only';
      throw new ProblemException({ status: 403, code: 'labeler_session_needed', title: "A labeler's session is needed", detail });
    }
    const { id, externalId, displayName } = await this.labelers.get(auth, auth.labelerId);
    const batches = await this.batches.openFor(id, auth.vendorId, auth.labelingBatchId ?? null);
    return { labelerId: id, labelerExternalId: externalId, displayName, batches };
  }
}
