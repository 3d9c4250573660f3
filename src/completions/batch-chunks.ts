/**
 * Cuts a batch into chunks that are generated and committed together. Cuts depend on the batch alone and
 * never on the progress of an earlier attempt, so that a new attempt computes the same chunks.
 *
 * @param n completions per prompt
 * @param rows completions per chunk, at least; a prompt is never cut
 */
export function batchChunks<T>(prompts: readonly T[], n: number, rows = 256): T[][] {
  const size = Math.ceil(rows / n);
  return Array.from({ length: Math.ceil(prompts.length / size) }, (_, i) => prompts.slice(i * size, (i + 1) * size));
}
