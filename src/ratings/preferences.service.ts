// Rankings and comparisons: judgements of completions against one another, beside the ratings and under the same rules.
// They are only ever added; a correction supersedes.
import { Injectable, type StreamableFile } from '@nestjs/common';
import type { Readable } from 'node:stream';
import type { AuthContext } from '#src/auth/auth.js';
import { newId } from '#src/common/id.js';
import { created, repeated, type Posted } from '#src/common/posted.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { conflict, notFound, shorten, type ProblemDetail, type ProblemException } from '#src/common/problem.js';
import { validationProblem } from '#src/common/validation.js';
import { brokenUnique } from '#src/database/errors.js';
import { ingest, type BulkKind } from './bulk-ingest.js';
import type { PreferenceRank } from './preference-rank.entity.js';
import {
  comparisonMistakes,
  namesOfComparisons,
  namesOfRankings,
  rankingMistakes,
  rankRows,
  readComparison,
  readRanking,
  samePreference,
  type NewPreference,
} from './preference-rules.js';
import type { Preference } from './preference.entity.js';
import { CreatePreferenceJudgementDto, CreateRankingDto, type PreferenceDto, type PreferencesQuery, type SupersedePreferenceDto } from './preferences.dto.js';
import { PreferencesRepository, type StoredPreference } from './preferences.repository.js';
import { rankingMistake } from './ranking-rules.js';
import { detailsOf, refusalProblem } from './references.js';
import { ReferencesService } from './references.service.js';

type Kind<Dto extends object> = BulkKind<Dto, NewPreference, StoredPreference>;

@Injectable()
export class PreferencesService {
  constructor(
    private readonly preferences: PreferencesRepository,
    private readonly references: ReferencesService,
  ) {}

  /**
   * @throws ProblemException 422 `ranking_inconsistent`, `completion_not_found`, `labeler_not_found`,
   *   `criterion_version_not_found`; 409 `criterion_version_not_published`, `external_id_conflict`
   */
  rank(auth: AuthContext, dto: CreateRankingDto): Promise<Posted<PreferenceDto>> {
    return this.create(this.rankings(auth), dto);
  }

  /** @throws ProblemException as `rank` does */
  compare(auth: AuthContext, dto: CreatePreferenceJudgementDto): Promise<Posted<PreferenceDto>> {
    return this.create(this.comparisons(auth), dto);
  }

  /** A ranking per line, as `rank` takes them. */
  rankBulk(auth: AuthContext, body: Readable): Promise<StreamableFile> {
    return ingest(this.rankings(auth), body);
  }

  /** A comparison per line, as `compare` takes them. */
  compareBulk(auth: AuthContext, body: Readable): Promise<StreamableFile> {
    return ingest(this.comparisons(auth), body);
  }

  /** @throws ProblemException 404; 422 `ranking_inconsistent`; 409 `already_superseded`, `external_id_conflict` */
  async supersede(auth: AuthContext, id: string, dto: SupersedePreferenceDto): Promise<PreferenceDto> {
    const old = await this.get(auth, id);
    const groups = dto.ranking;
    const mistake = rankingMistake(groups, old.ranking.flat());
    if (mistake) throw refusalProblem(mistake, 'ranking');
    const { kind, promptId, criterionVersionId, labelerId, vendorId, labelingTaskId } = old;
    const ranks = rankRows(groups, old.shownOrder);
    const row = { id: newId(), kind, promptId, criterionVersionId, labelerId, vendorId, labelingTaskId, supersedesId: old.id, ...detailsOf(dto), ranks };
    if (await this.insert(row)) return this.get(auth, row.id);
    const [first] = (await this.preferences.byExternalIds([row.externalId!], vendorId)).values();
    throw problem(takenBy(first), 'external_id_conflict');
  }

  async get(auth: AuthContext, id: string): Promise<PreferenceDto> {
    const preference = await this.preferences.find(auth.vendorId, id);
    if (!preference) throw notFound('preference', id);
    return toDto(preference, await this.preferences.ranks([id]));
  }

  async list(auth: AuthContext, query: PreferencesQuery): Promise<Page<PreferenceDto>> {
    const request = pageRequest(query);
    const page = toPage(await this.preferences.page(auth.vendorId, query, request), request, (preference) => preference.id);
    const ranks = await this.preferences.ranks(page.data.map(({ id }) => id));
    return { ...page, data: page.data.map((preference) => toDto(preference, ranks.filter(({ preferenceId }) => preferenceId === preference.id))) };
  }

  private rankings({ vendorId }: AuthContext): Kind<CreateRankingDto> {
    return {
      ...this.written(vendorId),
      type: CreateRankingDto,
      mistakes: rankingMistakes,
      references: (dtos) => this.references.find(namesOfRankings(dtos), vendorId),
      read: (id, dto, references) => readRanking(id, dto, vendorId, references),
    };
  }

  private comparisons({ vendorId }: AuthContext): Kind<CreatePreferenceJudgementDto> {
    return {
      ...this.written(vendorId),
      type: CreatePreferenceJudgementDto,
      mistakes: comparisonMistakes,
      references: (dtos) => this.references.find(namesOfComparisons(dtos), vendorId),
      read: (id, dto, references) => readComparison(id, dto, vendorId, references),
    };
  }

  private written(vendorId: string | null): Omit<Kind<object>, 'type' | 'mistakes' | 'references' | 'read'> {
    return {
      // Room for rankings of many.
      maxLineCharacters: 512 * 1024,
      copyNew: (rows) => this.preferences.copyNew(rows),
      insertNew: (rows) => this.preferences.insertNew(rows),
      byExternalIds: (externalIds) => this.preferences.byExternalIds(externalIds, vendorId),
      sameContent: (stored, row) => samePreference(stored, row),
      taken: takenBy,
    };
  }

  /** One as a set of one. */
  private async create<Dto extends object>(kind: Kind<Dto>, dto: Dto): Promise<Posted<PreferenceDto>> {
    const mistakes = kind.mistakes(dto);
    if (mistakes.length > 0) throw validationProblem(mistakes);
    const { value: row, refusal } = kind.read(newId(), dto, await kind.references([dto]));
    if (refusal) throw refusalProblem(refusal, 'ranking');
    if (await this.insert(row)) return created(await this.stored(row.id));
    const [first] = (await kind.byExternalIds([row.externalId!])).values();
    if (kind.sameContent(first, row)) return repeated(toDto(first, first.ranks));
    throw problem(kind.taken(first), 'external_id_conflict');
  }

  /** False when the external id is taken. */
  private async insert(row: NewPreference): Promise<boolean> {
    try {
      return (await this.preferences.insertNew([row])) === 1;
    } catch (error) {
      if (brokenUnique(error) !== 'preferences_superseded') throw error;
      const message = 'another one supersedes it already: supersede that one';
      throw problem({ pointer: '', rule: 'supersededOnce', message, value: row.supersedesId! }, 'already_superseded');
    }
  }

  private async stored(id: string): Promise<PreferenceDto> {
    return toDto((await this.preferences.find(null, id))!, await this.preferences.ranks([id]));
  }
}

function takenBy({ id, externalId }: Pick<Preference, 'id' | 'externalId'>): ProblemDetail {
  const message = `preference ${id} has this externalId and another content`;
  return { pointer: '/externalId', rule: 'unique', message, value: shorten(externalId) };
}

function problem(detail: ProblemDetail, code: string): ProblemException {
  return conflict(code, detail.message, [detail]);
}

function toDto(preference: Preference, ranks: readonly PreferenceRank[]): PreferenceDto {
  const ranking: string[][] = [];
  for (const { rank, completionId } of ranks) (ranking[rank - 1] ??= []).push(completionId);
  const known = ranks.every(({ position }) => position !== null);
  const shownOrder = known ? [...ranks].sort((a, b) => a.position! - b.position!).map(({ completionId }) => completionId) : null;
  const { id, kind, promptId, criterionVersionId, labelerId, timeSpentMs, rationale, flags, vendorId, externalId, supersedesId, labelingTaskId, createdAt } = preference;
  return { id, kind, promptId, criterionVersionId, labelerId, ranking, shownOrder, timeSpentMs, rationale, flags, vendorId, externalId, supersedesId, labelingTaskId, createdAt };
}
