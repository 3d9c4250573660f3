// Step 2 of the loop: labelers rate completions against a published criterion version. Ratings are only ever
// added; a correction is a new rating that supersedes an old one.
import { Injectable, type StreamableFile } from '@nestjs/common';
import type { Readable } from 'node:stream';
import type { AuthContext } from '#src/auth/auth.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { conflict, notFound, shorten, type ProblemDetail, type ProblemException } from '#src/common/problem.js';
import { created, repeated, type Posted } from '#src/common/posted.js';
import { validationProblem } from '#src/common/validation.js';
import { brokenUnique } from '#src/database/errors.js';
import { ingest } from './bulk-ingest.js';
import { PublishedVersions } from './published-versions.js';
import { absentCompletion, namesOfRatings, newRating, ratingMistakes, readRating, sameRating, scoresUnder, type NewRating } from './rating-rules.js';
import type { Rating } from './rating.entity.js';
import { CreateRatingDto, type RatingsQuery, type SupersedeRatingDto } from './ratings.dto.js';
import { RatingsRepository, type NamedRating } from './ratings.repository.js';
import { absentLabeler, present, refusalProblem } from './references.js';
import { ReferencesService } from './references.service.js';

/** Those of a rating are not yet found. */
const unknown = { completionId: '', labelerId: '' };

@Injectable()
export class RatingsService {
  constructor(
    private readonly ratings: RatingsRepository,
    private readonly versions: PublishedVersions,
    private readonly references: ReferencesService,
  ) {}

  /** @throws ProblemException 409 `external_id_conflict` for another rating under the `externalId` */
  async create(auth: AuthContext, dto: CreateRatingDto): Promise<Posted<Rating>> {
    const mistakes = ratingMistakes(dto);
    if (mistakes.length > 0) throw validationProblem(mistakes);
    const versions = await this.versions.get([dto.criterionVersionId], auth.vendorId);
    const scored = scoresUnder(dto.criterionVersionId, dto, { versions });
    if (scored.refusal) throw refusalProblem(scored.refusal, 'rating');
    const rating = named(dto, newRating(newId(), dto, auth.vendorId, scored.value, unknown));
    const inserted = await this.ratings.insertNamed(rating);
    if (inserted) return created(inserted);
    switch (await this.ratings.whyNot(rating)) {
      case 'completion':
        throw refusalProblem(absentCompletion(dto), 'rating');
      case 'labeler':
        throw refusalProblem(absentLabeler(dto), 'rating');
      case 'externalId': {
        const first = await this.ratings.findByExternalId(auth.vendorId, dto.externalId!);
        const given = first && (await this.ratings.resolved(rating));
        if (first && given && sameRating(first, { ...rating.row, ...given })) return repeated(first);
        throw await this.externalIdTaken(auth, dto.externalId!);
      }
    }
  }

  /** A rating per line, as `create` takes them. */
  createBulk({ vendorId }: AuthContext, body: Readable): Promise<StreamableFile> {
    return ingest<CreateRatingDto, NewRating, Rating>(
      {
        type: CreateRatingDto,
        maxLineCharacters: 64 * 1024,
        mistakes: ratingMistakes,
        references: (dtos) => this.references.find(namesOfRatings(dtos), vendorId),
        read: (id, dto, references) => readRating(id, dto, vendorId, references),
        copyNew: (rows) => this.ratings.copyNew(rows),
        insertNew: (rows) => this.ratings.insertNew(rows),
        byExternalIds: (externalIds) => this.ratings.byExternalIds(externalIds, vendorId),
        sameContent: sameRating,
        taken: ({ id, externalId }) => takenBy(id, externalId!, 'this externalId and another content'),
      },
      body,
    );
  }

  async supersede(auth: AuthContext, id: string, dto: SupersedeRatingDto): Promise<Rating> {
    const old = await this.get(auth, id);
    const versions = await this.versions.get([old.criterionVersionId]);
    const scored = scoresUnder(old.criterionVersionId, dto, { versions });
    if (scored.refusal) throw refusalProblem(scored.refusal, 'rating');
    const { criterionVersionId, vendorId, labelingTaskId } = old;
    const row = newRating(newId(), { ...dto, criterionVersionId, position: dto.position ?? old.position }, vendorId, scored.value, old);
    try {
      return await this.ratings.insert({ ...row, labelingTaskId, supersedesId: old.id });
    } catch (error) {
      switch (brokenUnique(error)) {
        case 'ratings_superseded':
          throw await this.alreadySuperseded(old.id);
        case 'ratings_external':
          throw await this.externalIdTaken({ vendorId }, dto.externalId!);
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
    const detail = takenBy(first!.id, externalId, 'this externalId');
    return conflict('external_id_conflict', detail.message, [detail]);
  }

  private async alreadySuperseded(id: string): Promise<ProblemException> {
    const message = `rating ${(await this.ratings.findSuccessor(id))?.id} supersedes it already: supersede that one`;
    return conflict('already_superseded', message, [{ pointer: '', rule: 'supersededOnce', message, value: id }]);
  }
}

function named(dto: CreateRatingDto, row: NewRating): NamedRating {
  return {
    row,
    completion: present(dto.completionId) ? { id: dto.completionId } : { externalId: dto.completionExternalId! },
    labeler: present(dto.labelerId) ? { id: dto.labelerId } : { externalId: dto.labelerExternalId! },
  };
}

function takenBy(id: string, externalId: string, what: string): ProblemDetail {
  return { pointer: '/externalId', rule: 'unique', message: `rating ${id} has ${what}`, value: shorten(externalId) };
}
