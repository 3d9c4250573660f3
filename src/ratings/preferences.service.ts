// Rankings and comparisons: judgements of completions against one another, beside the ratings and under the same rules.
// They are only ever added; a correction supersedes.
import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { canonicalJson } from '#src/common/hash.js';
import { newId } from '#src/common/id.js';
import { created, repeated, type Posted } from '#src/common/posted.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { conflict, notFound, ProblemException, shorten, unprocessable, type ProblemDetail } from '#src/common/problem.js';
import { validationProblem } from '#src/common/validation.js';
import { Database } from '#src/database/database.js';
import { brokenUnique } from '#src/database/errors.js';
import { LabelersService } from './labelers.service.js';
import type { PreferenceRank } from './preference-rank.entity.js';
import type { Preference } from './preference.entity.js';
import type { CreatePreferenceJudgementDto, CreateRankingDto, PreferenceDto, PreferencesQuery, SupersedePreferenceDto } from './preferences.dto.js';
import { PreferencesRepository, type NewPreference } from './preferences.repository.js';
import { PublishedVersions } from './published-versions.js';
import { rankingMistake, ranksOf, type RankingRefusal } from './ranking-rules.js';

type Named = Pick<CreateRankingDto, 'criterionVersionId' | 'labelerId' | 'labelerExternalId' | 'timeSpentMs' | 'rationale' | 'flags' | 'externalId'>;

@Injectable()
export class PreferencesService {
  constructor(
    private readonly database: Database,
    private readonly preferences: PreferencesRepository,
    private readonly labelers: LabelersService,
    private readonly versions: PublishedVersions,
  ) {}

  /**
   * @throws ProblemException 422 `ranking_inconsistent`, `completion_not_found`, `labeler_not_found`,
   *   `criterion_version_not_found`; 409 `criterion_version_not_published`, `external_id_conflict`
   */
  async rank(auth: AuthContext, dto: CreateRankingDto): Promise<Posted<PreferenceDto>> {
    const groups = dto.ranking;
    refuse(rankingMistake(groups, null));
    const shown = dto.shownOrder ?? null;
    if (shown) refuse(rankingMistake(shown.map((id) => [id]), groups.flat(), '/shownOrder'));
    return this.create(auth, dto, 'ranking', groups, shown, '/ranking');
  }

  async compare(auth: AuthContext, dto: CreatePreferenceJudgementDto): Promise<Posted<PreferenceDto>> {
    const { completionIds: shown, preferredCompletionId: preferred } = dto;
    if (preferred !== null && !shown.includes(preferred)) {
      const message = 'the preferred completion must be one of the two';
      throw unprocessable('ranking_inconsistent', '/preferredCompletionId', 'compared', message, preferred);
    }
    const groups = preferred === null ? [shown] : [[preferred], shown.filter((id) => id !== preferred)];
    return this.create(auth, dto, 'comparison', groups, shown, '/completionIds');
  }

  /** @throws ProblemException 404; 422 `ranking_inconsistent`; 409 `already_superseded`, `external_id_conflict` */
  async supersede(auth: AuthContext, id: string, dto: SupersedePreferenceDto): Promise<PreferenceDto> {
    const old = await this.get(auth, id);
    const groups = dto.ranking;
    refuse(rankingMistake(groups, old.ranking.flat()));
    const { kind, promptId, criterionVersionId, labelerId, vendorId, labelingTaskId } = old;
    const row = { id: newId(), kind, promptId, criterionVersionId, labelerId, vendorId, labelingTaskId, supersedesId: old.id, ...detailsOf(dto) };
    return this.insert(row, groups, old.shownOrder);
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

  private async create(
    auth: AuthContext,
    dto: Named,
    kind: Preference['kind'],
    groups: string[][],
    shown: string[] | null,
    pointer: string,
  ): Promise<Posted<PreferenceDto>> {
    const criterionVersionId = await this.publishedVersion(auth, dto.criterionVersionId);
    const labelerId = await this.labeler(auth, dto);
    const promptId = await this.onePrompt(auth, groups.flat(), pointer);
    const row = { id: newId(), kind, promptId, criterionVersionId, labelerId, vendorId: auth.vendorId, labelingTaskId: null, supersedesId: null, ...detailsOf(dto) };
    try {
      return created(await this.insert(row, groups, shown));
    } catch (error) {
      if (!(error instanceof ProblemException) || error.init.code !== 'external_id_conflict') throw error;
      const first = await this.preferences.findByExternalId(row.vendorId, row.externalId!);
      const kept = first && toDto(first, await this.preferences.ranks([first.id]));
      const given = toDto({ ...row, createdAt: new Date() }, rankRows(groups, shown).map((rank) => ({ ...rank, preferenceId: row.id })));
      if (kept && sameContent(kept, given)) return repeated(kept);
      throw error;
    }
  }

  private async insert(row: NewPreference, groups: string[][], shown: string[] | null): Promise<PreferenceDto> {
    const ranks = rankRows(groups, shown);
    try {
      await this.database.transaction((tx) => this.preferences.insert(tx, row, ranks));
    } catch (error) {
      const broken = brokenUnique(error);
      if (broken === 'preferences_external') throw externalIdTaken(row.externalId!);
      if (broken === 'preferences_superseded') throw refusedValue('already_superseded', '', 'supersededOnce', 'another one supersedes it already: supersede that one', row.supersedesId!);
      throw error;
    }
    return toDto((await this.preferences.find(null, row.id))!, await this.preferences.ranks([row.id]));
  }

  private async publishedVersion(auth: AuthContext, id: string): Promise<string> {
    const version = (await this.versions.get([id], auth.vendorId)).get(id);
    if (!version) throw unprocessable('criterion_version_not_found', '/criterionVersionId', 'exists', 'no such criterion version', id);
    if (version.state !== 'published') {
      throw refusedValue('criterion_version_not_published', '/criterionVersionId', 'published', `criterion version ${id} is a draft: publish it first`, id);
    }
    return id;
  }

  private async labeler(auth: AuthContext, { labelerId, labelerExternalId }: Named): Promise<string> {
    const [id, externalId] = [labelerId ?? undefined, labelerExternalId ?? undefined];
    if ((id === undefined) === (externalId === undefined)) {
      throw validationProblem([{ pointer: '/labelerId', rule: 'oneOf', message: 'give labelerId or labelerExternalId, exactly one of them' }]);
    }
    const found = await this.labelers.findOwn(auth, id !== undefined ? { id } : { externalId: externalId! });
    if (!found) throw unprocessable('labeler_not_found', id !== undefined ? '/labelerId' : '/labelerExternalId', 'exists', 'no such labeler', id ?? externalId);
    return found.id;
  }

  private async onePrompt(auth: AuthContext, completionIds: string[], pointer: string): Promise<string> {
    const prompts = await this.preferences.promptsOf(completionIds, auth.vendorId);
    const missing = completionIds.find((id) => !prompts.has(id));
    if (missing !== undefined) throw unprocessable('completion_not_found', pointer, 'exists', 'no such completion', missing);
    const first = prompts.get(completionIds[0])!;
    const stranger = completionIds.find((id) => prompts.get(id) !== first);
    if (stranger !== undefined) throw unprocessable('ranking_inconsistent', pointer, 'samePrompt', 'the completions must be of one prompt', stranger);
    return first;
  }
}

function rankRows(groups: string[][], shown: string[] | null): Omit<PreferenceRank, 'preferenceId'>[] {
  return [...ranksOf(groups)].map(([completionId, rank]) => ({ completionId, rank, position: shown && shown.indexOf(completionId) }));
}

/** Groups are sets: within one, the order of the ids means nothing. */
function sameContent(a: PreferenceDto, b: PreferenceDto): boolean {
  const contentOf = ({ id: _, createdAt: __, ranking, ...content }: PreferenceDto) => canonicalJson({ ...content, ranking: ranking.map((group) => [...group].sort()) });
  return contentOf(a) === contentOf(b);
}

function externalIdTaken(externalId: string): ProblemException {
  return refusedValue('external_id_conflict', '/externalId', 'unique', 'another ranking or comparison has this externalId', externalId);
}

function detailsOf(dto: Pick<Named, 'timeSpentMs' | 'rationale' | 'flags' | 'externalId'>): Pick<Preference, 'timeSpentMs' | 'rationale' | 'flags' | 'externalId'> {
  return { timeSpentMs: dto.timeSpentMs ?? null, rationale: dto.rationale ?? null, flags: dto.flags ?? [], externalId: dto.externalId ?? null };
}

function toDto(preference: Preference, ranks: readonly PreferenceRank[]): PreferenceDto {
  const ranking: string[][] = [];
  for (const { rank, completionId } of ranks) (ranking[rank - 1] ??= []).push(completionId);
  const known = ranks.every(({ position }) => position !== null);
  const shownOrder = known ? [...ranks].sort((a, b) => a.position! - b.position!).map(({ completionId }) => completionId) : null;
  return { ...preference, ranking, shownOrder };
}

function refuse(mistake: RankingRefusal | undefined): void {
  if (!mistake) return;
  const { code, detail } = mistake;
  throw new ProblemException({ status: 422, code, title: 'The ranking cannot be taken', detail: detail.message, errors: [detail] });
}

function refusedValue(code: string, pointer: string, rule: string, message: string, value: string): ProblemException {
  const detail: ProblemDetail = { pointer, rule, message, value: shorten(value) };
  return conflict(code, message, [detail]);
}
