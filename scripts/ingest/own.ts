// Plumbline's own form: a folder of prompts.jsonl, completions.jsonl and ratings.jsonl, whose rows have external ids of their own.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CriterionSpec } from '../client/ensure.js';
import { fromScores } from './criterion.js';
import { decode, IngestError, parseRow, readRows, withoutMark } from './rows.js';
import { RowError, type Row } from './sample.js';
import { Survey } from './survey.js';

type Check = [test: (value: unknown) => boolean, rule: string];
const text: Check = [(value) => typeof value === 'string', 'string'];

const files = {
  prompts: { externalId: text },
  completions: { externalId: text, promptExternalId: text, source: text, text },
  ratings: { completionExternalId: text, labeler: text },
} as const satisfies Record<string, Record<string, Check>>;
type OwnKind = keyof typeof files;
export const ownKinds = Object.keys(files) as OwnKind[];

/** One of these is content, in each file that has a choice. */
const content: Partial<Record<OwnKind, [usual: string, expected: string, others: string[]]>> = {
  prompts: ['text', 'string', ['messages']],
  ratings: ['score', 'number', ['dimensionScores']],
};

/** Of a rating's line, what is passed on as it is. */
const ratingFields = ['score', 'dimensionScores', 'rationale', 'flags', 'position', 'timeSpentMs'];

export const isOwnFolder = (dir: string): boolean => existsSync(join(dir, 'prompts.jsonl'));

/** Rows that are what they must be, each with its place; the others go to `refuse`. */
export async function* ownRows(dir: string, kind: OwnKind, refuse: (at: string, error: unknown) => void = () => undefined): AsyncGenerator<{ at: string; row: Row }> {
  const name = `${kind}.jsonl`;
  const path = join(dir, name);
  if (!existsSync(path)) throw new IngestError(`${name}: must be in the folder '${dir}', and is not`);
  for await (const { at, row, error } of readRows(path)) {
    const mistake = error ?? firstMistake(kind, row!);
    if (mistake) refuse(at, mistake);
    else yield { at, row: row! };
  }
}

function firstMistake(kind: OwnKind, row: Row): RowError | undefined {
  for (const [field, [test, rule]] of Object.entries<Check>(files[kind])) {
    if (!test(row[field])) return new RowError(field, rule, `must be a ${rule}`, row[field]);
  }
  const [usual, expected, others] = content[kind] ?? [];
  if (usual === undefined || others!.some((name) => row[name] !== undefined) || typeof row[usual] === expected) return undefined;
  return new RowError(usual, expected!, `must be a ${expected}`, row[usual]);
}

export async function surveyOwn(dir: string): Promise<Survey> {
  const found = new Survey();
  const refuse = (at: string, error: unknown) => {
    found.rows++;
    found.refuse(at, error);
  };
  for (const kind of ownKinds) {
    for await (const { row } of ownRows(dir, kind, refuse)) {
      found.rows++;
      const id = kind === 'ratings' ? `${String(row.completionExternalId)}/${String(row.labeler)}` : String(row.externalId);
      found.distinct[kind].add(createHash('sha256').update(id).digest('hex'));
      if (kind !== 'ratings') continue;
      found.labelers.add(row.labeler as string);
      if (typeof row.score === 'number' && found.scores.size < 1000) found.scores.add(row.score);
    }
  }
  return found;
}

/** Of criterion.json; without it, one level for each integer from the lowest to the highest score. */
export function ownCriterion(dir: string, found: Survey, name: string): CriterionSpec | undefined {
  const path = join(dir, 'criterion.json');
  if (existsSync(path)) {
    const written = decode(withoutMark(readFileSync(path)));
    const read = typeof written === 'string' ? parseRow(written) : { error: written };
    if ('error' in read) throw new IngestError(`criterion.json: ${read.error.message}`);
    return read.row as unknown as CriterionSpec;
  }
  if (found.labelers.size === 0) return undefined;
  if (found.scores.size === 0) throw new IngestError('ratings.jsonl: ratings by dimensions need a criterion.json beside them');
  return fromScores(name, found.scores);
}

/** A row as a line of its bulk route. */
export function ownLine(kind: OwnKind, row: Row, name: string, criterionVersionId: string | undefined): object {
  if (kind !== 'ratings') return row;
  const { completionExternalId, labeler } = row as { completionExternalId: string; labeler: string };
  const kept = Object.fromEntries(ratingFields.filter((field) => row[field] !== undefined).map((field) => [field, row[field]]));
  return { completionExternalId, labelerExternalId: labeler, criterionVersionId, externalId: `${name}/${completionExternalId}/${labeler}`, ...kept };
}
