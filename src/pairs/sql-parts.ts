// What the statements about ratings and about preferences have in common.
import type { PairSetConfig } from './pair-set-config.js';

/** Collects values and gives their places, so that parts of a statement can be put together. */
export class Parameters {
  readonly values: unknown[] = [];

  add(value: unknown, type: string): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }
}

/**
 * SQL: `eval` or `train` for the prompt `table`. The split goes by what prompts are compared by (text-key.ts): posted twice under two
 * ids it is still one prompt, and the same data falls into the same split wherever it is loaded.
 */
export function split(table: string, { seed, evalFraction }: Pick<PairSetConfig, 'seed' | 'evalFraction'>, p: Parameters): string {
  const hash = `left(md5('split:' || ${p.add(String(seed), 'text')} || ':' || ${table}.text_key), 8)`;
  const share = `('x' || ${hash})::bit(32)::bigint / 4294967296::float8`;
  return `CASE WHEN ${share} < ${p.add(evalFraction, 'float8')} THEN 'eval' ELSE 'train' END`;
}

/** SQL: the order of tied completions. Hashes are compared as uuids, that is, as 16 bytes. */
export function tieKey(completion: string, seed: string): string {
  return `md5('tie:' || ${seed} || ':' || ${completion})::uuid`;
}

/** SQL: the order of pairs in which a sample takes them. */
export function pairKey(lesserId: string, greaterId: string, seed: string): string {
  return `md5('pair:' || ${seed} || ':' || ${lesserId} || ':' || ${greaterId})::uuid`;
}

/** The tasks of pilots are few, whatever the judgements: they are looked up once. */
export function notOfPilots(table: string): string {
  return `(${table}.labeling_task_id IS NULL OR ${table}.labeling_task_id NOT IN (
    SELECT t.id FROM labeling_tasks t JOIN labeling_batches b ON b.id = t.batch_id WHERE b.purpose = 'pilot'))`;
}
