import type { BulkPath, Plumbline, Schemas } from '#sdk/client.js';

export interface BulkTotals {
  created: number;
  duplicates: number;
  failed: number;
  /** The first failures, `line` counted over all chunks. */
  failures: Schemas['BulkItemResult'][];
}

const keptFailures = 20;

/** Posts any number of lines, some thousand at a time. */
export async function postInChunks(
  client: Plumbline,
  path: BulkPath,
  lines: readonly object[],
  onProgress: (done: number) => void = () => undefined,
  chunkSize = 1000,
): Promise<BulkTotals> {
  const totals: BulkTotals = { created: 0, duplicates: 0, failed: 0, failures: [] };
  for (let at = 0; at < lines.length; at += chunkSize) {
    const result = await client.bulk(path, lines.slice(at, at + chunkSize));
    totals.created += result.created;
    totals.duplicates += result.duplicates;
    totals.failed += result.failed;
    const failures = result.items.filter((item) => item.status === 'failed');
    totals.failures.push(...failures.slice(0, keptFailures - totals.failures.length).map((item) => ({ ...item, line: item.line + at })));
    onProgress(Math.min(at + chunkSize, lines.length));
  }
  return totals;
}
