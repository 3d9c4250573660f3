// What a rating, ranking or comparison refers to: a criterion version, a labeler and completions, the latter two by their ids or by
// their posters' own.
import { conflict, ProblemException, shorten, type ProblemDetail } from '#src/common/problem.js';
import type { CriterionVersion } from './criterion-version.entity.js';
import type { ScoreRefusal } from './dimensions.js';
import type { RankingRefusal } from './ranking-rules.js';

export interface FoundCompletion {
  id: string;
  promptId: string;
}

/** The rows that a set of judgements names, by what it calls them; what is not there has no entry. */
export interface References {
  completions: ReadonlyMap<string, FoundCompletion>;
  completionsByExternalId: ReadonlyMap<string, FoundCompletion>;
  labelers: ReadonlyMap<string, string>;
  labelersByExternalId: ReadonlyMap<string, string>;
  versions: ReadonlyMap<string, CriterionVersion>;
}

/** What a set of judgements names, once each. */
export type Names = { [Kind in keyof References]: Set<string> };

type Absent = 'completion_not_found' | 'labeler_not_found' | 'criterion_version_not_found';

/** Why a well-formed judgement cannot be taken. */
export interface Refusal {
  code: Absent | 'criterion_version_not_published' | ScoreRefusal['code'] | RankingRefusal['code'];
  detail: ProblemDetail;
}

export type Read<T> = { value: T; refusal?: undefined } | { value?: undefined; refusal: Refusal };

/** Who judges, and by what. */
export interface NamedJudgement {
  criterionVersionId: string;
  labelerId?: string;
  labelerExternalId?: string;
}

/** The fields that every judgement may have. */
export interface GivenDetails {
  timeSpentMs?: number;
  rationale?: string;
  flags?: string[];
  externalId?: string;
}

export function noNames(): Names {
  return { completions: new Set(), completionsByExternalId: new Set(), labelers: new Set(), labelersByExternalId: new Set(), versions: new Set() };
}

export function addLabelerAndVersion(names: Names, given: NamedJudgement): void {
  if (present(given.labelerId)) names.labelers.add(given.labelerId);
  else names.labelersByExternalId.add(given.labelerExternalId!);
  names.versions.add(given.criterionVersionId);
}

export function detailsOf({ timeSpentMs, rationale, flags, externalId }: GivenDetails): { timeSpentMs: number | null; rationale: string | null; flags: string[]; externalId: string | null } {
  return { timeSpentMs: timeSpentMs ?? null, rationale: rationale ?? null, flags: flags ?? [], externalId: externalId ?? null };
}

/** What no rule of a single field can tell: of two ways to name a thing, exactly one is used. */
export function namedTwice<T extends object>(given: T, id: keyof T & string, externalId: keyof T & string): ProblemDetail[] {
  if (present(given[id]) !== present(given[externalId])) return [];
  return [{ pointer: `/${id}`, rule: 'oneOf', message: `give ${id} or ${externalId}, exactly one of them` }];
}

/** A field given as null counts as left out. */
export function present<T>(value: T): value is NonNullable<T> {
  return value !== null && value !== undefined;
}

export function publishedVersion(id: string, { versions }: Pick<References, 'versions'>): Read<CriterionVersion> {
  const version = versions.get(id);
  if (!version) return { refusal: absent('criterion_version_not_found', '/criterionVersionId', id) };
  if (version.state === 'published') return { value: version };
  const message = `criterion version ${id} is a draft: publish it first`;
  return { refusal: { code: 'criterion_version_not_published', detail: { pointer: '/criterionVersionId', rule: 'published', message, value: id } } };
}

export function labelerOf(given: NamedJudgement, references: References): Read<string> {
  const id = present(given.labelerId) ? references.labelers.get(given.labelerId) : references.labelersByExternalId.get(given.labelerExternalId!);
  return id === undefined ? { refusal: absentLabeler(given) } : { value: id };
}

export function absentLabeler({ labelerId, labelerExternalId }: NamedJudgement): Refusal {
  return present(labelerId) ? absent('labeler_not_found', '/labelerId', labelerId) : absent('labeler_not_found', '/labelerExternalId', labelerExternalId!);
}

export function absent(code: Absent, pointer: string, value: string): Refusal {
  const what = code.replace('_not_found', '').replaceAll('_', ' ');
  return { code, detail: { pointer, rule: 'exists', message: `no such ${what}`, value: shorten(value) } };
}

/** A draft is a conflict with the state of things; the rest is a body that cannot be carried out. */
export function refusalProblem({ code, detail }: Refusal, what: 'rating' | 'ranking'): ProblemException {
  if (code === 'criterion_version_not_published') return conflict(code, detail.message, [detail]);
  return new ProblemException({
    status: 422,
    code,
    title: `The ${what} cannot be taken`,
    detail: detail.value === undefined ? detail.message : `${detail.message}; got '${detail.value}'`,
    errors: [detail],
  });
}
