// From what a caller says about completions of one prompt to the rows that are kept, or why it cannot be taken. No database here:
// what is named was looked up before.
import { canonicalJson } from '#src/common/hash.js';
import { shorten, type ProblemDetail } from '#src/common/problem.js';
import type { PreferenceRank } from './preference-rank.entity.js';
import type { Preference } from './preference.entity.js';
import { rankingMistake, ranksOf } from './ranking-rules.js';
import { absent, addLabelerAndVersion, detailsOf, labelerOf, namedTwice, noNames, present, publishedVersion } from './references.js';
import type { GivenDetails, NamedJudgement, Names, Read, References, Refusal } from './references.js';

export type Rank = Omit<PreferenceRank, 'preferenceId'>;

export interface NewPreference extends Omit<Preference, 'createdAt'> {
  ranks: Rank[];
}

/** An order of completions, best first; those in one group are tied. */
export interface GivenRanking extends NamedJudgement, GivenDetails {
  ranking?: string[][];
  rankingExternalIds?: string[][];
  shownOrder?: string[];
  shownOrderExternalIds?: string[];
}

/** Which of two completions is better. */
export interface GivenComparison extends NamedJudgement, GivenDetails {
  /** In the order shown. */
  completionIds?: string[];
  completionExternalIds?: string[];
  /** Null, by either name, is a tie. */
  preferredCompletionId?: string | null;
  preferredCompletionExternalId?: string | null;
}

export function rankingMistakes(given: GivenRanking): ProblemDetail[] {
  const mistakes = [...namedTwice(given, 'ranking', 'rankingExternalIds'), ...namedTwice(given, 'labelerId', 'labelerExternalId')];
  if (present(given.shownOrder) && present(given.shownOrderExternalIds)) mistakes.push(atMostOne('shownOrder', 'shownOrderExternalIds'));
  return mistakes;
}

export function comparisonMistakes(given: GivenComparison): ProblemDetail[] {
  const mistakes = [...namedTwice(given, 'completionIds', 'completionExternalIds'), ...namedTwice(given, 'labelerId', 'labelerExternalId')];
  const { preferredCompletionId: byId, preferredCompletionExternalId: byExternalId } = given;
  if (present(byId) && present(byExternalId)) mistakes.push(atMostOne('preferredCompletionId', 'preferredCompletionExternalId'));
  if (byId === undefined && byExternalId === undefined) {
    const message = 'give preferredCompletionId or preferredCompletionExternalId; null where neither is better';
    mistakes.push({ pointer: '/preferredCompletionId', rule: 'oneOf', message });
  }
  return mistakes;
}

function atMostOne(id: string, externalId: string): ProblemDetail {
  return { pointer: `/${id}`, rule: 'oneOf', message: `give ${id} or ${externalId}, not both` };
}

/** Ids are compared as Postgres writes them, in lower case. */
export function namesOfRankings(rankings: readonly GivenRanking[]): Names {
  const names = noNames();
  for (const given of rankings) {
    add(names.completions, given.ranking?.flat(), given.shownOrder);
    add(names.completionsByExternalId, given.rankingExternalIds?.flat(), given.shownOrderExternalIds);
    addLabelerAndVersion(names, given);
  }
  return names;
}

export function namesOfComparisons(comparisons: readonly GivenComparison[]): Names {
  const names = noNames();
  for (const given of comparisons) {
    const [byId, byExternalId] = [given.preferredCompletionId, given.preferredCompletionExternalId];
    add(names.completions, given.completionIds, present(byId) ? [byId] : undefined);
    add(names.completionsByExternalId, given.completionExternalIds, present(byExternalId) ? [byExternalId] : undefined);
    addLabelerAndVersion(names, given);
  }
  return names;
}

function add(set: Set<string>, ...lists: (readonly string[] | null | undefined)[]): void {
  for (const list of lists) for (const name of list ?? []) set.add(name);
}

export function readRanking(id: string, given: GivenRanking, vendorId: string | null, references: References): Read<NewPreference> {
  const named = new NamedCompletions(references);
  const field = present(given.ranking) ? 'ranking' : 'rankingExternalIds';
  const groups = given[field]!.map((group) => named.ids(group, field === 'ranking'));
  const shownField = present(given.shownOrder) ? 'shownOrder' : present(given.shownOrderExternalIds) ? 'shownOrderExternalIds' : undefined;
  const shown = shownField ? named.ids(given[shownField]!, shownField === 'shownOrder') : null;
  const mistake = rankingMistake(groups, null, `/${field}`) ?? (shown && rankingMistake(shown.map((one) => [one]), groups.flat(), `/${shownField}`));
  if (mistake) return { refusal: named.asGiven(mistake) };
  return readOrder(id, given, 'ranking', vendorId, references, named, { field, groups, shown });
}

export function readComparison(id: string, given: GivenComparison, vendorId: string | null, references: References): Read<NewPreference> {
  const named = new NamedCompletions(references);
  const field = present(given.completionIds) ? 'completionIds' : 'completionExternalIds';
  const shown = named.ids(given[field]!, field === 'completionIds');
  const byId = present(given.preferredCompletionId);
  const name = given.preferredCompletionId ?? given.preferredCompletionExternalId ?? null;
  const [preferred] = name === null ? [null] : named.ids([name], byId);
  if (preferred !== null && !shown.includes(preferred)) {
    const pointer = `/${byId ? 'preferredCompletionId' : 'preferredCompletionExternalId'}`;
    const message = 'the preferred completion must be one of the two';
    return { refusal: { code: 'ranking_inconsistent', detail: { pointer, rule: 'compared', message, value: shorten(name) } } };
  }
  const groups = preferred === null ? [shown] : [[preferred], shown.filter((one) => one !== preferred)];
  return readOrder(id, given, 'comparison', vendorId, references, named, { field, groups, shown });
}

interface Order {
  /** That names the completions. */
  field: string;
  /** Ids, as `NamedCompletions` gives them. */
  groups: string[][];
  shown: string[] | null;
}

function readOrder(
  id: string,
  given: NamedJudgement & GivenDetails,
  kind: Preference['kind'],
  vendorId: string | null,
  references: References,
  named: NamedCompletions,
  { field, groups, shown }: Order,
): Read<NewPreference> {
  const version = publishedVersion(given.criterionVersionId, references);
  if (version.refusal) return version;
  const labeler = labelerOf(given, references);
  if (labeler.refusal) return labeler;
  const prompt = named.prompt(groups.flat(), `/${field}`);
  if (prompt.refusal) return prompt;
  return {
    value: {
      id,
      kind,
      promptId: prompt.value,
      criterionVersionId: given.criterionVersionId,
      labelerId: labeler.value,
      ...detailsOf(given),
      vendorId,
      labelingTaskId: null,
      supersedesId: null,
      ranks: rankRows(groups, shown),
    },
  };
}

/** The completions of one judgement: ids to work with, and what the caller called them. */
class NamedCompletions {
  private readonly found = new Map<string, { name: string; promptId: string | undefined }>();

  constructor(private readonly references: References) {}

  /** Of what is not there, a word that is no id. */
  ids(names: readonly string[], byId: boolean): string[] {
    const known = byId ? this.references.completions : this.references.completionsByExternalId;
    return names.map((name) => {
      const completion = known.get(name);
      const id = completion?.id ?? `absent ${name}`;
      this.found.set(id, { name, promptId: completion?.promptId });
      return id;
    });
  }

  /** The one that all of them belong to. */
  prompt(ids: readonly string[], pointer: string): Read<string> {
    const prompts = ids.map((id) => this.found.get(id)!.promptId);
    const missing = prompts.indexOf(undefined);
    if (missing >= 0) return { refusal: absent('completion_not_found', pointer, this.found.get(ids[missing])!.name) };
    const stranger = prompts.findIndex((promptId) => promptId !== prompts[0]);
    if (stranger < 0) return { value: prompts[0]! };
    const value = shorten(this.found.get(ids[stranger])!.name);
    return { refusal: { code: 'ranking_inconsistent', detail: { pointer, rule: 'samePrompt', message: 'the completions must be of one prompt', value } } };
  }

  /** A refusal with the caller's name in place of the id. */
  asGiven<R extends Refusal>({ code, detail }: R): { code: R['code']; detail: ProblemDetail } {
    const name = this.found.get(String(detail.value))?.name;
    return { code, detail: name === undefined ? detail : { ...detail, value: shorten(name) } };
  }
}

export function rankRows(groups: readonly (readonly string[])[], shown: readonly string[] | null): Rank[] {
  return [...ranksOf(groups)].map(([completionId, rank]) => ({ completionId, rank, position: shown && shown.indexOf(completionId) }));
}

/** Whether a preference posted again says the same. Groups are sets: within one, the order means nothing. */
export function samePreference(stored: NewPreference, row: NewPreference): boolean {
  return contentOf(stored) === contentOf(row);
}

function contentOf({ id: _, ranks, ...content }: NewPreference): string {
  const order = ranks.map(({ completionId, rank, position }) => [completionId, rank, position] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  return canonicalJson({ ...content, createdAt: undefined, order });
}
