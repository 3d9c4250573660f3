// Step 2 of the loop: labelers rate completions against a published criterion version. Ratings are only ever
// added; a correction is a new rating that supersedes an old one.
import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { conflict, notFound, ProblemException, shorten } from '#src/common/problem.js';
import { created, repeated, type Posted } from '#src/common/posted.js';
import { validationProblem } from '#src/common/validation.js';
import { brokenUnique } from '#src/database/errors.js';
import { PublishedVersions } from './published-versions.js';
import { sameContent } from './rating-ingest.service.js';
import { namingMistakes, present } from './rating-line.js';
import { absentCompletion, absentLabeler, scoresOf, versionRefusal, type Refusal } from './rating-references.js';
import type { Scores } from './dimensions.js';
import type { Rating } from './rating.entity.js';
import type { CreateRatingDto, RatingsQuery, SupersedeRatingDto } from './ratings.dto.js';
import { RatingsRepository, type NamedRating } from './ratings.repository.js';

@Injectable()
export class RatingsService {
  constructor(
    private readonly ratings: RatingsRepository,
    private readonly versions: PublishedVersions,
  ) {}

  /** @throws ProblemException 409 `external_id_conflict` for another rating under the `externalId` */
  async create(auth: AuthContext, dto: CreateRatingDto): Promise<Posted<Rating>> {
    const mistakes = namingMistakes(dto);
    if (mistakes.length > 0) throw validationProblem(mistakes);
    const versions = await this.versions.get([dto.criterionVersionId], auth.vendorId);
    const refused = versionRefusal(dto, versions);
    if (refused) throw problem(refused);
    const rating = named(auth, dto, scoresOf(dto, versions));
    const inserted = await this.ratings.insertNamed(rating);
    if (inserted) return created(inserted);
    switch (await this.ratings.whyNot(rating)) {
      case 'completion':
        throw problem(absentCompletion(dto));
      case 'labeler':
        throw problem(absentLabeler(dto));
      case 'externalId': {
        const first = await this.ratings.findByExternalId(auth.vendorId, dto.externalId!);
        const given = first && (await this.ratings.resolved(rating));
        if (first && given && sameContent(first, { ...rating, ...given })) return repeated(first);
        throw await this.externalIdTaken(auth, dto.externalId!);
      }
    }
  }

  async supersede(auth: AuthContext, id: string, dto: SupersedeRatingDto): Promise<Rating> {
    const old = await this.get(auth, id);
    const versions = await this.versions.get([old.criterionVersionId]);
    const given = { criterionVersionId: old.criterionVersionId, score: dto.score, dimensionScores: dto.dimensionScores };
    const refused = versionRefusal(given, versions);
    if (refused) throw problem(refused);
    try {
      return await this.ratings.insert({
        id: newId(),
        completionId: old.completionId,
        criterionVersionId: old.criterionVersionId,
        labelerId: old.labelerId,
        ...scoresOf(given, versions),
        position: dto.position ?? old.position,
        timeSpentMs: dto.timeSpentMs ?? null,
        rationale: dto.rationale ?? null,
        flags: dto.flags ?? [],
        vendorId: old.vendorId,
        externalId: dto.externalId ?? null,
        supersedesId: old.id,
        labelingTaskId: old.labelingTaskId,
      });
    } catch (error) {
      switch (brokenUnique(error)) {
        case 'ratings_superseded':
          throw await this.alreadySuperseded(old.id);
        case 'ratings_external':
          throw await this.externalIdTaken({ vendorId: old.vendorId }, dto.externalId!);
        default:
          throw error;
      }
    }
  }

  async get(auth: AuthContext, id: string): Promise<Rating> {
    const rating = await this.ratings.find(auth.vendorId, id);
    if (!rating) throw notFound('rating', id);
    return rating;
  }

  async list(auth: AuthContext, query: RatingsQuery): Promise<Page<Rating>> {
    const request = pageRequest(query);
    return toPage(await this.ratings.page(auth.vendorId, query, request), request, (rating) => rating.id);
  }

  private async externalIdTaken(auth: Pick<AuthContext, 'vendorId'>, externalId: string): Promise<ProblemException> {
    const first = await this.ratings.findByExternalId(auth.vendorId, externalId);
    const message = `rating ${first?.id} has this externalId`;
    return conflict('external_id_conflict', message, [
      { pointer: '/externalId', rule: 'unique', message, value: shorten(externalId) },
    ]);
  }

  private async alreadySuperseded(id: string): Promise<ProblemException> {
    const message = `rating ${(await this.ratings.findSuccessor(id))?.id} supersedes it already: supersede that one`;
    return conflict('already_superseded', message, [{ pointer: '', rule: 'supersededOnce', message, value: id }]);
  }
}

function named(auth: AuthContext, dto: CreateRatingDto, scores: Scores): NamedRating {
  return {
    id: newId(),
    completion: present(dto.completionId) ? { id: dto.completionId } : { externalId: dto.completionExternalId! },
    criterionVersionId: dto.criterionVersionId,
    labeler: present(dto.labelerId) ? { id: dto.labelerId } : { externalId: dto.labelerExternalId! },
    ...scores,
    position: dto.position ?? null,
    timeSpentMs: dto.timeSpentMs ?? null,
    rationale: dto.rationale ?? null,
    flags: dto.flags ?? [],
    vendorId: auth.vendorId,
    externalId: dto.externalId ?? null,
  };
}

/** A draft is a conflict with the state of things; the rest is a body that cannot be carried out. */
function problem({ code, detail }: Refusal): ProblemException {
  if (code === 'criterion_version_not_published') return conflict(code, detail.message, [detail]);
  return new ProblemException({
    status: 422,
    code,
    title: 'The rating cannot be taken',
    detail: detail.value === undefined ? detail.message : `${detail.message}; got '${detail.value}'`,
    errors: [detail],
  });
}
